#include "cli/cat_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "cli/table_view.h"
#include "lake/json_text.h"

namespace lakegate::cli {
namespace {

Result<bool> is_empty_inside(const Input& input) {
  LAKEGATE_TRY(auto stream, open_decompressed(input));
  std::byte first{};
  LAKEGATE_TRY(const std::size_t size, stream->read({&first, 1}));
  return size == 0;
}

// By name where it says, for then what is no JSON must be refused; else by the first byte.
Result<FileFormat> format_of(const Input& input) {
  std::string name = input.name();
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  for (std::string_view suffix : {".gz", ".gzip", ".zst", ".zstd"})
    if (name.ends_with(suffix)) name.resize(name.size() - suffix.size());
  for (std::string_view suffix : {".json", ".ndjson", ".jsonl"})
    if (name.ends_with(suffix)) return FileFormat::kJson;
  for (std::string_view suffix : {".csv", ".tsv", ".txt"})
    if (name.ends_with(suffix)) return FileFormat::kCsv;
  LAKEGATE_TRY(auto stream, open_decompressed(input));
  std::string beginning(4096, '\0');
  LAKEGATE_TRY(const std::size_t size, stream->read(std::as_writable_bytes(std::span(beginning))));
  std::string_view bytes = std::string_view(beginning).substr(0, size);
  if (bytes.starts_with("PAR1")) return FileFormat::kParquet;
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool opens =
      first != std::string_view::npos && (bytes[first] == '{' || bytes[first] == '[');
  return opens ? FileFormat::kJson : FileFormat::kCsv;
}

std::string name_of(const std::vector<std::string>& header, std::size_t column) {
  return column < header.size() ? header[column] : fmt::format("column_{}", column + 1);
}

std::string as_ndjson(const TextRecords::Record& record, const std::vector<std::string>& header) {
  std::string line = "{";
  for (std::size_t i = 0; i < record.cells.size(); ++i) {
    if (i > 0) line += ',';
    append_json_string(name_of(header, i), line);
    line += ':';
    if (record.cells[i])
      append_json_string(*record.cells[i], line);
    else
      line += "null";
  }
  return line + "}\n";
}

std::string as_csv(const std::vector<std::optional<std::string>>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) line += ',';
    append_csv_cell(cells[i].value_or(""), EmptyCell::kNull, line);
  }
  return line + "\n";
}

TableRow as_row(const std::vector<std::optional<std::string>>& cells) {
  TableRow row;
  for (const auto& cell : cells) row.push_back({.text = cell.value_or(""), .is_null = !cell});
  return row;
}

}  // namespace

Result<bool> print_as_text(std::shared_ptr<const Input> input, const OpenOptions& options,
                           RowFormat format, std::optional<std::uint64_t> limit, Output& out) {
  LAKEGATE_TRY(const FileFormat file_format, format_of(*input));
  if (file_format == FileFormat::kParquet) return false;
  if (file_format == FileFormat::kCsv) {
    LAKEGATE_TRY(const bool is_empty, is_empty_inside(*input));
    if (is_empty) return true;
  }
  LAKEGATE_TRY(auto records, file_format == FileFormat::kJson ? open_json_text(input)
                                                              : open_csv_text(input, options));
  const bool has_header = records->header().has_value();
  const std::vector<std::string> header = records->header().value_or(std::vector<std::string>{});
  std::vector<TableColumn> columns;
  for (const std::string& name : header) columns.push_back({name});
  TableView table(out, std::move(columns));
  if (format == RowFormat::kCsv && has_header) out.write(as_csv({header.begin(), header.end()}));

  bool is_empty = !has_header;
  for (std::uint64_t printed = 0; (!limit || printed < *limit) && !out.closed(); ++printed) {
    LAKEGATE_TRY(auto record, records->next());
    if (!record) break;
    is_empty = false;
    switch (format) {
      case RowFormat::kNdjson:
        out.write(as_ndjson(*record, header));
        break;
      case RowFormat::kCsv:
        out.write(as_csv(record->cells));
        break;
      case RowFormat::kTable:
        table.add(as_row(record->cells));
        break;
    }
  }
  if (format == RowFormat::kTable && !is_empty) table.finish();
  return true;
}

}  // namespace lakegate::cli
