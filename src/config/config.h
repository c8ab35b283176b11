// lake.yaml: what the lake's datasets are, checked as a whole before anything runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/source.h"
#include "formats/open.h"
#include "lake/error.h"
#include "lake/ids.h"
#include "lake/landing_pattern.h"
#include "lake/partition.h"
#include "schema/schema.h"

namespace lakegate {

enum class Mode { kAppend, kSnapshot, kUpsert };

// At most `count`, or `percent` of rows_in rounded up.
struct MaxRejects {
  std::optional<std::uint64_t> count;
  double percent = 1.0;
  bool allows(std::uint64_t rows_in, std::uint64_t rows_rejected) const;
  std::string to_string() const;
  bool operator==(const MaxRejects&) const = default;
};
Result<MaxRejects> max_rejects_from(std::string_view text);  // "17", "5%", "0.1%"

struct ServeConfig {
  TableName table;  // with the environment's prefix
  std::vector<std::string> key;
  std::string write = "newest";  // newest | upsert | insert
  // "dynamodb", or a SQLite file relative to the lake; empty: what the lake's own place suggests,
  // dynamodb for S3, _lake/tables.sqlite for a directory.
  std::string to;
  std::string ttl;                    // DynamoDB: the column that says when a row expires
  std::uint64_t max_write_units = 0;  // DynamoDB: a second; 0: no limit
  bool operator==(const ServeConfig&) const = default;
};

struct DatasetConfig {
  DatasetName name;
  LandingPattern landing;  // with a source, unless said: <name>/*
  std::optional<SourceConfig> source;
  std::optional<Schema> schema;  // declared
  Mode mode = Mode::kAppend;
  std::vector<std::string> key;  // mode: upsert
  PartitionSpec partition_by = default_partition();
  std::vector<std::string>
      capture_columns;  // captures that are columns too (text; a date capture: date)
  MaxRejects max_rejects;
  NewColumns new_columns = NewColumns::kAdd;
  bool lineage = true;
  bool clean_names = true;        // names: clean | original
  bool modern_encodings = false;  // compat: modern
  CsvOptions csv;
  std::optional<ServeConfig> serve;

  // capture_columns with the types that their captures have.
  std::vector<Field> capture_fields() const;
  // SHA-256 over everything that shapes outputs (not serve, not max_rejects): claims carry it.
  std::string hash() const;
};

// Where tables are registered for query engines; lakes on S3 only.
struct CatalogConfig {
  std::string glue_database;
  bool operator==(const CatalogConfig&) const = default;
};

struct Config {
  std::string file;  // for messages; empty: zero configuration
  std::vector<DatasetConfig> datasets;
  std::optional<std::string> lake;  // of the environment
  std::string table_prefix;
  std::optional<CatalogConfig> catalog;

  const DatasetConfig* find(const DatasetName& name) const;
};

// What ${VAR} stands for.
using Environment = std::map<std::string, std::string>;
Environment process_environment();

struct ConfigSource {
  std::string text;
  std::string file;                // for messages
  std::optional<std::string> env;  // --env
  Environment variables;
};

// All errors, not only the first, each with file, line and column: joined in one Error whose place
// is the first one's and whose message has one line each.
Result<Config> parse_config(const ConfigSource& source);

// Zero configuration: each folder under landing/ is a dataset. `folders` are names directly under
// landing/; folders that clean to the same dataset name are an error.
Result<Config> config_from_folders(const std::vector<std::string>& folders);

// The dataset that a key (with "landing/") belongs to. None: unmatched. Two: kInvalidInput that
// names both.
struct Match {
  const DatasetConfig* dataset = nullptr;
  std::map<std::string, std::string> captures;
};
Result<std::optional<Match>> match_dataset(const Config& config, const ObjectKey& key);

// A file with nothing but a list of fields, as `convert --schema` and `schema:` take it.
Result<Schema> parse_field_list(std::string_view yaml, const std::string& file);

// JSON Schema (draft 2020-12) of lake.yaml, for editors: `lakegate init --print-schema`.
std::string config_json_schema();

// lake.yaml with a dataset added, or with a dataset's `schema:` set, keeping comments and layout of
// everything else. `yaml` may be empty. `dataset_yaml` is what stands under the dataset's name, in
// block style and without indentation: "landing: sales/*.csv\nschema:\n  - {…}\n". kConflict where
// the dataset exists already; kNotFound where with_schema's does not.
Result<std::string> with_dataset(std::string_view yaml, const std::string& dataset_yaml,
                                 const DatasetName& name);
Result<std::string> with_schema(std::string_view yaml, const DatasetName& dataset,
                                const Schema& schema);

}  // namespace lakegate
