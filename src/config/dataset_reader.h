// From checked YAML to a DatasetConfig, and what no single key can tell: combinations that are
// impossible.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/yaml_document.h"

namespace lakegate {

// A text with its place.
struct Word {
  std::string text;
  YAML::Mark mark;
};
// One scalar, or a list of them; variables expanded.
std::vector<Word> read_words(const YAML::Node& node, YamlDocument& document);

// Fields that have the field list's shape. Names that occur twice, unknown types, impossible
// formats are problems. Where `clean_names`, a name must be clean.
Schema read_fields(const YAML::Node& list, bool clean_names, YamlDocument& document);

// The rest of the dataset is read already: `dataset` knows its columns and captures.
PartitionSpec read_partition_by(const YAML::Node& node, const DatasetConfig& dataset,
                                YamlDocument& document);

// `entry` has the dataset's shape. Problems go to the document.
DatasetConfig read_dataset(const YamlEntry& entry, const std::string& table_prefix,
                           YamlDocument& document);

// The name of what a fetch of the dataset may land, below landing/.
std::string example_of_fetched(const DatasetName& dataset);

// Whether `name` is, or may turn out to be, a column of the dataset; `role` is the key that names
// it. Its type is given where it is declared.
struct KnownColumn {
  bool fine = false;
  std::optional<LogicalType> type;
};
KnownColumn check_column(const Word& name, const std::string& role, const DatasetConfig& dataset,
                         YamlDocument& document);

}  // namespace lakegate
