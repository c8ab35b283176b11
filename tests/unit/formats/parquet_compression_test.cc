#include "formats/parquet/compression_choice.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace lakegate {
namespace {

using Make = std::function<std::int64_t(std::int64_t row, std::mt19937_64& random)>;

bool is_worth_it(const Make& make, ColumnEncoding encoding = ColumnEncoding::kDelta,
                 std::int64_t rows = 32 * 1024) {
  std::mt19937_64 random(1);
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(make(i, random)).ok());
  const auto array = builder.Finish().ValueOrDie();
  const auto codec = arrow::util::Codec::Create(arrow::Compression::ZSTD, 1).ValueOrDie();
  return is_worth_compressing({.values = {array}, .rows = rows}, encoding, *codec);
}

const Make kNoise = [](auto, auto& random) { return static_cast<std::int64_t>(random()); };

TEST(CompressionChoice, NoiseIsNotCompressed) {
  EXPECT_FALSE(is_worth_it(kNoise));
  EXPECT_FALSE(is_worth_it(
      [](auto, auto& random) { return static_cast<std::int64_t>(random() % (1 << 20)); }));
}

TEST(CompressionChoice, WhatRepeatsIs) {
  EXPECT_TRUE(is_worth_it([](auto row, auto&) { return row; }));
  EXPECT_TRUE(is_worth_it([](auto row, auto&) { return row % 1000 * row % 7; }));
}

TEST(CompressionChoice, OtherEncodingsAndTooFewValuesAreNotTried) {
  EXPECT_TRUE(is_worth_it(kNoise, ColumnEncoding::kPlain));
  EXPECT_TRUE(is_worth_it(kNoise, ColumnEncoding::kDictionary));
  EXPECT_TRUE(is_worth_it(kNoise, ColumnEncoding::kDelta, 100));
}

TEST(CompressionChoice, EveryTypeThatHasDeltasAndNullsAmongThem) {
  std::mt19937_64 random(1);
  arrow::Date32Builder days;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO),
                                arrow::default_memory_pool());
  arrow::Int32Builder small;
  for (int i = 0; i < 32 * 1024; ++i) {
    if (i % 3 == 0) {
      ASSERT_TRUE(days.AppendNull().ok() && times.AppendNull().ok() && small.AppendNull().ok());
      continue;
    }
    ASSERT_TRUE(days.Append(static_cast<std::int32_t>(random())).ok());
    ASSERT_TRUE(times.Append(static_cast<std::int64_t>(random())).ok());
    ASSERT_TRUE(small.Append(7).ok());
  }
  const auto codec = arrow::util::Codec::Create(arrow::Compression::ZSTD, 1).ValueOrDie();
  const auto worth = [&](arrow::ArrayBuilder& builder) {
    return is_worth_compressing({.values = {builder.Finish().ValueOrDie()}, .rows = 32 * 1024},
                                ColumnEncoding::kDelta, *codec);
  };
  EXPECT_FALSE(worth(days));
  EXPECT_FALSE(worth(times));
  EXPECT_TRUE(worth(small));
}

}  // namespace
}  // namespace lakegate
