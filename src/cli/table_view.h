// Rows in aligned columns, as wide as the terminal allows.
#pragma once

#include <string>
#include <vector>

#include "cli/output.h"

namespace lakegate::cli {

struct TableColumn {
  std::string title;
  bool right = false;      // numbers
  std::string subtitle{};  // shown dim under the title if any column has one: its type
};

// A missing cell is shown as a dim "null".
struct TableCell {
  std::string text;
  bool is_null = false;
  Style style = Style::kPlain;
};
using TableRow = std::vector<TableCell>;

// Widths follow the rows gathered before the first is printed (at most kSampleRows), so that
// memory is bounded; later cells that are wider are cut on a terminal, and stand out elsewhere.
// Where a terminal is too narrow, the widest columns are cut first, then columns in the middle are
// left out and "…" stands for them.
class TableView {
 public:
  TableView(Output& out, std::vector<TableColumn> columns);

  void add(TableRow row);  // a longer row adds columns without a title
  void finish();           // prints what is gathered; the header alone if there was no row

 private:
  void print_gathered();
  void choose_widths();
  void shrink(std::size_t room, std::size_t narrowest);
  std::size_t needed_width() const;
  void print_header();
  void print(const TableRow& row);
  void print_cell(std::size_t column, const TableCell& cell, bool is_last);

  Output& out_;
  std::vector<TableColumn> columns_;
  std::vector<TableRow> gathered_;
  std::vector<std::size_t> widths_;
  std::vector<std::size_t> shown_;  // columns, in order; kGap where some are left out
  bool started_ = false;
};

}  // namespace lakegate::cli
