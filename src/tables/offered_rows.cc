#include "tables/offered_rows.h"

#include <fmt/format.h>

#include <cmath>

#include "formats/text_value.h"
#include "lake/json_text.h"

namespace lakegate {

std::vector<Field> served_fields(const TableDefinition& definition) {
  std::vector<Field> fields;
  for (const Field& field : definition.schema.fields)
    if (!field.type.is(LogicalType::Kind::kUnknown)) fields.push_back(field);
  return fields;
}

Result<OfferedRows> OfferedRows::of(const TableDefinition& definition,
                                    const arrow::RecordBatch& rows, std::uint64_t first) {
  OfferedRows offered;
  offered.definition_ = &definition;
  offered.rows_ = &rows;
  offered.first_ = first;
  for (const Field& field : served_fields(definition)) {
    std::shared_ptr<arrow::Array> column = rows.GetColumnByName(field.name);
    if (column != nullptr && !column->type()->Equals(*to_arrow(field.type)))
      return invalid_input(fmt::format("the column {} is of type {} where the table {} has {}",
                                       field.name, column->type()->ToString(),
                                       definition.name.str(), to_string(field.type)));
    offered.columns_.push_back(std::move(column));
  }
  for (const std::string& key : definition.key)
    offered.key_.push_back(rows.GetColumnByName(key).get());
  const std::shared_ptr<arrow::Array> places = rows.GetColumnByName("_row");
  if (places != nullptr && places->type_id() == arrow::Type::INT64 && places->null_count() == 0)
    offered.places_ = std::static_pointer_cast<arrow::Int64Array>(places);
  return offered;
}

std::optional<std::size_t> OfferedRows::unusable_key(std::int64_t row) const {
  for (std::size_t i = 0; i < key_.size(); ++i) {
    if (key_[i] == nullptr || key_[i]->IsNull(row)) return i;
    const arrow::Array& column = *key_[i];
    switch (column.type_id()) {
      case arrow::Type::STRING:
      case arrow::Type::BINARY:
        if (static_cast<const arrow::BinaryArray&>(column).value_length(row) == 0) return i;
        break;
      case arrow::Type::DOUBLE:
        if (std::isnan(static_cast<const arrow::DoubleArray&>(column).Value(row))) return i;
        break;
      case arrow::Type::FLOAT:
        if (std::isnan(static_cast<const arrow::FloatArray&>(column).Value(row))) return i;
        break;
      default:
        break;
    }
  }
  return std::nullopt;
}

std::string OfferedRows::key_text(std::int64_t row) const {
  std::string text;
  for (std::size_t i = 0; i < key_.size(); ++i) {
    if (i > 0) text += ", ";
    text += definition_->key[i] + "=";
    append_text(*key_[i], row, text);
  }
  return text;
}

Reject OfferedRows::reject(std::int64_t row, RejectReason reason) const {
  Reject made{.row = static_cast<std::uint64_t>(place(row)), .reason = reason};
  made.raw = "{";
  for (int i = 0; i < rows_->num_columns() && made.raw.size() <= kMaxRawBytes; ++i) {
    if (i > 0) made.raw += ",";
    append_json_string(rows_->column_name(i), made.raw);
    made.raw += ":";
    append_json(*rows_->column(i), row, made.raw);
  }
  made.raw += "}";
  if (made.raw.size() > kMaxRawBytes) {
    made.raw.resize(kMaxRawBytes);
    made.raw_was_cut = true;
  }
  return made;
}

Reject OfferedRows::key_null(std::int64_t row, std::size_t key_column) const {
  Reject made = reject(row, RejectReason::kKeyNull);
  made.column = definition_->key[key_column];
  made.message = fmt::format(
      "the key column {} has no value, so that the row cannot be served; it stays in curated",
      made.column);
  return made;
}

Reject OfferedRows::key_exists(std::int64_t row) const {
  Reject made = reject(row, RejectReason::kKeyExists);
  made.message = fmt::format(
      "the table {} has a row with {} from another arrival, and `write: insert` changes none; "
      "`write: newest` would",
      definition_->name.str(), key_text(row));
  return made;
}

Reject OfferedRows::misfit(std::int64_t row, RejectReason reason, const std::string& column) const {
  Reject made = reject(row, reason);
  made.column = column;
  switch (reason) {
    case RejectReason::kKeyTooLong:
      made.message = fmt::format(
          "the key column {} is longer than DynamoDB takes (2,048 bytes in the first key column, "
          "1,024 in the second); choose a shorter key",
          column);
      break;
    case RejectReason::kNumberOutOfRange:
      made.message = fmt::format(
          "the column {} has a number that DynamoDB does not (NaN, an infinity, or outside 1E-130 "
          "to 9.99E+125); correct it, or declare the column as text",
          column);
      break;
    default:
      made.message = fmt::format(
          "the row is larger than the 400 KB that an item of the table {} may have; it stays in "
          "curated, and could be served from SQLite",
          definition_->name.str());
  }
  return made;
}

}  // namespace lakegate
