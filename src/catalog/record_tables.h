// Run records and rejects as tables: their columns (docs/records.md, docs/rejects.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lakegate {

// A column with its type in each family of engines: records have maps, which datasets do not.
struct RecordColumn {
  std::string_view name;
  std::string_view hive;  // Glue, Athena; Spark takes it too
  std::string_view duckdb;
};

const std::vector<RecordColumn>& run_columns();
const std::vector<RecordColumn>& reject_columns();

}  // namespace lakegate
