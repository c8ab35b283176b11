// Rows on stdout, as a table, CSV or NDJSON.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/table_view.h"
#include "lake/error.h"

namespace lakegate::cli {

enum class RowFormat { kTable, kCsv, kNdjson };

// Null is an empty cell in CSV, where empty text is quoted.
class RowPrinter {
 public:
  RowPrinter(Output& out, RowFormat format, std::optional<std::uint64_t> limit)
      : out_(out), format_(format), limit_(limit) {}

  void begin(std::shared_ptr<arrow::Schema> schema);  // once, before the first row
  void take(const arrow::RecordBatch& rows);
  void finish();

  bool has_enough() const { return (limit_ && printed_ >= *limit_) || out_.closed(); }
  std::uint64_t printed() const { return printed_; }

 private:
  void print_row(const arrow::RecordBatch& rows, std::int64_t row);

  Output& out_;
  RowFormat format_;
  std::optional<std::uint64_t> limit_;
  std::uint64_t printed_ = 0;
  std::vector<std::string> ndjson_keys_;  // "{\"a\":", ",\"b\":" …
  std::unique_ptr<TableView> table_;
  std::string line_, cell_;
};

// A cell as CSV: quoted where it must be.
enum class EmptyCell { kNull, kText };
void append_csv_cell(std::string_view text, EmptyCell meaning, std::string& line);

}  // namespace lakegate::cli
