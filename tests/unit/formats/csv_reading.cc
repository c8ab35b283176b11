#include "unit/formats/csv_reading.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>

namespace lakegate::csv_test {
namespace {

std::string cell_text(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return "null";
  if (array.type_id() == arrow::Type::STRING) {
    return "\"" + escaped(static_cast<const arrow::StringArray&>(array).GetView(row)) + "\"";
  }
  if (array.type_id() == arrow::Type::BINARY) {
    return "b\"" + escaped(static_cast<const arrow::BinaryArray&>(array).GetView(row)) + "\"";
  }
  if (array.type_id() == arrow::Type::DOUBLE)
    return fmt::format("{}", static_cast<const arrow::DoubleArray&>(array).Value(row));
  return (*array.GetScalar(row))->ToString();
}

void append_rows(const arrow::RecordBatch& batch, std::vector<std::string>& rows) {
  for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
    std::string line;
    for (const auto& column : batch.columns()) {
      if (!line.empty()) line += " | ";
      line += cell_text(*column, row);
    }
    rows.push_back(std::move(line));
  }
}

std::vector<ColumnPlan> plan_columns(const RecordFile& file, const Observed& root,
                                     const ReadOptions& options) {
  std::vector<ColumnPlan> plan;
  const auto& names = file.column_names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    ColumnPlan column{.field = {.name = names[i]}, .source = static_cast<int>(i)};
    const auto declared = std::find_if(options.declared.begin(), options.declared.end(),
                                       [&](const Declared& d) { return d.column == names[i]; });
    if (declared != options.declared.end()) {
      column.field.type = declared->type;
      column.field.required = declared->required;
      column.field.format = declared->format;
    } else {
      for (const auto& [name, observed] : root.fields)
        if (name == names[i]) column.field.type = resolve(observed);
      column.inferred = options.guess;
    }
    plan.push_back(std::move(column));
  }
  return plan;
}

Result<Reading> read(std::shared_ptr<const Input> input, const ReadOptions& options) {
  LAKEGATE_TRY(auto file, open_csv(std::move(input), options.open));
  Reading reading;
  reading.remarks = file->remarks();
  Observed root;
  LAKEGATE_TRY(auto observing, file->open());
  while (true) {
    LAKEGATE_TRY(auto chunk, observing->next());
    if (!chunk) break;
    LAKEGATE_CHECK(chunk->observe(root));
  }
  DecodePlan plan{.columns = plan_columns(*file, root, options)};
  for (const ColumnPlan& column : plan.columns)
    reading.columns.push_back(column.field.name + " " + to_string(column.field.type));
  LAKEGATE_TRY(auto reader, file->open());
  std::uint64_t next_row = 1;
  while (true) {
    LAKEGATE_TRY(auto chunk, reader->next());
    if (!chunk) break;
    if (chunk->first_row != next_row)
      return invalid_input(
          fmt::format("chunk begins at row {}, not {}", chunk->first_row, next_row));
    next_row += chunk->records;
    reading.chunks.push_back(chunk->records);
    LAKEGATE_TRY(DecodedChunk decoded, chunk->decode(plan));
    if (decoded.contradicted) return invalid_input("contradicted");
    if (auto valid = decoded.rows->ValidateFull(); !valid.ok())
      return invalid_input("invalid batch: " + valid.ToString());
    if (static_cast<std::uint64_t>(decoded.rows->num_rows()) + decoded.rejects.size() !=
        chunk->records)
      return invalid_input("records are missing");
    append_rows(*decoded.rows, reading.rows);
    for (const Reject& reject : decoded.rejects) {
      reading.rejects.push_back(fmt::format(
          "row={} line={} offset={}{} reason={} raw=\"{}\"", reject.row, reject.line, reject.offset,
          reject.column.empty() ? "" : " column=" + reject.column, to_string(reject.reason),
          escaped(std::string_view(reject.raw).substr(0, 100))));
      reading.messages.push_back(reject.message);
    }
  }
  return reading;
}

}  // namespace

std::string escaped(std::string_view bytes) {
  std::string out;
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (byte < 0x20) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

Reading read_all(std::shared_ptr<const Input> input, const ReadOptions& options) {
  auto reading = read(std::move(input), options);
  if (reading) return std::move(*reading);
  Reading failed;
  failed.error = reading.error().to_string();
  return failed;
}

}  // namespace lakegate::csv_test
