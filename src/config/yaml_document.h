// A YAML file as read, with everything found wrong in it: errors are collected, not thrown, so that
// a person sees all of them at once.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "lake/error.h"

namespace lakegate {

// What a plain scalar stands for in YAML 1.2; quoted ones are text.
enum class ScalarType { kText, kNull, kFlag, kInteger, kNumber };
ScalarType scalar_type(const YAML::Node& node);
bool is_quoted(const YAML::Node& node);

// "a list", "a text" …, for messages.
std::string_view describe(const YAML::Node& node);

// A key and its value in a mapping.
struct YamlEntry {
  std::string name;
  YAML::Mark mark;  // of the key
  YAML::Node value;
};
// Scalar keys only, in the order of the file.
std::vector<YamlEntry> entries(const YAML::Node& map);
std::optional<YamlEntry> find_entry(const YAML::Node& map, std::string_view name);

class YamlDocument {
 public:
  YamlDocument(std::string file, const Environment& variables)
      : file_(std::move(file)), variables_(&variables) {}

  // The file's one document; an empty one is null. Fails at once where it is not YAML.
  Result<YAML::Node> load(std::string_view text) const;

  void problem(const YAML::Mark& mark, std::string message);
  bool sound() const { return problems_.empty(); }
  // All problems in the order of the file: the first one's place, a line each.
  Error error() const;
  // The same document without problems, to find out whether a part of it has any.
  YamlDocument fresh() const;
  void take_problems(const YamlDocument& other);

  // A scalar as text, with ${VAR} expanded unless that is switched off. Where a variable is not
  // set, that is a problem and the result is empty.
  std::optional<std::string> text(const YAML::Node& node, const YAML::Mark& mark);

  bool expands() const { return expands_; }
  void set_expands(bool expands) { expands_ = expands; }

 private:
  struct Problem {
    Where where;
    std::string message;
    bool operator==(const Problem& other) const {
      return where.line == other.where.line && where.column == other.where.column &&
             message == other.message;
    }
  };
  void add(Problem problem);

  std::string file_;
  const Environment* variables_;
  bool expands_ = true;
  std::vector<Problem> problems_;  // in the order of the file
};

Where where_of(const std::string& file, const YAML::Mark& mark);

}  // namespace lakegate
