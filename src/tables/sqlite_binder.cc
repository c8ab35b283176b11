#include "tables/sqlite_binder.h"

#include <cmath>

#include "formats/text_value.h"
#include "schema/cell.h"

namespace lakegate::sqlite {
namespace {

using Kind = LogicalType::Kind;

int bind_text(sqlite3_stmt* statement, int parameter, std::string_view text) {
  // A null pointer would bind NULL; empty text is not that.
  return sqlite3_bind_text64(statement, parameter, text.data() == nullptr ? "" : text.data(),
                             text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

int bind_double(sqlite3_stmt* statement, int parameter, double value) {
  // SQLite would make NULL of it.
  if (std::isnan(value)) return bind_text(statement, parameter, "NaN");
  return sqlite3_bind_double(statement, parameter, value);
}

}  // namespace

RowBinder::RowBinder(const std::vector<Field>& fields) {
  for (const Field& field : fields) columns_.push_back({.type = field.type});
}

int RowBinder::bind(sqlite3_stmt* statement, std::int64_t row) {
  int parameter = 0;
  for (Column& column : columns_) {
    const int code = bind_cell(statement, ++parameter, column, row);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

int RowBinder::bind_cell(sqlite3_stmt* statement, int parameter, Column& column, std::int64_t row) {
  if (column.array == nullptr || column.array->IsNull(row))
    return sqlite3_bind_null(statement, parameter);
  const arrow::Array& array = *column.array;
  switch (column.type.kind) {
    case Kind::kBool:
      return sqlite3_bind_int(statement, parameter,
                              static_cast<const arrow::BooleanArray&>(array).Value(row) ? 1 : 0);
    case Kind::kInt32:
      return sqlite3_bind_int(statement, parameter,
                              static_cast<const arrow::Int32Array&>(array).Value(row));
    case Kind::kInt64:
      return sqlite3_bind_int64(statement, parameter,
                                static_cast<const arrow::Int64Array&>(array).Value(row));
    case Kind::kFloat32:
      return bind_double(statement, parameter,
                         static_cast<const arrow::FloatArray&>(array).Value(row));
    case Kind::kDouble:
      return bind_double(statement, parameter,
                         static_cast<const arrow::DoubleArray&>(array).Value(row));
    case Kind::kText:
      return bind_text(statement, parameter,
                       static_cast<const arrow::StringArray&>(array).GetView(row));
    case Kind::kBinary: {
      const std::string_view bytes = static_cast<const arrow::BinaryArray&>(array).GetView(row);
      return sqlite3_bind_blob64(statement, parameter, bytes.empty() ? "" : bytes.data(),
                                 bytes.size(), SQLITE_STATIC);
    }
    case Kind::kDate:
    case Kind::kTimestamp:
    case Kind::kTimestampTz: {
      const bool is_date = column.type.is(Kind::kDate);
      const std::int64_t value = is_date
                                     ? static_cast<const arrow::Date32Array&>(array).Value(row)
                                     : static_cast<const arrow::TimestampArray&>(array).Value(row);
      if (!column.has_value || column.value != value) {
        column.text = is_date ? cell::format_date(static_cast<std::int32_t>(value))
                              : cell::format_timestamp(value, column.type.is(Kind::kTimestampTz));
        column.value = value;
        column.has_value = true;
      }
      return bind_text(statement, parameter, column.text);
    }
    case Kind::kDecimal:
      column.text.clear();
      append_text(array, row, column.text);
      return bind_text(statement, parameter, column.text);
    case Kind::kList:
    case Kind::kStruct:
      column.text.clear();
      append_json(array, row, column.text);
      return bind_text(statement, parameter, column.text);
    case Kind::kUnknown:
      break;
  }
  return sqlite3_bind_null(statement, parameter);
}

}  // namespace lakegate::sqlite
