// Finds where CSV cells end. The one piece of the CSV reader that knows about SIMD, and small, so
// that it can be replaced: everything else works from the index that it fills.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

namespace lakegate::csv {

// How the bytes of a file make cells.
struct Dialect {
  char delimiter = ',';
  char quote = '"';  // '\0': no quoting
  bool operator==(const Dialect&) const = default;
};

// A growing array of positions that is not filled with zeros first.
class Positions {
 public:
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::uint32_t operator[](std::size_t i) const { return data_[i]; }
  const std::uint32_t* data() const { return data_.get(); }
  void push_back(std::uint32_t value) {
    reserve(size_ + 1);
    data_[size_++] = value;
  }
  void resize_down(std::size_t size) { size_ = size; }
  void set(std::size_t i, std::uint32_t value) { data_[i] = value; }
  void reserve(std::size_t capacity) {
    if (capacity > capacity_) grow(capacity);
  }
  // For writers that fill reserved space themselves.
  std::uint32_t* end() { return data_.get() + size_; }
  void set_end(const std::uint32_t* end) { size_ = static_cast<std::size_t>(end - data_.get()); }

 private:
  struct Free {
    void operator()(std::uint32_t* p) const { std::free(p); }
  };
  void grow(std::size_t capacity);

  std::unique_ptr<std::uint32_t[], Free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

struct Index {
  // Where cells end: positions of delimiters and of line ends outside quotes, ascending. CRLF is
  // one line end, at its CR.
  Positions cells;
  // Which entries of `cells` are line ends, ascending.
  Positions lines;
  // Positions of the byte after a closing quote that is neither delimiter, line end nor quote.
  Positions text_after_quote;
  bool quotes = false;  // any quote character was met
};

// What the next byte means, so that a scan can go on where the last one ended.
enum class ScanState : std::uint8_t {
  kCellStart,         // a quote here opens a quoted cell
  kCellStartAfterCr,  // the same, but a line feed belongs to the line end before it
  kUnquoted,          // quotes are literal
  kQuoted,
  kAfterQuote,  // the quote before either closed the cell or is the first half of a doubled one
};

// Adds what bytes[begin, end) hold to `index` and returns the state after them. Quotes count only
// at the start of a cell (RFC 4180); text after a closing quote makes the rest of the cell
// unquoted. Positions are relative to `bytes`, which must be under 4 GiB.
ScanState scan(const Dialect& dialect, const char* bytes, std::size_t begin, std::size_t end,
               ScanState state, Index& index);

// The same byte by byte: the definition, which tests hold the fast one to.
ScanState scan_scalar(const Dialect& dialect, const char* bytes, std::size_t begin, std::size_t end,
                      ScanState state, Index& index);

}  // namespace lakegate::csv
