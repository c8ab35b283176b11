#include "catalog/dataset_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "lake/ascii.h"
#include "lake/layout.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

// How `lakegate` writes a value into a folder's name is how these types are read from there.
LogicalType folder_type(const LogicalType& column) {
  switch (column.kind) {
    case Kind::kInt32:
    case Kind::kInt64:
    case Kind::kDate:
    case Kind::kBool:
      return column;
    default:
      return {Kind::kText};
  }
}

std::string with_slash(std::string_view path) {
  return std::string(path) + (path.ends_with('/') ? "" : "/");
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string decoded(std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const int high = value[i] == '%' && i + 2 < value.size() ? hex_digit(value[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(value[i + 2]) : -1;
    if (low < 0) {
      text += value[i];
    } else {
      text += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return text;
}

}  // namespace

DatasetTable dataset_table(const DatasetConfig& dataset, const RememberedSchema::Version& version,
                           std::string_view lake) {
  DatasetTable table;
  table.name = dataset.name.str();
  table.location = fmt::format("{}{}{}/", with_slash(lake), layout::kCurated, dataset.name.str());
  table.schema_version = version.version;
  table.mode = dataset.mode;
  table.lineage = dataset.lineage;
  for (const PartitionLevel& level : dataset.partition_by) {
    const Field* column =
        level.from == PartitionLevel::From::kColumn ? version.schema.find(level.source) : nullptr;
    table.partitions.push_back(
        {.name = level.name,
         .type = column != nullptr ? folder_type(column->type) : LogicalType{Kind::kText}});
  }
  const auto level_of = [&](const std::string& column) {
    return std::find_if(
        dataset.partition_by.begin(), dataset.partition_by.end(), [&](const PartitionLevel& level) {
          return level.from == PartitionLevel::From::kColumn && level.source == column;
        });
  };
  const auto show = [&](const std::string& column) {
    const auto level = level_of(column);
    const bool is_folder = level != dataset.partition_by.end();
    table.shown.push_back({.name = column, .from = is_folder ? level->name : column});
  };
  for (const Field& field : version.schema.fields) {
    if (field.type.is(Kind::kUnknown)) continue;
    show(field.name);
    if (level_of(field.name) == dataset.partition_by.end()) table.columns.push_back(field);
  }
  for (const PartitionLevel& level : dataset.partition_by)
    if (level.from == PartitionLevel::From::kCapture && version.schema.find(level.name) == nullptr)
      show(level.name);
  if (dataset.lineage)
    table.columns.insert(table.columns.end(), kLineageFields.begin(), kLineageFields.end());
  for (const std::string& column : dataset.key) {
    const auto level = level_of(column);
    table.key.push_back(level == dataset.partition_by.end() ? column : level->name);
  }
  return table;
}

Result<std::vector<std::string>> partition_folder_values(const DatasetTable& table,
                                                         std::string_view partition) {
  const auto refused = [&] {
    return invalid_input(
        fmt::format("the partition \"{}\" of dataset {} was written under another partition_by; "
                    "`lakegate replay` writes its files again",
                    partition, table.name));
  };
  std::vector<std::string> values;
  std::string_view rest = partition;
  for (const Field& level : table.partitions) {
    const std::string_view folder = rest.substr(0, rest.find('/'));
    if (!folder.starts_with(level.name + "=")) return refused();
    values.push_back(decoded(folder.substr(level.name.size() + 1)));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
  }
  if (!rest.empty()) return refused();
  return values;
}

}  // namespace lakegate
