// The types a column can have, and their names in lake.yaml.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"

namespace lakegate {

struct Field;

// A value type. Physical form in Arrow and Parquet:
//   bool, int32, int64, float32, double, text (UTF-8), binary, date (date32),
//   timestamp (INT64 microseconds, no zone), timestamptz (the same, UTC),
//   decimal(p,s) (decimal128, p <= 38), list<T>, struct<name: T, …>.
// kUnknown is a column that has had no value yet: remembered, and left out of Parquet.
struct LogicalType {
  enum class Kind {
    kUnknown,
    kBool,
    kInt32,
    kInt64,
    kFloat32,
    kDouble,
    kDecimal,
    kText,
    kBinary,
    kDate,
    kTimestamp,
    kTimestampTz,
    kList,
    kStruct,
  };
  Kind kind = Kind::kUnknown;
  int precision = 0;  // decimal
  int scale = 0;      // decimal
  // No `{}` here: Field is not complete yet, and clang would need it to be.
  std::vector<Field> children;  // list: one field named "element"; struct: its fields in order

  bool operator==(const LogicalType&) const;
  bool is(Kind k) const { return kind == k; }
};

struct Field {
  std::string name;  // as the lake calls it
  LogicalType type = {};
  bool required = false;      // null is a reject
  std::string original = {};  // as the input calls it, where that differs; else empty
  std::string format = {};    // of dates and times in text, strptime style: "%d.%m.%Y"
  bool operator==(const Field&) const = default;

  const std::string& source_name() const { return original.empty() ? name : original; }
};

// "int64", "decimal(10,2)", "list<struct<id: int64, tags: list<text>>>": what lake.yaml, messages
// and records print, and read back.
std::string to_string(const LogicalType& type);
Result<LogicalType> type_from(std::string_view text);  // suggests the nearest type when unknown

std::shared_ptr<arrow::DataType> to_arrow(const LogicalType& type);
// `original` travels in the field's metadata under this key.
inline constexpr const char* kOriginalNameKey = "lakegate.original_name";
std::shared_ptr<arrow::Field> to_arrow(const Field& field);
// For landed Parquet: the logical type that holds every value of an Arrow type exactly; types with
// no such form (uint64 -> decimal(20,0) has one; duration has none) are an error that names the
// column.
Result<Field> from_arrow(const arrow::Field& field);

}  // namespace lakegate
