// The templates of a source while it is read: each with its place, so that what is wrong with it
// can be told once all variables are known.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/yaml_document.h"
#include "lake/request_template.h"

namespace lakegate {

class Templates {
 public:
  enum class Use { kRequest, kColumn };

  explicit Templates(YamlDocument& document) : document_(document) {}

  // `role` names it in messages: "query.page". An empty template where it is none.
  RequestTemplate read(const YAML::Node& node, const std::string& role, Use use);

  // Of requests; of columns too, where said.
  bool request_uses(std::string_view variable) const;
  bool any_uses(std::string_view variable) const;

  // What variables there are.
  struct Known {
    std::vector<std::string> for_each;
    std::vector<std::string> times;  // since, until
    std::vector<std::string> pages;  // page, offset or cursor: in requests only
  };
  void check_variables(const Known& known);

 private:
  struct Placed {
    RequestTemplate value;
    std::string role;
    Use use = Use::kRequest;
    YAML::Mark mark;
    std::string scalar;  // as it stands in the file
    bool quoted = false;
  };
  // The place of `what`, `at` bytes into the scalar, unless YAML or a variable changed its text.
  static YAML::Mark place_in(const Placed& placed, std::size_t at);

  YamlDocument& document_;
  std::vector<Placed> all_;
};

}  // namespace lakegate
