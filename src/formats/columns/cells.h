// One column of a table of text: what the typed builders of this folder read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lakegate::columns {

// `rows` records of `stride` cells each. The cells of a record stand one after the other with one
// byte between them. There are at least 64 readable bytes behind the last cell.
struct Cells {
  const char* bytes = nullptr;
  const std::uint32_t* begins = nullptr;  // where each record begins
  const std::uint32_t* ends = nullptr;    // where each cell ends, record by record
  std::size_t rows = 0;
  std::size_t stride = 1;
  std::size_t column = 0;
  char quote = '"';
  bool quotes = true;  // false: no cell is quoted

  // The cell as it stands, with its quotes.
  std::string_view raw(std::size_t row) const {
    const std::size_t i = row * stride + column;
    const std::uint32_t begin = column == 0 ? begins[row] : ends[i - 1] + 1;
    return {bytes + begin, ends[i] - begin};
  }
};

// A cell that begins with a quote ends with one (others have been rejected), so that its text is
// what stands between; quotes in it are still doubled.
inline bool is_quoted(std::string_view raw, char quote) {
  return !raw.empty() && raw.front() == quote;
}
inline std::string_view unquoted(std::string_view raw) {
  return raw.substr(1, raw.size() - 2);
}

}  // namespace lakegate::columns
