#include "formats/csv/scanner.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace lakegate::csv {
namespace {

std::vector<std::uint32_t> values(const Positions& positions) {
  return {positions.data(), positions.data() + positions.size()};
}

struct Scanned {
  Index index;
  ScanState state = ScanState::kCellStart;
};

TEST(CsvScanner, FindsCellsAndLines) {
  const std::string bytes = "a,b\r\n\"x,\"\"\n\",2\rc,d\"e\n";
  Scanned scanned;
  scanned.state = scan({}, bytes.data(), 0, bytes.size(), scanned.state, scanned.index);
  EXPECT_EQ(values(scanned.index.cells), (std::vector<std::uint32_t>{1, 3, 12, 14, 16, 20}));
  EXPECT_EQ(values(scanned.index.lines), (std::vector<std::uint32_t>{1, 3, 5}));
  EXPECT_TRUE(scanned.index.quotes);
  EXPECT_TRUE(scanned.index.text_after_quote.empty());
  EXPECT_EQ(scanned.state, ScanState::kCellStart);
}

TEST(CsvScanner, TellsTextAfterAQuote) {
  const std::string bytes = "\"a\"b,\"c\"\n";
  Scanned scanned;
  scan({}, bytes.data(), 0, bytes.size(), scanned.state, scanned.index);
  EXPECT_EQ(values(scanned.index.text_after_quote), (std::vector<std::uint32_t>{3}));
}

// Random text of few characters, so that every neighbourhood of quotes, delimiters and line ends
// comes up, at every place in a block, from every state, in one piece and in several.
TEST(CsvScanner, EqualsTheScalarDefinition) {
  const auto seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<Dialect> dialects = {{',', '"'}, {';', '\''}, {'\t', '\0'}, {'|', '"'}};
  const std::vector<std::string> alphabets = {"abc,\"\n",
                                              "abcdefghijkl,\"\r\n",
                                              "aaaaaaaaaaaaaaaaaaaaaaa,;\"'\r\n",
                                              "\"\",\n",
                                              "abcdefghijklmnopqrstuvwxyz0123456789,\n",
                                              std::string("a;'\t|\"\0\r\n\x80\xFF", 11)};
  for (int round = 0; round < 4000; ++round) {
    const Dialect dialect = dialects[random() % dialects.size()];
    const std::string& alphabet = alphabets[random() % alphabets.size()];
    std::string bytes(random() % 400, ' ');
    for (char& c : bytes) c = alphabet[random() % alphabet.size()];
    Scanned expected, scanned;
    expected.state = scanned.state = static_cast<ScanState>(random() % 5);
    expected.state =
        scan_scalar(dialect, bytes.data(), 0, bytes.size(), expected.state, expected.index);
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t end = std::min<std::size_t>(bytes.size(), at + 1 + random() % 300);
      scanned.state = scan(dialect, bytes.data(), at, end, scanned.state, scanned.index);
      at = end;
    }
    ASSERT_EQ(values(scanned.index.cells), values(expected.index.cells)) << bytes;
    ASSERT_EQ(values(scanned.index.lines), values(expected.index.lines)) << bytes;
    ASSERT_EQ(values(scanned.index.text_after_quote), values(expected.index.text_after_quote))
        << bytes;
    ASSERT_EQ(scanned.state, expected.state) << bytes;
    ASSERT_EQ(scanned.index.quotes, expected.index.quotes) << bytes;
  }
}

}  // namespace
}  // namespace lakegate::csv
