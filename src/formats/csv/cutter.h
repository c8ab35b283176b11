// Cuts a stream of CSV into blocks of whole records, by content alone: where blocks end does not
// depend on how many bytes each read of the stream gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "formats/csv/scanner.h"
#include "formats/input.h"
#include "lake/error.h"
#include "lake/reject.h"

namespace lakegate::csv {

// Bytes with room to grow, not filled first. There are always kSlack readable bytes behind size().
class Bytes {
 public:
  static constexpr std::size_t kSlack = 64;

  const char* data() const { return data_.get(); }
  char* data() { return data_.get(); }
  std::size_t size() const { return size_; }
  void reserve(std::size_t capacity);
  void resize(std::size_t size);  // new bytes are whatever was there
  void append(const char* bytes, std::size_t size);

 private:
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  std::unique_ptr<char[], Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// One record: bytes [begin, end) without its line end, and its cells in RecordBlock::cells.
struct Row {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t first_cell = 0;
  std::uint32_t cells = 0;
};

// A record that is no row, whatever the columns are.
struct MalformedRow {
  std::uint32_t row = 0;  // index in RecordBlock::rows
  RejectReason reason = RejectReason::kTextAfterQuote;
  bool cut = false;  // `end` of the row is not where the record ends
};

struct RecordBlock {
  Bytes bytes;
  std::uint64_t offset = 0;             // of bytes[0] in the decompressed input
  std::uint64_t line = 1;               // of bytes[0]
  Positions cells;                      // ends of cells
  std::vector<Row> rows;                // without blank lines, which are no records
  std::vector<MalformedRow> malformed;  // ascending; they have no cells that one could rely on
  bool quotes = false;                  // any quote character in it
};

// Line ends in pieces of a text: LF, CR, and CRLF as one, also where a piece ends between the two.
class LineCounter {
 public:
  void add(const char* bytes, std::size_t size);
  std::uint64_t lines() const { return lines_; }

 private:
  std::uint64_t lines_ = 0;
  bool after_cr_ = false;
};

// Quotes that go wrong lose one line, not the rest of the file. A quote that is still open at the
// end of the file, or kMaxRecordBytes later, or whose closing one is on a later line and followed
// by text, was a stray one: the record ends with the line where that quote stands, as a reject, and
// reading goes on with the next line. Each byte is read at most twice: what follows a stray quote
// up to there has its quotes in pairs, and so opens no other one.
class RecordCutter {
 public:
  struct Start {
    std::uint64_t offset = 0;  // bytes to pass over: byte-order mark, header
    std::uint64_t line = 1;    // of the byte after them
  };
  RecordCutter(std::unique_ptr<ByteStream> stream, const Dialect& dialect, Start start);

  // nullopt at the end. A block has at least one row.
  Result<std::optional<RecordBlock>> next();
  // Bytes of the stored input read so far.
  std::uint64_t input_bytes() const { return stream_->input_bytes(); }

 private:
  enum class Step { kMore, kCut };

  Result<RecordBlock> cut();
  Step take_rows();
  Step reject_open_quote(std::uint32_t cell_begin);
  Step end_row(Row row);
  Result<Step> too_long();
  std::optional<std::uint32_t> stray_quote(std::uint32_t end) const;
  Result<void> skip_record();
  void finish_input();
  std::uint32_t record_begin() const;
  std::uint32_t open_cell_begin() const;
  Result<void> read_more();
  Result<void> look_ahead();

  std::unique_ptr<ByteStream> stream_;
  Dialect dialect_;
  std::uint64_t skip_;
  bool end_of_input_ = false;
  std::uint64_t offset_;  // of block_.bytes[0]
  std::uint64_t line_;

  std::size_t usual_rows_ = 0;  // of the block before, and some more
  std::size_t usual_cells_ = 0;

  // The block under construction.
  Bytes bytes_;  // carried from block to block
  RecordBlock block_;
  Index index_;
  ScanState state_ = ScanState::kCellStart;
  std::uint32_t scanned_ = 0;
  std::uint32_t pending_ = 0;      // where the next record begins, except for the LF of a CRLF
  std::uint32_t first_cell_ = 0;   // its first entry in index_.cells
  std::uint32_t next_line_ = 0;    // its entry in index_.lines
  std::uint32_t next_fault_ = 0;   // its first entry in index_.text_after_quote
  std::uint32_t block_begin_ = 0;  // of the first record
  std::uint64_t skipped_ = 0;      // bytes of a record that was too long to keep
  LineCounter skipped_lines_;
};

}  // namespace lakegate::csv
