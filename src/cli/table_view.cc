#include "cli/table_view.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "cli/characters.h"

namespace lakegate::cli {
namespace {

constexpr std::size_t kSampleRows = 1000;
constexpr std::size_t kGap = std::numeric_limits<std::size_t>::max();
constexpr std::string_view kBetween = "  ";
// A column is not cut below that, the width of a time, as long as others can be left out instead.
constexpr std::size_t kReadable = 20;

std::string on_one_line(std::string_view text) {
  std::string escaped;
  append_escaped(text, LineFeeds::kEscape, escaped);
  return escaped;
}

}  // namespace

TableView::TableView(Output& out, std::vector<TableColumn> columns)
    : out_(out), columns_(std::move(columns)) {
  for (TableColumn& column : columns_) column.title = on_one_line(column.title);
}

void TableView::add(TableRow row) {
  for (TableCell& cell : row) cell.text = cell.is_null ? "null" : on_one_line(cell.text);
  if (!started_ && row.size() > columns_.size()) columns_.resize(row.size());
  row.resize(std::max(row.size(), columns_.size()));
  if (started_) return print(row);
  gathered_.push_back(std::move(row));
  if (gathered_.size() == kSampleRows) print_gathered();
}

void TableView::finish() {
  if (!started_) print_gathered();
}

void TableView::print_gathered() {
  started_ = true;
  choose_widths();
  print_header();
  for (TableRow& row : gathered_) {
    row.resize(columns_.size());
    print(row);
  }
  gathered_ = {};
}

void TableView::choose_widths() {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width =
        std::max(display_width(columns_[i].title), display_width(columns_[i].subtitle));
    for (const TableRow& row : gathered_)
      if (i < row.size()) width = std::max(width, display_width(row[i].text));
    widths_.push_back(width);
  }
  shown_.resize(columns_.size());
  std::iota(shown_.begin(), shown_.end(), std::size_t{0});
  if (!out_.is_terminal() || columns_.empty()) return;

  const auto room = static_cast<std::size_t>(out_.width());
  shrink(room, kReadable);
  while (needed_width() > room && shown_.size() > 2) {
    const auto middle = shown_.begin() + static_cast<std::ptrdiff_t>(shown_.size() / 2);
    const auto gap = std::find(shown_.begin(), shown_.end(), kGap);
    if (gap == shown_.end())
      *middle = kGap;
    else
      shown_.erase(middle == gap ? std::prev(gap) : middle);
  }
  shrink(room, 1);
}

std::size_t TableView::needed_width() const {
  std::size_t sum = 0;
  for (const std::size_t i : shown_) sum += (i == kGap ? 1 : widths_[i]) + kBetween.size();
  return sum - kBetween.size();
}

void TableView::shrink(std::size_t room, std::size_t narrowest) {
  for (std::size_t needed = needed_width(); needed > room; needed = needed_width()) {
    // The widest, down to the next widest at once, or as far as is needed.
    std::size_t widest = kGap;
    std::size_t next = narrowest;
    for (const std::size_t i : shown_) {
      if (i == kGap) continue;
      if (widest == kGap || widths_[i] > widths_[widest]) widest = i;
    }
    for (const std::size_t i : shown_)
      if (i != kGap && widths_[i] < widths_[widest]) next = std::max(next, widths_[i]);
    if (widths_[widest] <= narrowest) return;
    widths_[widest] -= std::min(widths_[widest] - next, needed - room);
  }
}

void TableView::print_header() {
  const auto heading = [&](auto text_of, Style style) {
    TableRow row;
    for (const TableColumn& column : columns_) row.push_back({text_of(column), false, style});
    print(row);
  };
  heading([](const TableColumn& column) { return column.title; }, Style::kBold);
  if (std::any_of(columns_.begin(), columns_.end(),
                  [](const TableColumn& column) { return !column.subtitle.empty(); }))
    heading([](const TableColumn& column) { return column.subtitle; }, Style::kDim);
}

void TableView::print(const TableRow& row) {
  for (std::size_t at = 0; at < shown_.size(); ++at) {
    const bool is_last = at + 1 == shown_.size();
    if (shown_[at] == kGap)
      out_.write(Style::kDim, "…");
    else
      print_cell(shown_[at], row[shown_[at]], is_last);
    if (!is_last) out_.write(kBetween);
  }
  // Cells past the columns that the first rows had.
  for (std::size_t i = columns_.size(); i < row.size(); ++i)
    out_.write(std::string(kBetween) + row[i].text);
  out_.write("\n");
}

void TableView::print_cell(std::size_t column, const TableCell& cell, bool is_last) {
  const std::size_t width = widths_[column];
  const std::string text = out_.is_terminal() ? cut_to_width(cell.text, width) : cell.text;
  const std::size_t taken = display_width(text);
  const std::string padding(width > taken ? width - taken : 0, ' ');
  if (columns_[column].right) out_.write(padding);
  out_.write(cell.is_null ? Style::kDim : cell.style, text);
  if (!columns_[column].right && !is_last) out_.write(padding);
}

}  // namespace lakegate::cli
