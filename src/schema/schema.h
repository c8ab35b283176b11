// A dataset's schema: the single point of truth for CSV, JSON, Parquet and table rows.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"
#include "schema/types.h"

namespace lakegate {

struct Schema {
  std::vector<Field> fields;
  bool operator==(const Schema&) const = default;

  const Field* find(std::string_view name) const;             // by the lake's name
  const Field* find_source(std::string_view original) const;  // by the input's name
};

// Without the columns that are unknown.
std::shared_ptr<arrow::Schema> to_arrow(const Schema& schema);

// The lineage columns, added after a dataset's own by convert: _arrival_id text, _arrived_at
// timestamptz, _row int64, none nullable.
extern const std::vector<Field> kLineageFields;

// A dataset's schema as the lake remembers it, in _lake/schemas/<dataset>.json, with its history.
struct RememberedSchema {
  struct Version {
    int version = 0;
    Schema schema;
    std::string because;  // "first arrival <id>", "new column x in arrival <id>", "widen x to text"
  };
  std::vector<Version> versions;  // ascending; never empty once stored

  const Version& current() const { return versions.back(); }
  const Version* find(int version) const;
};

std::string to_json(const RememberedSchema& remembered);
Result<RememberedSchema> remembered_schema_from_json(std::string_view json, std::string_view key);

// A field list as YAML, ready for lake.yaml: "- {name: day, type: int64}\n" …
std::string to_yaml(const Schema& schema, int indent = 0);

}  // namespace lakegate
