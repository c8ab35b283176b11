#include "lake/amounts.h"

#include <gtest/gtest.h>

namespace lakegate {
namespace {

TEST(ParseBytes, Sizes) {
  const std::pair<const char*, std::uint64_t> good[] = {{"0", 0},
                                                        {"65536", 65536},
                                                        {"64MiB", 64ULL << 20},
                                                        {"64M", 64ULL << 20},
                                                        {"64m", 64ULL << 20},
                                                        {"1GB", 1'000'000'000},
                                                        {"2KiB", 2048},
                                                        {"3kb", 3000},
                                                        {"5b", 5},
                                                        {"1T", 1ULL << 40}};
  for (const auto& [text, bytes] : good) {
    const auto parsed = parse_bytes(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, bytes) << text;
  }
  for (const char* text :
       {"", "lots", "1 lot", "-1", "1.5G", "1Q", "1 MB", "99999999999999999999", "999999999999T"})
    EXPECT_FALSE(parse_bytes(text)) << text;
}

TEST(ParseDuration, Units) {
  using namespace std::chrono_literals;
  const std::pair<const char*, std::chrono::milliseconds> good[] = {
      {"0", 0ms},   {"7", 7s},    {"500ms", 500ms}, {"10s", 10s},
      {"5m", 5min}, {"12h", 12h}, {"2d", 48h}};
  for (const auto& [text, duration] : good) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, duration) << text;
  }
  for (const char* text :
       {"", "s", "-1s", "1.5s", "1 s", "1S", "1w", "3651d", "99999999999999999999"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace lakegate
