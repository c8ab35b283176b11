// Tables and views as Glue keeps them: TableInput and PartitionInput of its API
// (https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html). Pure functions.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/dataset_table.h"
#include "lake/error.h"

namespace lakegate::glue {

using Json = nlohmann::ordered_json;

// The parameter of a table that says which version of the schema its columns are.
inline constexpr std::string_view kSchemaVersion = "lakegate.schema_version";

Json dataset_input(const DatasetTable& table);
Json partition_input(const DatasetTable& table, const std::vector<std::string>& values,
                     std::string_view partition);
Json runs_input(std::string_view lake);
Json reject_lines_input(std::string_view lake);

// A view as Athena keeps it in Glue: the query and its columns, as JSON in base64.
struct ViewColumn {
  std::string name;
  std::string hive_type;
  std::string trino_type;
};
Json view_input(std::string_view database, const std::string& name, const std::string& query,
                const std::vector<ViewColumn>& columns);
Json latest_input(std::string_view database, const DatasetTable& table);
Json history_input(std::string_view database, const DatasetTable& table);
Json rejects_input(std::string_view database);

// What an existing table ("Table" of GetTable's reply) must become: the wanted one with what others
// have added to it (description, owner, parameters). Nothing if it is so already, or if a newer
// version of the schema has registered it. kConflict where its partition columns are others, which
// Glue does not change.
Result<std::optional<Json>> merged(const Json& existing, const Json& wanted);

}  // namespace lakegate::glue
