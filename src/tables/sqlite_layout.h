// How a table of the lake is laid out in SQLite. docs/ has the same in prose for those who query
// it.
#pragma once

#include <string>
#include <string_view>

#include "tables/sqlite_database.h"
#include "tables/table.h"

namespace lakegate::sqlite {

// Columns of lakegate's own in every table: the order of the arrival that brought the row, its
// landing key, and the row's place in it.
inline constexpr std::string_view kOrder = "_lakegate_order";
inline constexpr std::string_view kSource = "_lakegate_source";
inline constexpr std::string_view kRow = "_lakegate_row";
// The newest arrival of each landing key that was loaded as snapshot:
// _lakegate_sources(table_name, source, newest_order).
inline constexpr std::string_view kSources = "_lakegate_sources";

// INTEGER (bool, integers), REAL (floats), BLOB (binary), TEXT (all else).
std::string_view column_type(const LogicalType& type);

// Makes the table, adds the columns it lacks, and rebuilds it where a column's type has changed
// (kept as text in an INTEGER column, "007" would become 7).
Result<void> make_table(const SqliteDatabase& database, const TableDefinition& definition);

// The statement that offers one row: parameters are the served columns in order, then order,
// source, row, and for kInsert the range of orders that are the same arrival's.
// `lakegate_replace(order, row, new_row)` is called for each row that takes another's place and
// gives new_row.
std::string upsert_statement(const TableDefinition& definition, WriteMode write);

}  // namespace lakegate::sqlite
