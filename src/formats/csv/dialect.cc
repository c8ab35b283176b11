#include "formats/csv/dialect.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "formats/columns/build.h"
#include "schema/cell.h"

namespace lakegate::csv {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::array<char, 4> kDelimiters = {',', ';', '\t', '|'};
// Dialects are judged by the first part of the sample, which takes less time than it decides.
constexpr std::size_t kJudgedBytes = 128 * 1024;
// Cells are looked into in this many records only.
constexpr std::size_t kTypedRows = 1000;

Result<void> refuse_what_is_no_text(Sample sample, const std::string& file) {
  const std::string_view bytes = sample.bytes;
  using namespace std::string_view_literals;
  if (bytes.starts_with("\xFF\xFE\0\0"sv) || bytes.starts_with("\0\0\xFE\xFF"sv)) {
    return invalid_input(
        "the file is UTF-32: convert it to UTF-8 first, for instance with `iconv -f UTF-32 -t "
        "UTF-8`",
        {.file = file});
  }
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF")) {
    return invalid_input(
        "the file is UTF-16: convert it to UTF-8 first, for instance with `iconv -f UTF-16 -t "
        "UTF-8`",
        {.file = file});
  }
  if (bytes.starts_with("PK\x03\x04")) {
    return invalid_input(
        "the file is a ZIP archive, or a workbook: extract it, or save the sheet as CSV, first",
        {.file = file});
  }
  const std::string_view beginning = bytes.substr(0, 64 * 1024);
  const auto controls =
      static_cast<std::size_t>(std::count_if(beginning.begin(), beginning.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
      }));
  // Some NUL bytes inside otherwise good text are kept as text.
  if (controls * 5 > beginning.size() + 5) {
    return invalid_input(
        "the file is binary, or text in an encoding other than UTF-8: nothing in it reads as CSV",
        {.file = file});
  }
  return {};
}

RecordBlock first_block(Sample sample, const Dialect& dialect) {
  RecordCutter cutter(std::make_unique<ViewStream>(sample.bytes), dialect, {});
  auto block = cutter.next();  // a view of memory does not fail
  if (!block || !*block) return {};
  RecordBlock& records = **block;
  // The last record may be cut by the end of the sample.
  if (!sample.whole && records.rows.size() > 1 && records.rows.back().end >= sample.bytes.size()) {
    records.rows.pop_back();
    while (!records.malformed.empty() && records.malformed.back().row >= records.rows.size())
      records.malformed.pop_back();
  }
  return std::move(records);
}

std::string_view raw_cell(const RecordBlock& block, const Row& row, std::uint32_t i) {
  const std::uint32_t begin = i == 0 ? row.begin : block.cells[row.first_cell + i - 1] + 1;
  return {block.bytes.data() + begin, block.cells[row.first_cell + i] - begin};
}

bool is_typed(Seen seen) {
  return seen != kSeenText && seen != kSeenNull && seen != kSeenNanToken;
}

bool is_malformed(const RecordBlock& block, std::size_t row) {
  return std::any_of(block.malformed.begin(), block.malformed.end(),
                     [row](const MalformedRow& m) { return m.row == row; });
}

// Whether a cell looks like one value, and not like several that another delimiter would part.
bool is_clean(std::string_view text, char delimiter) {
  if (cell::classify(text, false) != kSeenText) return true;
  if (text.find_first_not_of("0123456789.,-") == std::string_view::npos) return true;
  for (char other : kDelimiters) {
    if (other == delimiter) continue;
    const std::size_t at = text.find(other);
    // A comma and a blank are prose.
    if (at != std::string_view::npos && !(other == ',' && text.substr(at + 1).starts_with(' ')))
      return false;
  }
  return true;
}

struct Candidate {
  Dialect dialect;
  double score = 0;
  bool parts = false;            // it makes several cells of most records
  std::size_t quoted_cells = 0;  // in the records whose cells are looked into
  std::size_t bare_texts = 0;    // unquoted texts in them, but for the first record
  bool malformed = false;
};

Candidate judge(Sample sample, const Dialect& dialect) {
  Candidate candidate{.dialect = dialect};
  const RecordBlock block = first_block(sample, dialect);
  if (block.rows.empty()) return candidate;
  candidate.malformed = !block.malformed.empty();
  const std::uint32_t width = block.rows[0].cells;
  std::size_t parted = 0, alike = 0, cells = 0, clean = 0;
  for (std::size_t i = 0; i < block.rows.size(); ++i) {
    const Row& row = block.rows[i];
    parted += row.cells > 1;
    alike += row.cells == width;
    if (i >= kTypedRows) continue;
    for (std::uint32_t c = 0; c < row.cells; ++c) {
      const std::string_view text = raw_cell(block, row, c);
      const bool quoted = dialect.quote != '\0' && columns::is_quoted(text, dialect.quote);
      ++cells;
      clean += quoted || is_clean(text, dialect.delimiter);
      candidate.quoted_cells += quoted;
      candidate.bare_texts += i > 0 && !quoted && cell::classify(text, false) == kSeenText;
    }
  }
  const auto rows = static_cast<double>(block.rows.size());
  const double alike_share =
      static_cast<double>(alike - std::min(alike, block.malformed.size())) / rows;
  candidate.parts = width > 1 && parted * 2 >= block.rows.size();
  candidate.score = alike_share * alike_share *
                    (cells == 0 ? 0 : static_cast<double>(clean) / static_cast<double>(cells));
  return candidate;
}

// Apostrophes are quotes only on strong evidence, because taking them off changes what is there:
// they must explain the records better than double quotes do, or enclose every text.
bool apostrophes_quote(const Candidate& single, const Candidate& doubled) {
  if (single.malformed || single.quoted_cells == 0 || doubled.quoted_cells > 0) return false;
  if (single.parts && single.score > doubled.score + 0.01) return true;
  return single.quoted_cells > 1 && single.bare_texts == 0;
}

Dialect detect_dialect(Sample sample, const CsvOptions& options) {
  std::vector<char> delimiters(kDelimiters.begin(), kDelimiters.end());
  if (options.delimiter) delimiters = {*options.delimiter};
  std::optional<Candidate> best;
  for (char delimiter : delimiters) {
    Candidate candidate = judge(sample, {delimiter, options.quote.value_or('"')});
    if (!options.quote && sample.bytes.find('\'') != std::string_view::npos) {
      const Candidate single = judge(sample, {delimiter, '\''});
      if (apostrophes_quote(single, candidate)) candidate = single;
    }
    const bool better =
        !best || (candidate.parts && !best->parts) ||
        (candidate.parts == best->parts && candidate.parts && candidate.score > best->score + 1e-9);
    if (better) best = candidate;
  }
  return best->dialect;
}

// `sep=;` as the first line, as spreadsheets write it. Returns the bytes that it takes.
std::size_t separator_line(std::string_view bytes, std::optional<char>& delimiter) {
  if (bytes.size() < 6 || !bytes.starts_with("sep=") || (bytes[5] != '\n' && bytes[5] != '\r'))
    return 0;
  delimiter = bytes[4];
  return bytes.substr(5).starts_with("\r\n") ? 7 : 6;
}

bool is_header(const std::vector<std::string>& cells, const OpenOptions& options) {
  if (options.csv.header) return *options.csv.header;
  const auto& expected = options.expected_columns;
  const auto known = static_cast<std::size_t>(
      std::count_if(cells.begin(), cells.end(), [&](const std::string& cell) {
        return std::find(expected.begin(), expected.end(), cell) != expected.end();
      }));
  if (known > 0 && (known * 2 >= cells.size() || known * 2 >= expected.size())) return true;
  bool any_text = false;
  for (const std::string& cell : cells) {
    const Seen seen = cell::classify(cell, false);
    if (is_typed(seen)) return false;
    any_text |= seen == kSeenText;
  }
  return any_text;
}

Result<void> check_dialect(const Dialect& dialect) {
  const auto breaks_line = [](char c) { return c == '\n' || c == '\r'; };
  if (dialect.delimiter == dialect.quote || breaks_line(dialect.delimiter) ||
      breaks_line(dialect.quote) || dialect.delimiter == '\0') {
    return invalid_input(
        "delimiter and quote have to be two different characters, neither of them a line end");
  }
  return {};
}

}  // namespace

Result<std::size_t> ViewStream::read(std::span<std::byte> out) {
  const std::size_t size = std::min(out.size(), rest_.size());
  if (size > 0) std::memcpy(out.data(), rest_.data(), size);
  rest_.remove_prefix(size);
  return size;
}

std::vector<std::string> cells_of(const RecordBlock& block, const Row& row,
                                  const Dialect& dialect) {
  std::vector<std::string> cells;
  const auto add = [&](std::string_view raw) {
    columns::append_cell_text(raw, dialect.quote, cells.emplace_back());
  };
  for (std::uint32_t i = 0; i < row.cells; ++i) add(raw_cell(block, row, i));
  // A record whose quotes were wrong has lost its cells: quotes are not heeded in it.
  if (row.cells == 0) {
    std::string_view rest(block.bytes.data() + row.begin, row.end - row.begin);
    for (std::size_t at = 0; at != std::string_view::npos;) {
      at = rest.find(dialect.delimiter);
      cells.emplace_back(rest.substr(0, at));
      if (at != std::string_view::npos) rest.remove_prefix(at + 1);
    }
  }
  return cells;
}

Result<Detected> detect(Sample sample, const OpenOptions& options, const std::string& file) {
  LAKEGATE_CHECK(refuse_what_is_no_text(sample, file));
  Detected detected;
  std::size_t skipped = sample.bytes.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  CsvOptions csv = options.csv;
  std::optional<char> separator;
  const std::size_t separator_bytes = separator_line(sample.bytes.substr(skipped), separator);
  if (!csv.delimiter) csv.delimiter = separator;
  skipped += separator_bytes;
  const std::size_t lines_before = separator_bytes > 0;

  const Sample body{.bytes = sample.bytes.substr(skipped), .whole = sample.whole};
  if (csv.delimiter) LAKEGATE_CHECK(check_dialect({*csv.delimiter, csv.quote.value_or('"')}));
  Sample judged = body;
  if (body.bytes.size() > kJudgedBytes)
    judged = {.bytes = body.bytes.substr(0, kJudgedBytes), .whole = false};
  detected.dialect = detect_dialect(judged, csv);
  LAKEGATE_CHECK(check_dialect(detected.dialect));
  RecordBlock block = first_block(judged, detected.dialect);
  if (block.rows.size() < 2 && judged.bytes.size() < body.bytes.size())
    block = first_block(body, detected.dialect);
  if (block.rows.empty()) {
    return invalid_input("the file has no records and no header: nothing but blank lines",
                         {.file = file});
  }
  const Row& first = block.rows[0];
  if (!sample.whole && first.end >= body.bytes.size()) {
    return invalid_input(
        fmt::format("the first record is longer than {} MiB: see whether a quote is missing, or "
                    "--delimiter is needed",
                    kSampleBytes / (1024 * 1024)),
        {.file = file, .line = 1});
  }
  std::vector<std::string> cells = cells_of(block, first, detected.dialect);
  detected.has_header = is_header(cells, options);
  detected.header_is_told = options.csv.header.has_value();
  detected.start = {.offset = skipped, .line = 1 + lines_before};
  if (!detected.has_header) {
    // Its number of columns is that of the first record that is sound.
    for (std::size_t i = 0; i < block.rows.size() && detected.columns == 0; ++i)
      if (!is_malformed(block, i)) detected.columns = block.rows[i].cells;
    if (detected.columns == 0) {
      return invalid_input("no record has sound quotes: see whether --quote is right",
                           {.file = file});
    }
    return detected;
  }
  LineCounter before;
  before.add(block.bytes.data(), first.begin);
  const Where where{.file = file, .line = detected.start.line + before.lines()};
  if (is_malformed(block, 0)) {
    return invalid_input(
        "the quotes of the header are wrong: text after a closing one, or one that is not closed",
        where);
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!simdjson::validate_utf8(cells[i].data(), cells[i].size())) {
      return invalid_input(
          fmt::format("the name of column {} is not UTF-8: convert the file, for instance with "
                      "`iconv -f WINDOWS-1252 -t UTF-8`",
                      i + 1),
          where);
    }
  }
  detected.columns = cells.size();
  detected.header = std::move(cells);
  std::size_t end = first.end;
  if (body.bytes.substr(end).starts_with("\r\n")) ++end;
  end = std::min(end + 1, body.bytes.size());
  LineCounter counter;
  counter.add(body.bytes.data(), end);
  detected.start.offset += end;
  detected.start.line += counter.lines();
  return detected;
}

ColumnNames name_columns(const Detected& detected) {
  ColumnNames columns;
  if (!detected.has_header && !detected.header_is_told) {
    columns.remarks.push_back(
        fmt::format("no header found: the columns are named column_1 to column_{} (a header that "
                    "was not recognised is taken with --header)",
                    detected.columns));
  }
  // Names that stand in the header stay with the first column that has them.
  std::set<std::string> taken(detected.header.begin(), detected.header.end());
  std::set<std::string> used;
  const auto numbered = [&](const std::string& name) {
    std::string candidate = name;
    for (int n = 2; taken.contains(candidate) || used.contains(candidate); ++n)
      candidate = fmt::format("{}_{}", name, n);
    return candidate;
  };
  for (std::size_t i = 0; i < detected.columns; ++i) {
    const std::string original = i < detected.header.size() ? detected.header[i] : std::string();
    std::string name = original;
    if (original.empty()) {
      name = numbered(fmt::format("column_{}", i + 1));
      if (detected.has_header)
        columns.remarks.push_back(
            fmt::format("column {} has no name: it is called {}", i + 1, name));
    } else if (used.contains(original)) {
      name = numbered(original);
      columns.remarks.push_back(
          fmt::format("duplicate column name {} renamed to {} (column {})", original, name, i + 1));
    }
    used.insert(name);
    columns.names.push_back(std::move(name));
  }
  return columns;
}

}  // namespace lakegate::csv
