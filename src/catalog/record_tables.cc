#include "catalog/record_tables.h"

namespace lakegate {
namespace {

constexpr std::string_view kHiveFiles =
    "array<struct<`key`:string,`partition`:string,`rows`:bigint,`size`:bigint,`sha256`:string>>";
constexpr std::string_view kDuckDbFiles =
    "STRUCT(\"key\" VARCHAR, \"partition\" VARCHAR, \"rows\" BIGINT, size BIGINT, sha256 "
    "VARCHAR)[]";

}  // namespace

const std::vector<RecordColumn>& run_columns() {
  static const std::vector<RecordColumn> kColumns = {
      {"format", "int", "INTEGER"},
      {"arrival",
       "struct<`dataset`:string,`key`:string,`version`:string,`size`:bigint,`arrived_at`:string,"
       "`captures`:map<string,string>,`id`:string>",
       "STRUCT(dataset VARCHAR, \"key\" VARCHAR, \"version\" VARCHAR, size BIGINT, arrived_at "
       "VARCHAR, captures MAP(VARCHAR, VARCHAR), id VARCHAR)"},
      {"generation", "int", "INTEGER"},
      {"schema_version", "int", "INTEGER"},
      {"config_hash", "string", "VARCHAR"},
      {"input_sha256", "string", "VARCHAR"},
      {"rows_in", "bigint", "BIGINT"},
      {"rows_written", "bigint", "BIGINT"},
      {"rows_rejected", "bigint", "BIGINT"},
      {"outputs", kHiveFiles, kDuckDbFiles},
      {"rejects", kHiveFiles, kDuckDbFiles},
      {"started_at", "string", "VARCHAR"},
      {"duration_ms", "bigint", "BIGINT"},
      {"lakegate_version", "string", "VARCHAR"},
  };
  return kColumns;
}

const std::vector<RecordColumn>& reject_columns() {
  static const std::vector<RecordColumn> kColumns = {
      {"row", "bigint", "BIGINT"},           {"line", "bigint", "BIGINT"},
      {"offset", "bigint", "BIGINT"},        {"column", "string", "VARCHAR"},
      {"reason", "string", "VARCHAR"},       {"message", "string", "VARCHAR"},
      {"raw", "string", "VARCHAR"},          {"raw_base64", "string", "VARCHAR"},
      {"raw_was_cut", "boolean", "BOOLEAN"},
  };
  return kColumns;
}

}  // namespace lakegate
