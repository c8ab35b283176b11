#include "catalog/glue_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "catalog/engine.h"
#include "catalog/queries.h"
#include "catalog/record_tables.h"
#include "lake/base64.h"
#include "lake/layout.h"

namespace lakegate::glue {
namespace {

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

Json column(std::string_view name, std::string_view type) {
  return {{"Name", lower(name)}, {"Type", type}};
}

Json columns_of(const std::vector<Field>& fields) {
  Json columns = Json::array();
  for (const Field& field : fields) columns.push_back(column(field.name, hive_type(field.type)));
  return columns;
}

// Glue's own types have no backquotes.
Json columns_of(const std::vector<RecordColumn>& records) {
  Json columns = Json::array();
  for (const RecordColumn& record : records) {
    std::string type(record.hive);
    std::erase(type, '`');
    columns.push_back(column(record.name, type));
  }
  return columns;
}

Json parquet_storage(const DatasetTable& table, std::string_view location) {
  return {{"Columns", columns_of(table.columns)},
          {"Location", location},
          {"InputFormat", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"},
          {"OutputFormat", "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"},
          {"SerdeInfo",
           {{"SerializationLibrary", "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"},
            {"Parameters", {{"serialization.format", "1"}}}}}};
}

Json json_input(const char* name, const std::vector<RecordColumn>& columns,
                const std::string& location, Json serde_parameters) {
  return {{"Name", name},
          {"StorageDescriptor",
           {{"Columns", columns_of(columns)},
            {"Location", location},
            {"InputFormat", "org.apache.hadoop.mapred.TextInputFormat"},
            {"OutputFormat", "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"},
            {"SerdeInfo",
             {{"SerializationLibrary", "org.openx.data.jsonserde.JsonSerDe"},
              {"Parameters", std::move(serde_parameters)}}}}},
          {"PartitionKeys", Json::array()},
          {"TableType", "EXTERNAL_TABLE"},
          {"Parameters", {{"EXTERNAL", "TRUE"}, {"classification", "json"}}}};
}

std::string zone(std::string_view lake, std::string_view path) {
  return fmt::format("{}{}{}", lake, lake.ends_with('/') ? "" : "/", path);
}

ViewColumn view_column(const std::string& name, const LogicalType& type) {
  return {.name = lower(name), .hive_type = hive_type(type), .trino_type = trino_type(type)};
}

// In the order of the views' queries.
std::vector<ViewColumn> view_columns(const DatasetTable& table, bool with_lineage) {
  std::vector<ViewColumn> columns;
  std::vector<std::string> folders;
  const auto type_of = [&](const std::string& name) -> LogicalType {
    for (const auto* fields : {&table.columns, &table.partitions})
      for (const Field& field : *fields)
        if (field.name == name) return field.type;
    return {LogicalType::Kind::kText};
  };
  for (const DatasetTable::Shown& shown : table.shown) {
    columns.push_back(view_column(shown.name, type_of(shown.from)));
    folders.push_back(shown.from);
  }
  if (with_lineage && table.lineage)
    for (const Field& field : kLineageFields)
      columns.push_back(view_column(field.name, field.type));
  for (const Field& level : table.partitions)
    if (std::find(folders.begin(), folders.end(), level.name) == folders.end())
      columns.push_back(view_column(level.name, level.type));
  return columns;
}

Json names_and_types(const Json& columns) {
  Json plain = Json::array();
  for (const Json& entry : columns)
    plain.push_back({{"Name", entry.value("Name", "")}, {"Type", entry.value("Type", "")}});
  return plain;
}

int schema_version(const Json& table) {
  const auto parameters = table.find("Parameters");
  if (parameters == table.end() || !parameters->is_object()) return 0;
  return std::atoi(parameters->value(std::string(kSchemaVersion), "0").c_str());
}

bool has_all(const Json& existing, const Json& wanted) {
  for (const auto& [key, value] : wanted.items())
    if (!existing.contains(key) || existing.at(key) != value) return false;
  return true;
}

Json object_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_object() ? *found : Json::object();
}

Json list_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_array() ? *found : Json::array();
}

bool is_as_wanted(const Json& existing, const Json& wanted) {
  const Json is = object_at(existing, "StorageDescriptor");
  const Json should_be = object_at(wanted, "StorageDescriptor");
  return names_and_types(list_at(is, "Columns")) ==
             names_and_types(list_at(should_be, "Columns")) &&
         is.value("Location", "") == should_be.value("Location", "") &&
         is.value("InputFormat", "") == should_be.value("InputFormat", "") &&
         object_at(is, "SerdeInfo").value("SerializationLibrary", "") ==
             object_at(should_be, "SerdeInfo").value("SerializationLibrary", "") &&
         existing.value("TableType", "") == wanted.value("TableType", "") &&
         existing.value("ViewOriginalText", "") == wanted.value("ViewOriginalText", "") &&
         has_all(object_at(existing, "Parameters"), object_at(wanted, "Parameters"));
}

}  // namespace

Json dataset_input(const DatasetTable& table) {
  return {{"Name", table.name},
          {"StorageDescriptor", parquet_storage(table, table.location)},
          {"PartitionKeys", columns_of(table.partitions)},
          {"TableType", "EXTERNAL_TABLE"},
          {"Parameters",
           {{"EXTERNAL", "TRUE"},
            {"classification", "parquet"},
            {kSchemaVersion, std::to_string(table.schema_version)}}}};
}

Json partition_input(const DatasetTable& table, const std::vector<std::string>& values,
                     std::string_view partition) {
  return {{"Values", values},
          {"StorageDescriptor",
           parquet_storage(table, fmt::format("{}{}/", table.location, partition))}};
}

Json runs_input(std::string_view lake) {
  return json_input(kRunsTable, run_columns(), zone(lake, "_lake/runs/"),
                    {{"serialization.format", "1"}});
}

Json reject_lines_input(std::string_view lake) {
  return json_input(kRejectLinesTable, reject_columns(), zone(lake, layout::kRejected),
                    {{"serialization.format", "1"}, {"ignore.malformed.json", "true"}});
}

Json view_input(std::string_view database, const std::string& name, const std::string& query,
                const std::vector<ViewColumn>& columns) {
  Json of_view = Json::array(), of_table = Json::array();
  for (const ViewColumn& shown : columns) {
    of_view.push_back({{"name", shown.name}, {"type", shown.trino_type}});
    of_table.push_back(column(shown.name, shown.hive_type));
  }
  const Json view = {{"originalSql", query},
                     {"catalog", "awsdatacatalog"},
                     {"schema", database},
                     {"columns", std::move(of_view)}};
  return {{"Name", name},
          {"StorageDescriptor",
           {{"Columns", std::move(of_table)}, {"Location", ""}, {"SerdeInfo", Json::object()}}},
          {"PartitionKeys", Json::array()},
          {"ViewOriginalText", fmt::format("/* Presto View: {} */", base64(view.dump()))},
          {"ViewExpandedText", "/* Presto View */"},
          {"TableType", "VIRTUAL_VIEW"},
          {"Parameters", {{"presto_view", "true"}, {"comment", "Presto View"}}}};
}

Json latest_input(std::string_view database, const DatasetTable& table) {
  return view_input(database, table.latest_view(), latest_query(table, Engine::kAthena),
                    view_columns(table, false));
}

Json history_input(std::string_view database, const DatasetTable& table) {
  return view_input(database, table.history_view(), history_query(table, Engine::kAthena),
                    view_columns(table, true));
}

Json rejects_input(std::string_view database) {
  std::vector<ViewColumn> columns = {{"dataset", "string", "varchar"},
                                     {"file", "string", "varchar"}};
  for (const RecordColumn& record : reject_columns()) {
    const std::string type(record.hive);
    columns.push_back({std::string(record.name), type, type == "string" ? "varchar" : type});
  }
  return view_input(database, kRejectsTable, rejects_query(Engine::kAthena), columns);
}

Result<std::optional<Json>> merged(const Json& existing, const Json& wanted) {
  if (names_and_types(list_at(existing, "PartitionKeys")) !=
      names_and_types(list_at(wanted, "PartitionKeys")))
    return fail(ErrorKind::kConflict,
                fmt::format("the table {0} in Glue has other partition columns than the dataset; "
                            "drop it (aws glue delete-table --name {0} --database-name ...), then "
                            "run `lakegate catalog sync`",
                            wanted.value("Name", "")));
  if (schema_version(existing) > schema_version(wanted) || is_as_wanted(existing, wanted))
    return std::optional<Json>();
  Json input = wanted;
  for (const char* theirs : {"Description", "Owner", "Retention"})
    if (existing.contains(theirs)) input[theirs] = existing.at(theirs);
  Json parameters = object_at(existing, "Parameters");
  parameters.update(object_at(wanted, "Parameters"));
  input["Parameters"] = std::move(parameters);
  return std::optional<Json>(std::move(input));
}

}  // namespace lakegate::glue
