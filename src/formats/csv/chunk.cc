#include "formats/csv/chunk.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <utility>

#include "formats/arrow_bridge.h"
#include "formats/columns/build.h"

namespace lakegate::csv {

CsvChunk::CsvChunk(RecordBlock block, std::shared_ptr<const Layout> layout)
    : layout_(std::move(layout)),
      bytes_(std::move(block.bytes)),
      offset_(block.offset),
      line_(block.line),
      quotes_(block.quotes) {
  records = block.rows.size();
  rows_.begins.reserve(block.rows.size());
  rows_.ends = std::move(block.cells);
  const std::size_t width = layout_->columns.size();
  const bool all_utf8 = simdjson::validate_utf8(bytes_.data(), bytes_.size());
  auto malformed = block.malformed.begin();
  for (std::uint32_t i = 0; i < block.rows.size(); ++i) {
    const Row& row = block.rows[i];
    BadRecord bad{.record = i, .begin = row.begin, .end = row.end, .cells = row.cells};
    if (malformed != block.malformed.end() && malformed->row == i) {
      bad.reason = malformed->reason;
      bad.cut = malformed->cut;
      ++malformed;
    } else if (!all_utf8 &&
               !simdjson::validate_utf8(bytes_.data() + row.begin, row.end - row.begin)) {
      bad.reason = RejectReason::kInvalidUtf8;
    } else if (row.cells != width) {
      bad.reason = row.cells < width ? RejectReason::kTooFewColumns : RejectReason::kTooManyColumns;
    } else {
      // Cells of bad records and blank lines are closed up.
      const std::size_t first = rows_.begins.size() * width;
      if (row.first_cell != first) {
        for (std::size_t c = 0; c < width; ++c)
          rows_.ends.set(first + c, rows_.ends[row.first_cell + c]);
      }
      rows_.begins.push_back(row.begin);
      continue;
    }
    bad_.push_back(bad);
  }
}

columns::Cells CsvChunk::cells_of(const Rows& rows, std::size_t column) const {
  return {.bytes = bytes_.data(),
          .begins = rows.begins.data(),
          .ends = rows.ends.data(),
          .rows = rows.begins.size(),
          .stride = layout_->columns.size(),
          .column = column,
          .quote = layout_->dialect.quote,
          .quotes = quotes_ && layout_->dialect.quote != '\0'};
}

Result<DecodedChunk> CsvChunk::decode(const DecodePlan& plan) const {
  DecodedChunk decoded;
  const bool any_inferred = std::any_of(plan.columns.begin(), plan.columns.end(),
                                        [](const ColumnPlan& c) { return c.inferred; });
  std::vector<RowFault> faults;
  Rows kept;
  const Rows* rows = &rows_;
  arrow::ArrayVector arrays(plan.columns.size());
  // The first round finds the rows to reject; if there are any, the second one leaves them out.
  for (int round = 0; round < 2; ++round) {
    std::vector<columns::Failure> failures;
    decoded.seen = std::vector<Observed>(plan.columns.size());
    for (std::uint32_t i = 0; i < plan.columns.size(); ++i) {
      const ColumnPlan& column = plan.columns[i];
      LAKEGATE_CHECK(columns::can_build(column));
      if (column.source >= static_cast<int>(layout_->columns.size())) {
        return invalid_input(fmt::format("column {} is planned from cell {}, but records have {}",
                                         column.field.name, column.source + 1,
                                         layout_->columns.size()));
      }
      const auto source = static_cast<std::size_t>(std::max(column.source, 0));
      LAKEGATE_TRY(arrays[i],
                   columns::build(cells_of(*rows, source), {.plan = column,
                                                            .column = i,
                                                            .nulls = layout_->nulls,
                                                            .failures = failures,
                                                            .seen = decoded.seen[i].seen}));
    }
    bool guess_failed = false;
    for (const columns::Failure& failure : failures) {
      // Only a settled column rejects rows; a guess does not hold if a row that is not rejected
      // speaks against it.
      const bool guessed =
          plan.columns[failure.column].inferred && failure.reason == RejectReason::kTypeMismatch;
      guess_failed |= guessed;
      if (!guessed) faults.push_back({failure.row, failure.column, failure.reason});
    }
    if (round == 1 || faults.empty()) {
      decoded.contradicted = guess_failed;
      break;
    }
    // The first column that does not take its cell speaks for the row.
    std::sort(faults.begin(), faults.end(), [](const RowFault& a, const RowFault& b) {
      return std::pair(a.row, a.column) < std::pair(b.row, b.column);
    });
    faults.erase(std::unique(faults.begin(), faults.end(),
                             [](const RowFault& a, const RowFault& b) { return a.row == b.row; }),
                 faults.end());
    kept = without(faults);
    rows = &kept;
  }
  if (!any_inferred) decoded.seen.clear();
  if (decoded.contradicted) return decoded;
  decoded.rejects = rejects(faults, plan);
  arrow::FieldVector fields;
  for (const ColumnPlan& column : plan.columns) fields.push_back(to_arrow(column.field));
  decoded.rows =
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                               static_cast<std::int64_t>(rows->begins.size()), std::move(arrays));
  return decoded;
}

Result<void> CsvChunk::observe(Observed& root) const {
  for (std::size_t i = 0; i < layout_->columns.size(); ++i) {
    Observed& column = root.field(layout_->columns[i]);
    if ((column.seen & kSeenText) == 0)
      columns::observe(cells_of(rows_, i), layout_->nulls, column.seen);
  }
  return {};
}

CsvChunk::Rows CsvChunk::without(const std::vector<RowFault>& faults) const {
  const std::size_t width = layout_->columns.size();
  Rows kept;
  kept.begins.reserve(rows_.begins.size());
  kept.ends.reserve(rows_.begins.size() * width);
  auto fault = faults.begin();
  for (std::uint32_t row = 0; row < rows_.begins.size(); ++row) {
    if (fault != faults.end() && fault->row == row) {
      ++fault;
      continue;
    }
    kept.begins.push_back(rows_.begins[row]);
    for (std::size_t c = 0; c < width; ++c) kept.ends.push_back(rows_.ends[row * width + c]);
  }
  return kept;
}

// The bad records before a row of the table move it back in its chunk.
std::uint32_t CsvChunk::record_of(std::uint32_t row) const {
  std::uint32_t record = row;
  for (const BadRecord& bad : bad_) {
    if (bad.record > record) break;
    ++record;
  }
  return record;
}

std::vector<Reject> CsvChunk::rejects(const std::vector<RowFault>& faults,
                                      const DecodePlan& plan) const {
  std::vector<Reject> all;
  all.reserve(bad_.size() + faults.size());
  auto bad = bad_.begin();
  for (const RowFault& fault : faults) {
    Reject reject = reject_of(fault, plan);
    for (; bad != bad_.end() && first_row + bad->record < reject.row; ++bad)
      all.push_back(reject_of(*bad));
    all.push_back(std::move(reject));
  }
  for (; bad != bad_.end(); ++bad) all.push_back(reject_of(*bad));
  // Offsets ascend, so that lines are counted once through.
  LineCounter counter;
  std::uint64_t counted = 0;
  for (Reject& reject : all) {
    const std::uint64_t begin = reject.offset - offset_;
    counter.add(bytes_.data() + counted, begin - counted);
    counted = begin;
    reject.line = line_ + counter.lines();
  }
  return all;
}

namespace {

Reject place(std::uint64_t row, std::uint64_t offset, std::string_view raw) {
  Reject reject;
  reject.row = row;
  reject.offset = offset;
  reject.raw_was_cut = raw.size() > kMaxRawBytes;
  reject.raw = raw.substr(0, kMaxRawBytes);
  return reject;
}

// Where the first character that is not UTF-8 begins, in text that has one.
std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t i = 0;
  while (i + 1 < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (i + length > text.size() || !simdjson::validate_utf8(text.data() + i, length)) break;
    i += length;
  }
  return i;
}

std::string counted(std::size_t cells) {
  return cells == 1 ? "1 cell" : fmt::format("{} cells", cells);
}

}  // namespace

Reject CsvChunk::reject_of(const RowFault& fault, const DecodePlan& plan) const {
  const std::size_t width = layout_->columns.size();
  const ColumnPlan& column = plan.columns[fault.column];
  const std::uint32_t begin = rows_.begins[fault.row];
  const std::uint32_t end = rows_.ends[(fault.row + 1) * width - 1];
  Reject reject = place(first_row + record_of(fault.row), offset_ + begin,
                        {bytes_.data() + begin, end - begin});
  reject.column = column.field.name;
  reject.reason = fault.reason;
  if (fault.reason != RejectReason::kTypeMismatch) {
    const std::string_view why = fault.reason == RejectReason::kPartitionNull
                                     ? "the rows are partitioned by this column"
                                     : "the column is required";
    reject.message =
        std::string(why) +
        (column.source < 0
             ? ", and the file does not have it: correct the file or the configuration"
             : ", and the cell is empty or a null token: correct the record or the configuration");
    return reject;
  }
  std::string text;
  columns::append_cell_text(cells_of(rows_, static_cast<std::size_t>(column.source)).raw(fault.row),
                            layout_->dialect.quote, text);
  reject.message = columns::describe_mismatch(text, column);
  return reject;
}

Reject CsvChunk::reject_of(const BadRecord& bad) const {
  const std::string_view raw(bytes_.data() + bad.begin, bad.end - bad.begin);
  Reject reject = place(first_row + bad.record, offset_ + bad.begin, raw);
  reject.reason = bad.reason;
  reject.raw_was_cut |= bad.cut;
  const std::size_t width = layout_->columns.size();
  switch (bad.reason) {
    case RejectReason::kTooFewColumns:
    case RejectReason::kTooManyColumns:
      reject.message = fmt::format(
          "the record has {}, the table {}: correct the record; if many are like it, see "
          "whether {} is the delimiter (--delimiter)",
          counted(bad.cells), counted(width),
          columns::shown(std::string_view(&layout_->dialect.delimiter, 1)));
      break;
    case RejectReason::kInvalidUtf8: {
      const std::size_t valid = valid_utf8_prefix(raw);
      reject.message = fmt::format(
          "the byte 0x{:02x} at offset {} is not UTF-8: convert the file, for instance with "
          "`iconv -f WINDOWS-1252 -t UTF-8`",
          static_cast<unsigned char>(raw[valid]), reject.offset + valid);
      break;
    }
    case RejectReason::kRecordTooLong:
      reject.message = fmt::format(
          "the record is longer than {} MiB: split it, or see whether a quote is missing",
          kMaxRecordBytes / (1024 * 1024));
      break;
    case RejectReason::kUnclosedQuote:
      reject.message =
          "a quoted cell that begins on this line is not closed as it should be; reading goes on "
          "with the next line: double the quotes inside it, or choose another --quote";
      break;
    default:
      reject.message =
          "text follows the closing quote of a cell: double the quotes inside it, or choose "
          "another --quote";
  }
  return reject;
}

}  // namespace lakegate::csv
