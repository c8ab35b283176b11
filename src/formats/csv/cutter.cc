#include "formats/csv/cutter.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

#include "formats/records.h"

namespace lakegate::csv {
namespace {

// Small against kChunkBytes, because what is read past the end of a block is scanned again.
constexpr std::size_t kReadBytes = 128 * 1024;

bool is_line_end(char c) {
  return c == '\n' || c == '\r';
}

}  // namespace

void Bytes::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  capacity_ = std::max(capacity, capacity_ + capacity_ / 2);
  void* grown = std::realloc(data_.get(), capacity_ + kSlack);
  if (grown == nullptr) throw std::bad_alloc();
  static_cast<void>(data_.release());
  data_.reset(static_cast<char*>(grown));
}

void Bytes::resize(std::size_t size) {
  reserve(size);
  size_ = size;
}

void Bytes::append(const char* bytes, std::size_t size) {
  const std::size_t before = size_;
  resize(before + size);
  if (size > 0) std::memcpy(data_.get() + before, bytes, size);
}

namespace {

// How many i in [0, size) fulfil a condition: counted in bytes, so that compilers make vectors of
// the loop.
template <class Condition>
std::uint64_t count_where(std::size_t size, Condition condition) {
  constexpr std::size_t kMost = 255;
  constexpr std::size_t kLanes = 32;
  std::uint64_t count = 0;
  std::size_t i = 0;
  while (size - i >= kLanes) {
    const std::size_t steps = std::min((size - i) / kLanes, kMost);
    std::array<std::uint8_t, kLanes> lanes{};
    for (std::size_t step = 0; step < steps; ++step, i += kLanes)
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        lanes[lane] = static_cast<std::uint8_t>(lanes[lane] + (condition(i + lane) ? 1 : 0));
    for (std::uint8_t lane : lanes) count += lane;
  }
  for (; i < size; ++i) count += condition(i);
  return count;
}

}  // namespace

void LineCounter::add(const char* bytes, std::size_t size) {
  if (size == 0) return;
  lines_ += count_where(size, [bytes](std::size_t i) { return bytes[i] == '\n'; });
  if (std::memchr(bytes, '\r', size) != nullptr) {
    lines_ += count_where(size, [bytes](std::size_t i) { return bytes[i] == '\r'; });
    lines_ -= count_where(
        size - 1, [bytes](std::size_t i) { return (bytes[i] == '\r') & (bytes[i + 1] == '\n'); });
  }
  lines_ -= after_cr_ && bytes[0] == '\n';
  after_cr_ = bytes[size - 1] == '\r';
}

RecordCutter::RecordCutter(std::unique_ptr<ByteStream> stream, const Dialect& dialect, Start start)
    : stream_(std::move(stream)),
      dialect_(dialect),
      skip_(start.offset),
      offset_(start.offset),
      line_(start.line) {}

Result<std::optional<RecordBlock>> RecordCutter::next() {
  while (skip_ > 0) {
    bytes_.resize(std::min<std::uint64_t>(skip_, kReadBytes));
    LAKEGATE_TRY(const std::size_t got,
                 stream_->read(std::as_writable_bytes(std::span(bytes_.data(), bytes_.size()))));
    skip_ = got == 0 ? 0 : skip_ - got;
    bytes_.resize(0);
  }
  do {
    LAKEGATE_TRY(RecordBlock block, cut());
    // Only a long run of blank lines gives a block without rows before the end.
    if (!block.rows.empty()) return std::optional(std::move(block));
  } while (!end_of_input_ || bytes_.size() > 0);
  return std::optional<RecordBlock>();
}

Result<RecordBlock> RecordCutter::cut() {
  block_ = {};
  block_.offset = offset_;
  block_.line = line_;
  index_ = {};
  state_ = ScanState::kCellStart;
  scanned_ = pending_ = first_cell_ = next_line_ = next_fault_ = block_begin_ = 0;
  skipped_ = 0;
  skipped_lines_ = {};
  // Most files are smaller than a block: only the second one takes the room of a whole one.
  if (usual_rows_ > 0) bytes_.reserve(kChunkBytes + 2 * kReadBytes);
  block_.rows.reserve(usual_rows_);
  index_.cells.reserve(usual_cells_);

  Step step = Step::kMore;
  while (step == Step::kMore) {
    // A record is looked at when it has reached its limit, not a read later: what becomes of it
    // must not depend on the sizes of reads.
    const std::size_t limit = std::min(bytes_.size(), pending_ + kMaxRecordBytes + 1);
    if (scanned_ < limit) {
      state_ = scan(dialect_, bytes_.data(), scanned_, limit, state_, index_);
      scanned_ = static_cast<std::uint32_t>(limit);
      step = take_rows();
    } else if (scanned_ > pending_ + kMaxRecordBytes) {
      LAKEGATE_TRY(step, too_long());
    } else if (!end_of_input_) {
      LAKEGATE_CHECK(read_more());
    } else if (record_begin() >= bytes_.size()) {
      pending_ = static_cast<std::uint32_t>(bytes_.size());
      break;
    } else if (state_ == ScanState::kQuoted) {
      step = reject_open_quote(stray_quote(scanned_).value_or(open_cell_begin()));
    } else {
      finish_input();
      step = take_rows();
    }
  }
  LAKEGATE_CHECK(look_ahead());

  Bytes rest;
  rest.append(bytes_.data() + pending_, bytes_.size() - pending_);
  // Without quotes every line end is in the index already.
  if (!index_.quotes && skipped_ == 0) {
    line_ += next_line_;
  } else if (skipped_ == 0) {
    LineCounter counter;
    counter.add(bytes_.data(), pending_);
    line_ += counter.lines();
  } else {
    line_ += skipped_lines_.lines();
  }
  offset_ += pending_ + skipped_;
  block_.quotes = index_.quotes;
  index_.cells.resize_down(first_cell_);
  usual_rows_ = block_.rows.size() + block_.rows.size() / 8;
  usual_cells_ = index_.cells.size() + index_.cells.size() / 8;
  block_.cells = std::move(index_.cells);
  if (!block_.rows.empty()) bytes_.resize(std::min<std::size_t>(pending_, bytes_.size()));
  if (skipped_ > 0) bytes_.resize(block_.rows.back().end);
  block_.bytes = std::move(bytes_);
  bytes_ = std::move(rest);
  return std::move(block_);
}

std::uint32_t RecordCutter::record_begin() const {
  const char* bytes = bytes_.data();
  const bool between = pending_ > 0 && pending_ < bytes_.size() && bytes[pending_ - 1] == '\r' &&
                       bytes[pending_] == '\n';
  return between ? pending_ + 1 : pending_;
}

std::uint32_t RecordCutter::open_cell_begin() const {
  return index_.cells.size() > first_cell_ ? index_.cells[index_.cells.size() - 1] + 1
                                           : record_begin();
}

RecordCutter::Step RecordCutter::take_rows() {
  for (; next_line_ < index_.lines.size(); ++next_line_) {
    const std::uint32_t last_cell = index_.lines[next_line_];
    Row row{.begin = record_begin(),
            .end = index_.cells[last_cell],
            .first_cell = first_cell_,
            .cells = last_cell + 1 - first_cell_};
    if (next_fault_ < index_.text_after_quote.size() &&
        index_.text_after_quote[next_fault_] < row.end) [[unlikely]] {
      if (const auto cell = stray_quote(row.end)) return reject_open_quote(*cell);
      block_.malformed.push_back({.row = static_cast<std::uint32_t>(block_.rows.size()),
                                  .reason = RejectReason::kTextAfterQuote});
      while (next_fault_ < index_.text_after_quote.size() &&
             index_.text_after_quote[next_fault_] < row.end)
        ++next_fault_;
    }
    if (end_row(row) == Step::kCut) {
      ++next_line_;
      return Step::kCut;
    }
  }
  return Step::kMore;
}

RecordCutter::Step RecordCutter::end_row(Row row) {
  const bool blank = row.cells == 1 && row.begin == row.end;
  if (block_.rows.empty()) block_begin_ = blank ? 0 : row.begin;
  if (!blank) block_.rows.push_back(row);
  first_cell_ = row.first_cell + row.cells;
  pending_ = std::min(row.end + 1, static_cast<std::uint32_t>(bytes_.size()));
  return block_.rows.size() == kChunkRecords || pending_ - block_begin_ >= kChunkBytes
             ? Step::kCut
             : Step::kMore;
}

// The record goes on to the end of the line where the quote at `cell_begin` stands.
RecordCutter::Step RecordCutter::reject_open_quote(std::uint32_t cell_begin) {
  const char* bytes = bytes_.data();
  const char* line_end = std::find_if(bytes + cell_begin, bytes + scanned_, is_line_end);
  const Row row{.begin = record_begin(),
                .end = static_cast<std::uint32_t>(line_end - bytes),
                .first_cell = first_cell_,
                .cells = 0};
  block_.malformed.push_back({.row = static_cast<std::uint32_t>(block_.rows.size()),
                              .reason = RejectReason::kUnclosedQuote});
  index_.cells.resize_down(first_cell_);
  index_.lines.resize_down(next_line_);
  index_.text_after_quote.resize_down(next_fault_);
  const Step step = end_row(row);
  scanned_ = pending_;
  state_ = pending_ > 0 && bytes[pending_ - 1] == '\r' ? ScanState::kCellStartAfterCr
                                                       : ScanState::kCellStart;
  return step;
}

Result<RecordCutter::Step> RecordCutter::too_long() {
  if (const auto cell = stray_quote(scanned_)) return reject_open_quote(*cell);
  if (state_ == ScanState::kQuoted) {
    const std::uint32_t cell = open_cell_begin();
    const char* bytes = bytes_.data();
    if (std::any_of(bytes + cell, bytes + scanned_, is_line_end)) return reject_open_quote(cell);
  }
  LAKEGATE_CHECK(skip_record());
  return Step::kCut;
}

// Where the cell begins, in the pending record up to `end`, whose quotes were closed on a later
// line and then followed by text.
std::optional<std::uint32_t> RecordCutter::stray_quote(std::uint32_t end) const {
  const char* bytes = bytes_.data();
  std::size_t cell = first_cell_;
  std::uint32_t cell_begin = record_begin();
  for (std::size_t i = next_fault_; i < index_.text_after_quote.size(); ++i) {
    const std::uint32_t fault = index_.text_after_quote[i];
    if (fault >= end) break;
    for (; cell < index_.cells.size() && index_.cells[cell] < fault; ++cell)
      cell_begin = index_.cells[cell] + 1;
    if (std::any_of(bytes + cell_begin, bytes + fault, is_line_end)) return cell_begin;
  }
  return std::nullopt;
}

// Keeps the first bytes of the pending record and passes over the rest. Ends the block.
Result<void> RecordCutter::skip_record() {
  const std::uint32_t begin = record_begin();
  const auto keep = static_cast<std::uint32_t>(begin + kMaxRawBytes);
  index_.cells.resize_down(first_cell_);
  block_.malformed.push_back({.row = static_cast<std::uint32_t>(block_.rows.size()),
                              .reason = RejectReason::kRecordTooLong,
                              .cut = true});
  block_.rows.push_back({.begin = begin, .end = keep, .first_cell = first_cell_, .cells = 0});
  skipped_lines_.add(bytes_.data(), scanned_);
  // What has been read behind the limit is still to be looked at: bring it down to `keep`.
  const auto drop = [&](std::uint32_t upto) {
    std::memmove(bytes_.data() + keep, bytes_.data() + upto, bytes_.size() - upto);
    bytes_.resize(keep + (bytes_.size() - upto));
    skipped_ += upto - keep;
  };
  drop(scanned_);
  while (true) {
    Index index;
    state_ = scan(dialect_, bytes_.data(), keep, bytes_.size(), state_, index);
    if (!index.lines.empty()) {
      const std::uint32_t end = index.cells[index.lines[0]] + 1;
      skipped_lines_.add(bytes_.data() + keep, end - keep);
      pending_ = end;
      return {};
    }
    skipped_lines_.add(bytes_.data() + keep, bytes_.size() - keep);
    drop(static_cast<std::uint32_t>(bytes_.size()));
    if (end_of_input_) {
      pending_ = keep;
      return {};
    }
    LAKEGATE_CHECK(read_more());
  }
}

// The last record may lack its line end.
void RecordCutter::finish_input() {
  index_.lines.push_back(static_cast<std::uint32_t>(index_.cells.size()));
  index_.cells.push_back(static_cast<std::uint32_t>(bytes_.size()));
}

Result<void> RecordCutter::read_more() {
  const std::size_t before = bytes_.size();
  bytes_.resize(before + kReadBytes);
  LAKEGATE_TRY(
      const std::size_t got,
      stream_->read(std::as_writable_bytes(std::span(bytes_.data() + before, kReadBytes))));
  bytes_.resize(before + got);
  end_of_input_ = got == 0;
  return {};
}

// A block ends behind both bytes of a CRLF.
Result<void> RecordCutter::look_ahead() {
  const auto ends_with_cr = [&] { return pending_ > 0 && bytes_.data()[pending_ - 1] == '\r'; };
  while (ends_with_cr() && pending_ == bytes_.size() && !end_of_input_) {
    LAKEGATE_CHECK(read_more());
  }
  const bool lf = ends_with_cr() && pending_ < bytes_.size() && bytes_.data()[pending_] == '\n';
  if (lf && skipped_ > 0) skipped_lines_.add("\n", 1);
  pending_ += lf;
  return {};
}

}  // namespace lakegate::csv
