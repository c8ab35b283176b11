#include "formats/csv/cutter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

#include "formats/csv/dialect.h"
#include "formats/records.h"

namespace lakegate::csv {
namespace {

// Gives at most `piece` bytes a read.
class DribblingStream : public ByteStream {
 public:
  DribblingStream(std::string_view bytes, std::size_t piece) : view_(bytes), piece_(piece) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    return view_.read(out.first(std::min(out.size(), piece_)));
  }
  std::uint64_t input_bytes() const override { return view_.input_bytes(); }

 private:
  ViewStream view_;
  std::size_t piece_;
};

struct Found {
  std::uint64_t block, offset, end;
  std::uint64_t line;  // of the block
  std::uint32_t cells;
  int reason;  // -1: none
  bool operator==(const Found&) const = default;
};

void PrintTo(const Found& found, std::ostream* out) {
  *out << "{block " << found.block << ", bytes " << found.offset << " to " << found.end
       << ", block's line " << found.line << ", " << found.cells << " cells, reason "
       << found.reason << "}";
}

std::vector<Found> cut(std::string_view bytes, std::size_t piece, RecordCutter::Start start = {}) {
  RecordCutter cutter(std::make_unique<DribblingStream>(bytes, piece), {}, start);
  std::vector<Found> found;
  for (std::uint64_t number = 0;; ++number) {
    auto block = cutter.next();
    EXPECT_TRUE(block);
    if (!block || !*block) return found;
    auto malformed = (*block)->malformed.begin();
    for (std::uint32_t i = 0; i < (*block)->rows.size(); ++i) {
      const Row& row = (*block)->rows[i];
      int reason = -1;
      if (malformed != (*block)->malformed.end() && malformed->row == i)
        reason = static_cast<int>((malformed++)->reason);
      found.push_back({number, (*block)->offset + row.begin, (*block)->offset + row.end,
                       (*block)->line, reason < 0 ? row.cells : 0, reason});
    }
  }
}

constexpr int kUnclosed = static_cast<int>(RejectReason::kUnclosedQuote);
constexpr int kTooLong = static_cast<int>(RejectReason::kRecordTooLong);
constexpr int kAfter = static_cast<int>(RejectReason::kTextAfterQuote);

std::uint64_t lines_before(std::string_view bytes, std::uint64_t offset) {
  std::uint64_t lines = 1;
  for (std::uint64_t i = 0; i < offset; ++i)
    lines +=
        bytes[i] == '\n' || (bytes[i] == '\r' && (i + 1 == bytes.size() || bytes[i + 1] != '\n'));
  return lines;
}

TEST(CsvCutter, BlocksDependOnContentAlone) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const char* const line_ends[] = {"\n", "\r\n", "\r", "\n\n", "\r\n\r\n"};
  const char* const cells[] = {
      "a", "12", "\"q\"", "\"a,\"\"b\"", "\"line\nbreak\"", "\"cr\r\nlf\"", "5'10\"", ""};
  std::string bytes;
  while (bytes.size() < 3 * kChunkBytes) {
    const std::size_t columns = 1 + random() % 4;
    for (std::size_t i = 0; i < columns; ++i) {
      if (i > 0) bytes += ',';
      bytes += cells[random() % std::size(cells)];
      if (random() % 500 == 0) bytes += std::string(random() % 5000, 'x');
    }
    if (random() % 2000 == 0) bytes += ",\"stray";
    bytes += line_ends[random() % 20 < 16 ? random() % 2 : random() % std::size(line_ends)];
  }
  const std::vector<Found> whole = cut(bytes, bytes.size());
  EXPECT_GT(whole.back().block, 2u);
  for (std::size_t piece : {1u, 63u, 977u, 65'536u}) EXPECT_EQ(cut(bytes, piece), whole) << piece;
  // Blocks say their line, and rows lie side by side.
  for (std::size_t i = 1; i < whole.size(); ++i) {
    ASSERT_GE(whole[i].offset, whole[i - 1].end);
    if (whole[i].block != whole[i - 1].block) {
      const std::string_view between =
          std::string_view(bytes).substr(whole[i - 1].end, whole[i].offset - whole[i - 1].end);
      const std::uint64_t blank_lines = lines_before(between, between.size()) - 2;
      ASSERT_EQ(whole[i].line + blank_lines, lines_before(bytes, whole[i].offset));
    }
  }
}

TEST(CsvCutter, ABlockEndsWithTheRecordThatReachesALimit) {
  std::string bytes;
  for (std::uint64_t i = 0; i < kChunkRecords + 1; ++i) bytes += "1,2\n";
  std::vector<Found> found = cut(bytes, 1000);
  EXPECT_EQ(found[kChunkRecords - 1].block, 0u);
  EXPECT_EQ(found[kChunkRecords].block, 1u);

  bytes = std::string(kChunkBytes - 2, 'x') + "\n1\n2\n";
  found = cut(bytes, 1000);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[1].block, 0u);
  EXPECT_EQ(found[2].block, 1u);
}

TEST(CsvCutter, AStrayQuoteLosesOneLine) {
  std::string bytes = "a,b\n1,\"open\n";
  const std::uint64_t after = bytes.size();
  for (int i = 0; i < 1000; ++i) bytes += "2,3\n";
  const std::vector<Found> found = cut(bytes, bytes.size());
  ASSERT_EQ(found.size(), 1002u);
  EXPECT_EQ(found[1], (Found{0, 4, after - 1, 1, 0, kUnclosed}));
  EXPECT_EQ(found[2].offset, after);
  EXPECT_EQ(found[2].cells, 2u);
}

TEST(CsvCutter, AStrayQuoteThatALaterQuoteClosesLosesOneLine) {
  const std::string bytes = "1,\"open\n2,3\n4,\"five\"\n\"6\",7\n";
  const std::vector<Found> found = cut(bytes, 5);
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0], (Found{0, 0, 7, 1, 0, kUnclosed}));
  EXPECT_EQ(found[1], (Found{0, 8, 11, 1, 2, -1}));
  EXPECT_EQ(found[3], (Found{0, 21, 26, 1, 2, -1}));
}

TEST(CsvCutter, TextAfterAQuoteOnTheSameLineIsARecordOfItsOwn) {
  const std::vector<Found> found = cut("\"a\"b,2\n3,4\n", 3);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], (Found{0, 0, 6, 1, 0, kAfter}));
  EXPECT_EQ(found[1].cells, 2u);
}

TEST(CsvCutter, AQuoteLeftOpenForTooLongLosesOneLine) {
  std::string bytes = "1,\"open\r\n";
  const std::uint64_t after = bytes.size();
  const std::string line = std::string(1023, 'y') + "\n";
  while (bytes.size() < kMaxRecordBytes + 3 * kChunkBytes) bytes += line;
  const std::size_t lines = (bytes.size() - after) / line.size();
  bytes += "\"now, closed\"\n";
  for (std::size_t piece : {std::size_t{1} << 30, std::size_t{100'003}}) {
    const std::vector<Found> found = cut(bytes, piece);
    ASSERT_EQ(found.size(), 1 + lines + 1);
    EXPECT_EQ(found[0], (Found{0, 0, after - 2, 1, 0, kUnclosed}));
    EXPECT_EQ(found[1].offset, after);
    EXPECT_EQ(found.back().cells, 1u);
  }
}

TEST(CsvCutter, ARecordThatIsTooLongIsPassedOver) {
  const std::string before = "1,2\n";
  const std::string longest(kMaxRecordBytes, 'x');
  for (std::size_t piece : {std::size_t{1} << 30, std::size_t{100'003}}) {
    std::vector<Found> found = cut(before + longest + "\n3,4\n", piece);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[1].reason, -1) << "just short enough";

    const std::string bytes = before + longest + "x,\"quoted, too\"\r\n3,4\n5,6";
    found = cut(bytes, piece);
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[1], (Found{0, 4, 4 + kMaxRawBytes, 1, 0, kTooLong}));
    EXPECT_EQ(found[2], (Found{1, bytes.size() - 7, bytes.size() - 4, 3, 2, -1}));
    EXPECT_EQ(found[3].end, bytes.size());

    found = cut(before + longest + longest, piece);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[1].reason, kTooLong);
  }
}

TEST(CsvCutter, ManyBlankLinesAreNotKept) {
  const std::string bytes = "1\n" + std::string(3 * kChunkBytes, '\n') + "2";
  for (std::size_t piece : {std::size_t{1} << 30, std::size_t{4'099}}) {
    const std::vector<Found> found = cut(bytes, piece);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[1].offset, bytes.size() - 1);
    EXPECT_LE(found[1].line, 3 * kChunkBytes + 2);
  }
}

TEST(CsvCutter, PassesOverWhatComesFirst) {
  const std::vector<Found> found = cut("header\r\n1\r\n2", 3, {.offset = 8, .line = 2});
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], (Found{0, 8, 9, 2, 1, -1}));
  EXPECT_EQ(found[1].offset, 11u);
}

TEST(CsvCutter, NothingIsNoBlock) {
  EXPECT_TRUE(cut("", 10).empty());
  EXPECT_TRUE(cut("\n\r\n\r", 1).empty());
}

}  // namespace
}  // namespace lakegate::csv
