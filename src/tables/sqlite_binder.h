#pragma once

#include <arrow/api.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "schema/schema.h"

namespace lakegate::sqlite {

// Binds the cells of a batch to a statement's parameters, a row at a time. What a column needs is
// worked out once; a cell costs a switch and the bind.
class RowBinder {
 public:
  explicit RowBinder(const std::vector<Field>& fields);

  // The column to bind to parameter i + 1 from now on; null: nothing but nulls. Must stay alive.
  void set_column(std::size_t i, const arrow::Array* column) { columns_[i].array = column; }
  // Binds parameters from 1. Values are valid until the next call. Returns an SQLite code.
  int bind(sqlite3_stmt* statement, std::int64_t row);

 private:
  struct Column {
    LogicalType type;
    const arrow::Array* array = nullptr;
    std::string text;        // what a cell is written to that is no text yet
    std::int64_t value = 0;  // whose text it is, for dates and times, which repeat
    bool has_value = false;
  };
  static int bind_cell(sqlite3_stmt* statement, int parameter, Column& column, std::int64_t row);

  std::vector<Column> columns_;
};

}  // namespace lakegate::sqlite
