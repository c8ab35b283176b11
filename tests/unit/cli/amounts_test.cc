#include "cli/amounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/options.h"
#include "cli/progress_bar.h"

namespace lakegate::cli {
namespace {

TEST(Amounts, AsPeopleReadThem) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(1234567), "1,234,567");
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(2000, "row"), "2,000 rows");
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1000), "1.0 KB");
  EXPECT_EQ(bytes_text(99'949), "99.9 KB");
  EXPECT_EQ(bytes_text(123'456), "123 KB");
  EXPECT_EQ(bytes_text(999'900), "1.0 MB");
  EXPECT_EQ(bytes_text(5'000'000'000), "5.0 GB");
  EXPECT_EQ(duration_text(0.0123), "12 ms");
  EXPECT_EQ(duration_text(0.9999), "1.0 s");
  EXPECT_EQ(duration_text(59.99), "1 min 0 s");
  EXPECT_EQ(duration_text(125), "2 min 5 s");
  EXPECT_EQ(duration_text(3780), "1 h 3 min");
}

TEST(Choose, SuggestsTheNearest) {
  EXPECT_EQ(*choose("csv", {"table", "csv"}), 1U);
  const auto wrong = choose("tabel", {"table", "csv", "ndjson"});
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().message, testing::HasSubstr("did you mean table?"));
}

TEST(ProgressLine, SaysPercentRowsSpeedAndTimeLeft) {
  const ProgressView view{.label = "sales.csv",
                          .input_bytes = 50'000'000,
                          .total_bytes = 200'000'000,
                          .rows = 1'000'000,
                          .pass = 1,
                          .seconds = 0.5};
  EXPECT_EQ(progress_line(view, 100), "sales.csv   25%  1,000,000 rows  100 MB/s  1.5 s left  ");
}

TEST(ProgressLine, FitsTheTerminalAndSaysThatItIsTheSecondPass) {
  ProgressView view{.label = std::string(200, 'x'),
                    .input_bytes = 1,
                    .total_bytes = 2,
                    .rows = 3,
                    .pass = 2,
                    .seconds = 1};
  EXPECT_THAT(progress_line(view, 120), testing::HasSubstr("again"));
  for (std::size_t width = 1; width < 150; ++width)
    EXPECT_LE(progress_line(view, width).size(), width + 4) << width;  // "…" is three bytes
  view.label = "evil\x1b[2J\n";
  EXPECT_THAT(progress_line(view, 120), testing::Not(testing::HasSubstr("\x1b")));
}

}  // namespace
}  // namespace lakegate::cli
