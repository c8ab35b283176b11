#include "lake/landing_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakegate {
namespace {

using Captures = std::map<std::string, std::string>;
using testing::HasSubstr;

TEST(LandingPattern, Matches) {
  struct Case {
    const char* pattern;
    const char* key;
    std::optional<Captures> captures;
  };
  const Captures none;
  const Case cases[] = {
      {"a/*.csv", "a/b.csv", none},
      {"a/*.csv", "a/.csv", none},
      {"a/*.csv", "a/b/c.csv", std::nullopt},
      {"a/*.csv", "b/b.csv", std::nullopt},
      {"a/*.csv", "a/b.csv.gz", none},
      {"a/*.csv", "a/b.csv.zst", none},
      {"a/*.csv", "a/b.csv.bz2", std::nullopt},
      {"a/*.csv.gz", "a/b.csv", std::nullopt},
      {"a/*.csv.gz", "a/b.csv.gz", none},
      {"a/*.csv.gz", "a/b.csv.gz.gz", std::nullopt},
      {"a/?.csv", "a/b.csv", none},
      {"a/?.csv", "a/bb.csv", std::nullopt},
      {"a?b", "a/b", std::nullopt},
      {"a/**", "a/b/c/d.csv", none},
      {"a/**", "a/b.csv", none},
      {"a/**", "ab.csv", std::nullopt},
      {"**/x.csv", "x.csv", none},
      {"**/x.csv", "a/b/x.csv", none},
      {"**/x.csv", "ax.csv", std::nullopt},
      {"a/**/x.csv", "a/x.csv", none},
      {"a/**/x.csv", "a/b/c/x.csv", none},
      {"a/**/x.csv", "a/bx.csv", std::nullopt},
      {"sales/{store}/{date:%Y%m%d}_*.csv", "sales/north/20240102_a.csv",
       Captures{{"store", "north"}, {"date", "2024-01-02"}}},
      {"sales/{store}/{date:%Y%m%d}_*.csv", "sales/north/20240231_a.csv", std::nullopt},
      {"sales/{store}/{date:%Y%m%d}_*.csv", "sales/north/2024_a.csv", std::nullopt},
      {"sales/{store}/{date:%Y%m%d}_*.csv", "sales//20240102_a.csv", std::nullopt},
      {"{at:%Y-%m-%dT%H%M%S}.csv", "2024-01-02T030405.csv",
       Captures{{"at", "2024-01-02T03:04:05"}}},
      {"{at:%d.%m.%Y %H}h.csv", "02.01.2024 23h.csv", Captures{{"at", "2024-01-02T23:00:00"}}},
      {"{at:%Y%m%d%%}.csv", "20240102%.csv", Captures{{"at", "2024-01-02"}}},
      {"{a}_{b}.csv", "x_y_z.csv", Captures{{"a", "x"}, {"b", "y_z"}}},
      {"{a}{b}", "x", std::nullopt},
      {"{name}.csv", "x.csv.gz", Captures{{"name", "x"}}},
      {"a\\*/b", "a*/b", none},
      {"a\\*/b", "ax/b", std::nullopt},
      {"a\\{b\\}/*", "a{b}/c", none},
      {"[a]+(b).csv", "[a]+(b).csv", none},
  };
  for (const auto& [pattern, key, captures] : cases) {
    const auto parsed = LandingPattern::parse(pattern);
    ASSERT_TRUE(parsed.has_value()) << pattern << ": " << parsed.error().message;
    EXPECT_EQ(parsed->match(key), captures) << pattern << " on " << key;
  }
}

TEST(LandingPattern, RefusesWithThePlace) {
  struct Case {
    const char* pattern;
    std::uint64_t column;
    const char* message;
  };
  const Case cases[] = {
      {"", 1, "empty"},
      {"/a", 1, "relative"},
      {"landing/a/*.csv", 1, "a/*.csv"},
      {"a/", 2, "**"},
      {"a//b", 3, "two"},
      {"a/../b", 3, ".."},
      {"a/_b/*", 3, "never match"},
      {"a/***", 5, "**"},
      {"a/{b", 3, "without \"}\""},
      {"a/b}", 4, "\\}"},
      {"a/{B}", 3, "not a name"},
      {"a/{}", 3, "not a name"},
      {"{a}/{a}", 5, "twice"},
      {"{a:%Y}", 4, "%Y, %m and %d"},
      {"{a:%q}", 4, "unknown directive"},
      {"{a:%Y%m%d%}", 4, "unknown directive"},
      {"{a:%Y%m%d%d}", 4, "twice"},
      {"{a:%Y%m%d%M}", 4, "larger"},
      {"{a:%Y/%m/%d}", 4, "\"/\""},
      {"a\\", 2, "literal"},
  };
  for (const auto& [pattern, column, message] : cases) {
    const auto parsed = LandingPattern::parse(pattern);
    ASSERT_FALSE(parsed.has_value()) << pattern;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(parsed.error().where.column, column) << pattern;
    EXPECT_THAT(parsed.error().message, HasSubstr(message)) << pattern;
  }
}

TEST(LandingPattern, EverythingUnderAFolderOfAnyName) {
  const auto pattern = LandingPattern::everything_under("a*{b}\\?");
  EXPECT_TRUE(pattern.match("a*{b}\\?/x/y.csv"));
  EXPECT_FALSE(pattern.match("ax{b}\\?/y.csv"));
  const auto parsed = LandingPattern::parse(pattern.text());
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  EXPECT_TRUE(parsed->match("a*{b}\\?/x/y.csv"));
}

TEST(LandingPattern, KnowsWhatCapturesYield) {
  const auto pattern = LandingPattern::parse("{a}/{b:%Y%m%d}/{c:%Y%m%d%H}");
  ASSERT_TRUE(pattern.has_value());
  EXPECT_EQ(pattern->capture_kind("a"), LandingPattern::CaptureKind::kText);
  EXPECT_EQ(pattern->capture_kind("b"), LandingPattern::CaptureKind::kDate);
  EXPECT_EQ(pattern->capture_kind("c"), LandingPattern::CaptureKind::kTimestamp);
  EXPECT_EQ(pattern->capture_kind("/"), std::nullopt);
  EXPECT_THAT(pattern->capture_names(), testing::ElementsAre("a", "b", "c"));
}

// Exponential backtracking would not come to an end.
TEST(LandingPattern, ManyStarsStayFast) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "*a";
  const auto pattern = LandingPattern::parse(text + "b");
  ASSERT_TRUE(pattern.has_value());
  EXPECT_FALSE(pattern->match(std::string(1000, 'a')));
}

}  // namespace
}  // namespace lakegate
