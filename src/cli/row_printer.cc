#include "cli/row_printer.h"

#include <arrow/api.h>

#include "formats/text_value.h"
#include "lake/json_text.h"
#include "schema/types.h"

namespace lakegate::cli {
namespace {

std::string type_name(const arrow::Field& field) {
  auto logical = from_arrow(field);
  return logical ? to_string(logical->type) : field.type()->ToString();
}

bool is_number(const arrow::DataType& type) {
  return arrow::is_numeric(type.id()) || arrow::is_decimal(type.id());
}

}  // namespace

void append_csv_cell(std::string_view text, EmptyCell meaning, std::string& line) {
  const bool needs_quotes = text.empty() ? meaning == EmptyCell::kText
                                         : text.find_first_of("\",\r\n") != std::string_view::npos;
  if (!needs_quotes) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    if (c == '"') line += '"';
    line += c;
  }
  line += '"';
}

void RowPrinter::begin(std::shared_ptr<arrow::Schema> schema) {
  std::vector<TableColumn> columns;
  for (const auto& field : schema->fields()) {
    std::string key = ndjson_keys_.empty() ? "{" : ",";
    append_json_string(field->name(), key);
    ndjson_keys_.push_back(key + ":");
    if (format_ == RowFormat::kCsv) {
      if (!columns.empty()) line_ += ',';
      append_csv_cell(field->name(), EmptyCell::kNull, line_);
    }
    columns.push_back({field->name(), is_number(*field->type()), type_name(*field)});
  }
  if (format_ == RowFormat::kTable) table_ = std::make_unique<TableView>(out_, std::move(columns));
  if (format_ == RowFormat::kCsv) out_.write(line_ + "\n");
}

void RowPrinter::take(const arrow::RecordBatch& rows) {
  for (std::int64_t row = 0; row < rows.num_rows() && !has_enough(); ++row) {
    print_row(rows, row);
    ++printed_;
  }
}

void RowPrinter::print_row(const arrow::RecordBatch& rows, std::int64_t row) {
  TableRow cells;
  line_.clear();
  for (int i = 0; i < rows.num_columns(); ++i) {
    const arrow::Array& column = *rows.column(i);
    const bool is_null = column.IsNull(row);
    switch (format_) {
      case RowFormat::kNdjson:
        line_ += ndjson_keys_[static_cast<std::size_t>(i)];
        append_json(column, row, line_);
        break;
      case RowFormat::kCsv:
        if (i > 0) line_ += ',';
        cell_.clear();
        append_text(column, row, cell_);
        append_csv_cell(cell_, is_null ? EmptyCell::kNull : EmptyCell::kText, line_);
        break;
      case RowFormat::kTable:
        cells.push_back({.is_null = is_null});
        append_text(column, row, cells.back().text);
        break;
    }
  }
  if (format_ == RowFormat::kTable) return table_->add(std::move(cells));
  if (format_ == RowFormat::kNdjson) line_ += ndjson_keys_.empty() ? "{}" : "}";
  line_ += '\n';
  out_.write(line_);
}

void RowPrinter::finish() {
  if (table_) table_->finish();
}

}  // namespace lakegate::cli
