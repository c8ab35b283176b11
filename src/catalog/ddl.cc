#include "catalog/ddl.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/queries.h"
#include "catalog/record_tables.h"
#include "lake/layout.h"

namespace lakegate {
namespace {

std::string zone(std::string_view lake, std::string_view path) {
  return fmt::format("{}{}{}", lake, lake.ends_with('/') ? "" : "/", path);
}

std::string lines_of(const std::vector<Field>& fields, Engine engine) {
  std::string text;
  for (const Field& field : fields)
    text += fmt::format("{}  {} {}", text.empty() ? "" : ",\n", quoted_in_table(engine, field.name),
                        table_type(engine, field.type));
  return text;
}

std::string lines_of(const std::vector<RecordColumn>& columns, Engine engine) {
  std::string text;
  for (const RecordColumn& column : columns)
    text += fmt::format("{}  {} {}", text.empty() ? "" : ",\n",
                        quoted_in_table(engine, column.name), column.hive);
  return text;
}

std::string view(const std::string& name, const std::string& query, Engine engine) {
  return fmt::format("CREATE OR REPLACE VIEW {} AS\n{};\n", quoted_in_query(engine, name), query);
}

std::string athena_table(const DatasetTable& table) {
  std::string text = fmt::format("CREATE EXTERNAL TABLE IF NOT EXISTS {} (\n{})\n",
                                 quoted_in_table(Engine::kAthena, table.name),
                                 lines_of(table.columns, Engine::kAthena));
  if (!table.partitions.empty())
    text += fmt::format("PARTITIONED BY (\n{})\n", lines_of(table.partitions, Engine::kAthena));
  text += fmt::format("STORED AS PARQUET\nLOCATION {};\n",
                      text_literal(Engine::kAthena, table.location));
  if (!table.partitions.empty())
    text += fmt::format("\n-- again whenever partitions were added\nMSCK REPAIR TABLE {};\n",
                        quoted_in_table(Engine::kAthena, table.name));
  return text;
}

std::string spark_table(const DatasetTable& table) {
  std::vector<Field> columns = table.columns;
  columns.insert(columns.end(), table.partitions.begin(), table.partitions.end());
  std::string text =
      fmt::format("CREATE TABLE IF NOT EXISTS {} (\n{})\nUSING PARQUET\n",
                  quoted_in_table(Engine::kSpark, table.name), lines_of(columns, Engine::kSpark));
  std::string levels;
  for (const Field& level : table.partitions)
    levels += (levels.empty() ? "" : ", ") + quoted_in_table(Engine::kSpark, level.name);
  if (!levels.empty()) text += fmt::format("PARTITIONED BY ({})\n", levels);
  text += fmt::format("LOCATION {};\n", text_literal(Engine::kSpark, table.location));
  if (!levels.empty())
    text += fmt::format("\n-- again whenever partitions were added\nMSCK REPAIR TABLE {};\n",
                        quoted_in_table(Engine::kSpark, table.name));
  return text;
}

// The files as they are when a query begins; columns that older files lack are null.
std::string duckdb_table(const DatasetTable& table) {
  std::string columns, levels;
  for (const Field& field : table.columns)
    columns += (columns.empty() ? "" : ", ") + quoted_in_query(Engine::kDuckDb, field.name);
  for (const Field& level : table.partitions) {
    const std::string name = quoted_in_query(Engine::kDuckDb, level.name);
    columns += (columns.empty() ? "" : ", ") + name;
    levels += fmt::format("{}{}: {}", levels.empty() ? "" : ", ", name, duckdb_type(level.type));
  }
  const std::string partitioning =
      levels.empty() ? "hive_partitioning = false"
                     : fmt::format("hive_partitioning = true, hive_types = {{{}}}", levels);
  return fmt::format(
      "CREATE OR REPLACE VIEW {} AS\nSELECT {}\nFROM read_parquet({}, union_by_name = true, {});\n",
      quoted_in_query(Engine::kDuckDb, table.name), columns,
      text_literal(Engine::kDuckDb, table.location + "**/*.parquet"), partitioning);
}

std::string duckdb_columns(const std::vector<RecordColumn>& columns) {
  std::string text;
  for (const RecordColumn& column : columns)
    text += fmt::format("{}    {}: {}", text.empty() ? "" : ",\n",
                        quoted_in_query(Engine::kDuckDb, column.name),
                        text_literal(Engine::kDuckDb, column.duckdb));
  return text;
}

std::string json_table(const std::string& name, const std::vector<RecordColumn>& columns,
                       const std::string& location, std::string_view properties) {
  return fmt::format(
      "CREATE EXTERNAL TABLE IF NOT EXISTS {} (\n{})\n"
      "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\n{}LOCATION {};\n",
      quoted_in_table(Engine::kAthena, name), lines_of(columns, Engine::kAthena), properties,
      text_literal(Engine::kAthena, location));
}

}  // namespace

Result<std::string> dataset_ddl(const DatasetTable& table, Engine engine) {
  if (engine != Engine::kDuckDb)
    for (const Field& column : table.columns) LAKEGATE_CHECK(check_hive_names(column));
  std::string text = fmt::format("-- {}: every row that the dataset ever had\n", table.name);
  switch (engine) {
    case Engine::kAthena:
      text += athena_table(table);
      break;
    case Engine::kSpark:
      text += spark_table(table);
      break;
    case Engine::kDuckDb:
      text += duckdb_table(table);
      break;
  }
  text += "\n" + view(table.history_view(), history_query(table, engine), engine);
  if (table.has_latest()) {
    text += "\n";
    if (table.mode == Mode::kSnapshot) text += fmt::format("-- needs {}\n", kRunsTable);
    text += view(table.latest_view(), latest_query(table, engine), engine);
  } else {
    text += fmt::format(
        "\n-- no {}: without lineage (lineage: false) rows do not tell which are the newest\n",
        table.latest_view());
  }
  return text;
}

std::string runs_ddl(std::string_view lake, Engine engine) {
  const std::string location = zone(lake, "_lake/runs/");
  std::string text = fmt::format("-- {}: every run of the lake\n", kRunsTable);
  switch (engine) {
    case Engine::kAthena:
      return text + json_table(kRunsTable, run_columns(), location, "");
    case Engine::kSpark:
      return text + fmt::format(
                        "CREATE TABLE IF NOT EXISTS {} (\n{})\nUSING JSON\n"
                        "OPTIONS (path {}, recursiveFileLookup 'true', multiLine "
                        "'true');\n",
                        quoted_in_table(engine, kRunsTable), lines_of(run_columns(), engine),
                        text_literal(engine, location));
    case Engine::kDuckDb:
      break;
  }
  return text + fmt::format(
                    "CREATE OR REPLACE VIEW {} AS\nSELECT *\nFROM read_json({}, format = "
                    "'unstructured', columns = {{\n{}}});\n",
                    quoted_in_query(engine, kRunsTable),
                    text_literal(engine, location + "*/*.json"), duckdb_columns(run_columns()));
}

std::string rejects_ddl(std::string_view lake, Engine engine) {
  const std::string location = zone(lake, layout::kRejected);
  std::string text = fmt::format("-- {}: every reject of the lake\n", kRejectsTable);
  switch (engine) {
    case Engine::kAthena:
      return text +
             json_table(kRejectLinesTable, reject_columns(), location,
                        "WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')\n") +
             "\n" + view(kRejectsTable, rejects_query(engine), engine);
    case Engine::kSpark:
      return text +
             fmt::format(
                 "CREATE TABLE IF NOT EXISTS {} (\n{})\nUSING JSON\nOPTIONS (path {}, "
                 "recursiveFileLookup 'true', pathGlobFilter '*.ndjson');\n\n",
                 quoted_in_table(engine, kRejectLinesTable), lines_of(reject_columns(), engine),
                 text_literal(engine, location)) +
             view(kRejectsTable, rejects_query(engine), engine);
    case Engine::kDuckDb:
      break;
  }
  text += "-- DuckDB reads it only if there is a reject\n";
  const std::string lines = fmt::format(
      "read_json({}, format = 'newline_delimited', ignore_errors = true, filename = true, "
      "columns = {{\n{}}})",
      text_literal(engine, location + "**/*.ndjson"), duckdb_columns(reject_columns()));
  return text +
         fmt::format("CREATE OR REPLACE VIEW {} AS\nSELECT *\nFROM {};\n\n",
                     quoted_in_query(engine, kRejectLinesTable), lines) +
         view(kRejectsTable, rejects_query(engine), engine);
}

}  // namespace lakegate
