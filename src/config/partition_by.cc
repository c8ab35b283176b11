#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "config/dataset_reader.h"
#include "config/structure.h"

namespace lakegate {
namespace {

using From = PartitionLevel::From;
using TypeKind = LogicalType::Kind;

class LevelReader {
 public:
  LevelReader(const DatasetConfig& dataset, YamlDocument& document)
      : dataset_(dataset), document_(document) {}

  // Nothing where a problem was found.
  std::optional<PartitionLevel> read(const YAML::Node& node) {
    if (node.IsScalar()) return read_name(node);
    PartitionLevel level;
    const auto as = find_entry(node, "as");
    const auto by = find_entry(node, "by");
    if (const auto arrival = find_entry(node, "arrival")) {
      level.unit = *time_unit_from(arrival->value.Scalar());
    } else if (const auto capture = find_entry(node, "capture")) {
      const Word name = word(capture->value);
      if (!check_capture(name)) return std::nullopt;
      level = {.from = From::kCapture, .source = name.text, .name = name.text};
    } else {
      const Word name = word(find_entry(node, "column")->value);
      level = {.from = by ? From::kColumnTime : From::kColumn, .source = name.text};
      if (by) level.unit = *time_unit_from(by->value.Scalar());
      if (!by) level.name = name.text;
      if (!check_source(name, level)) return std::nullopt;
    }
    if (!as) return level;
    if (level.from == From::kColumn)
      return refuse(as->mark, fmt::format("a column that is a partition keeps its name; remove "
                                          "\"as\", the folders are {}=…",
                                          level.source));
    level.name = word(as->value).text;
    return level;
  }

 private:
  std::nullopt_t refuse(const YAML::Mark& mark, std::string message) {
    document_.problem(mark, std::move(message));
    return std::nullopt;
  }

  Word word(const YAML::Node& node) {
    return {document_.text(node, node.Mark()).value_or(""), node.Mark()};
  }

  // "country": a column, or a capture of the landing pattern.
  std::optional<PartitionLevel> read_name(const YAML::Node& node) {
    const Word name = word(node);
    const bool capture = dataset_.landing.capture_kind(name.text).has_value();
    const bool column = dataset_.schema && dataset_.schema->find(name.text) != nullptr;
    if (capture && column)
      return refuse(name.mark,
                    fmt::format("{0} is a column and a capture; say which: {{column: {0}}} or "
                                "{{capture: {0}, as: NAME}}",
                                name.text));
    PartitionLevel level{
        .from = capture ? From::kCapture : From::kColumn, .source = name.text, .name = name.text};
    if (!capture && !check_source(name, level)) return std::nullopt;
    return level;
  }

  bool check_capture(const Word& name) {
    const auto& captures = dataset_.landing.capture_names();
    if (std::find(captures.begin(), captures.end(), name.text) != captures.end()) return true;
    document_.problem(
        name.mark, fmt::format("the landing pattern \"{}\" has no capture {}{}; write {{{}}} in it",
                               dataset_.landing.text(), name.text,
                               did_you_mean(name.text, captures), name.text));
    return false;
  }

  bool check_source(const Word& name, const PartitionLevel& level) {
    const KnownColumn column = check_column(name, "partition_by", dataset_, document_);
    if (!column.fine) return false;
    if (!column.type) return true;
    const LogicalType& type = *column.type;
    if (level.from == From::kColumn) {
      if (!type.is(TypeKind::kList) && !type.is(TypeKind::kStruct) && !type.is(TypeKind::kBinary))
        return true;
      document_.problem(name.mark, fmt::format("{} is {}, which cannot be a folder's name",
                                               name.text, to_string(type)));
      return false;
    }
    const bool timestamp = type.is(TypeKind::kTimestamp) || type.is(TypeKind::kTimestampTz);
    if (timestamp || (type.is(TypeKind::kDate) && level.unit != TimeUnit::kHour)) return true;
    document_.problem(
        name.mark,
        type.is(TypeKind::kDate)
            ? fmt::format("{} is a date and has no hours; write by: day", name.text)
            : fmt::format("{} is {}, and only a date or a timestamp can be cut to a {}; write "
                          "{{column: {}}} for its value",
                          name.text, to_string(type), to_string(level.unit), name.text));
    return false;
  }

  const DatasetConfig& dataset_;
  YamlDocument& document_;
};

// A folder is a column to whoever reads the lake: it must not have the name of another one.
void check_clash(const PartitionLevel& level, const YAML::Mark& mark, const DatasetConfig& dataset,
                 YamlDocument& document) {
  const std::string cure = level.from == From::kCapture
                               ? fmt::format("{{capture: {}, as: NAME}}", level.source)
                               : "as: NAME beside it";
  const auto& captured = dataset.capture_columns;
  if (level.from != From::kColumn && dataset.schema && dataset.schema->find(level.name) != nullptr)
    document.problem(mark, fmt::format("the partition {0} clashes with the column {0}; name the "
                                       "partition's folders with {1}",
                                       level.name, cure));
  else if (std::find(captured.begin(), captured.end(), level.name) != captured.end())
    document.problem(mark, fmt::format("the partition {0} clashes with {0} in capture_columns; "
                                       "remove it there, readers see the partition as a column",
                                       level.name));
}

}  // namespace

PartitionSpec read_partition_by(const YAML::Node& node, const DatasetConfig& dataset,
                                YamlDocument& document) {
  std::vector<YAML::Node> nodes;
  if (node.IsSequence())
    for (const auto& entry : node) nodes.push_back(entry);
  else
    nodes.push_back(node);
  PartitionSpec spec;
  std::set<std::string> names;
  for (const YAML::Node& entry : nodes) {
    const auto level = LevelReader(dataset, document).read(entry);
    if (!level) continue;
    check_clash(*level, entry.Mark(), dataset, document);
    if (!names.insert(level->name).second)
      document.problem(entry.Mark(), fmt::format("two partitions are called {}; give one of them "
                                                 "another name with as: NAME",
                                                 level->name));
    spec.push_back(*level);
  }
  return spec;
}

}  // namespace lakegate
