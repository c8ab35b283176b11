#include "catalog/engine.h"

#include <fmt/format.h>

#include <algorithm>

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

std::string lower(std::string_view name) {
  std::string text(name);
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::string quoted(char quote, std::string_view name) {
  std::string text(1, quote);
  for (const char c : name) {
    text += c;
    if (c == quote) text += c;
  }
  return text + quote;
}

// What differs between the engines' words for types.
struct Words {
  std::string_view boolean, int32, int64, float32, float64, text, binary, date, timestamp,
      timestamptz;
};
constexpr Words kHive = {"boolean", "int",    "bigint", "float",     "double",
                         "string",  "binary", "date",   "timestamp", "timestamp"};
constexpr Words kSpark = {"BOOLEAN", "INT",    "BIGINT", "FLOAT",         "DOUBLE",
                          "STRING",  "BINARY", "DATE",   "TIMESTAMP_NTZ", "TIMESTAMP"};
constexpr Words kDuckDb = {"BOOLEAN", "INTEGER", "BIGINT", "FLOAT",     "DOUBLE",
                           "VARCHAR", "BLOB",    "DATE",   "TIMESTAMP", "TIMESTAMPTZ"};
constexpr Words kTrino = {"boolean", "integer",   "bigint", "real",      "double",
                          "varchar", "varbinary", "date",   "timestamp", "timestamp"};

// The word of a type that is neither list, struct nor decimal.
std::string word_of(const Words& words, Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return std::string(words.boolean);
    case Kind::kInt32:
      return std::string(words.int32);
    case Kind::kInt64:
      return std::string(words.int64);
    case Kind::kFloat32:
      return std::string(words.float32);
    case Kind::kDouble:
      return std::string(words.float64);
    case Kind::kBinary:
      return std::string(words.binary);
    case Kind::kDate:
      return std::string(words.date);
    case Kind::kTimestamp:
      return std::string(words.timestamp);
    case Kind::kTimestampTz:
      return std::string(words.timestamptz);
    case Kind::kUnknown:  // never in a file; text takes anything
    case Kind::kText:
    case Kind::kDecimal:
    case Kind::kList:
    case Kind::kStruct:
      break;
  }
  return std::string(words.text);
}

// `field` makes "name type" of a struct's field.
template <class Field>
std::string fields_text(const LogicalType& type, const char* between, const Field& field) {
  std::string text;
  for (const auto& child : type.children) text += (text.empty() ? "" : between) + field(child);
  return text;
}

std::string hive_like(const Words& words, const LogicalType& type, bool quotes) {
  if (type.is(Kind::kDecimal))
    return fmt::format("{}({},{})", quotes ? "DECIMAL" : "decimal", type.precision, type.scale);
  if (type.is(Kind::kList))
    return fmt::format("{}<{}>", quotes ? "ARRAY" : "array",
                       hive_like(words, type.children.front().type, quotes));
  if (!type.is(Kind::kStruct)) return word_of(words, type.kind);
  const auto field = [&](const lakegate::Field& child) {
    if (quotes) return quoted('`', child.name) + ": " + hive_like(words, child.type, quotes);
    return lower(child.name) + ":" + hive_like(words, child.type, quotes);
  };
  return fmt::format("{}<{}>", quotes ? "STRUCT" : "struct",
                     fields_text(type, quotes ? ", " : ",", field));
}

}  // namespace

std::string hive_type(const LogicalType& type) {
  return hive_like(kHive, type, false);
}

std::string spark_type(const LogicalType& type) {
  return hive_like(kSpark, type, true);
}

std::string duckdb_type(const LogicalType& type) {
  if (type.is(Kind::kDecimal)) return fmt::format("DECIMAL({},{})", type.precision, type.scale);
  if (type.is(Kind::kList)) return duckdb_type(type.children.front().type) + "[]";
  if (!type.is(Kind::kStruct)) return word_of(kDuckDb, type.kind);
  return fmt::format("STRUCT({})", fields_text(type, ", ", [](const Field& child) {
                       return quoted('"', child.name) + " " + duckdb_type(child.type);
                     }));
}

std::string trino_type(const LogicalType& type) {
  if (type.is(Kind::kDecimal)) return fmt::format("decimal({},{})", type.precision, type.scale);
  if (type.is(Kind::kList)) return fmt::format("array({})", trino_type(type.children.front().type));
  if (!type.is(Kind::kStruct)) return word_of(kTrino, type.kind);
  return fmt::format("row({})", fields_text(type, ", ", [](const Field& child) {
                       return lower(child.name) + " " + trino_type(child.type);
                     }));
}

std::string table_type(Engine engine, const LogicalType& type) {
  switch (engine) {
    case Engine::kAthena:
      return hive_type(type);
    case Engine::kSpark:
      return spark_type(type);
    case Engine::kDuckDb:
      break;
  }
  return duckdb_type(type);
}

std::string quoted_in_table(Engine engine, std::string_view name) {
  if (engine == Engine::kAthena) return quoted('`', lower(name));
  return quoted(engine == Engine::kSpark ? '`' : '"', name);
}

std::string quoted_in_query(Engine engine, std::string_view name) {
  if (engine == Engine::kAthena) return quoted('"', lower(name));
  return quoted(engine == Engine::kSpark ? '`' : '"', name);
}

std::string text_literal(Engine engine, std::string_view text) {
  if (engine != Engine::kSpark) return quoted('\'', text);
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') literal += '\\';
    literal += c;
  }
  return literal + "'";
}

Result<void> check_hive_names(const Field& column) {
  for (const Field& child : column.type.children) {
    if (child.name.find_first_of(",:<>`") != std::string::npos)
      return invalid_input(
          fmt::format("the field \"{}\" of column {} cannot stand in a type of Glue and Athena; "
                      "use names: clean",
                      child.name, column.name));
    LAKEGATE_CHECK(check_hive_names(child));
  }
  return {};
}

}  // namespace lakegate
