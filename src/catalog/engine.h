// How engines name types and things in SQL.
#pragma once

#include <string>
#include <string_view>

#include "lake/error.h"
#include "schema/types.h"

namespace lakegate {

enum class Engine { kAthena, kSpark, kDuckDb };

// Types as Hive, Glue and Athena's DDL have them: int, bigint, array<…>, struct<a:…>. Names of
// struct fields are in lower case, as all of them compare them.
std::string hive_type(const LogicalType& type);
std::string spark_type(const LogicalType& type);
std::string duckdb_type(const LogicalType& type);
// Types as Athena's queries have them, which are Trino's: integer, varchar, row(a bigint).
std::string trino_type(const LogicalType& type);

// In a CREATE TABLE of the engine; Athena's is Hive's.
std::string table_type(Engine engine, const LogicalType& type);

// A name as it is quoted in DDL of tables (Athena, Spark: `a`; DuckDB: "a"), and in queries
// (Athena, DuckDB: "a"; Spark: `a`).
std::string quoted_in_table(Engine engine, std::string_view name);
std::string quoted_in_query(Engine engine, std::string_view name);
std::string text_literal(Engine engine, std::string_view text);  // 'it''s'; Spark: 'it\'s'

// kInvalidInput where a name cannot stand in a Hive type: of a struct field with , : < > or a
// backquote in it.
Result<void> check_hive_names(const Field& column);

}  // namespace lakegate
