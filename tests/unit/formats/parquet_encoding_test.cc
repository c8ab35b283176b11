#include "formats/parquet/encoding_choice.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

namespace lakegate {
namespace {

constexpr std::int64_t kSample = 128 * 1024;
constexpr EncodingLimits kLimits{.row_group_rows = 1024 * 1024, .dictionary_bytes = 1024 * 1024};

using Make = std::function<std::int64_t(std::int64_t row, std::mt19937_64& random)>;

std::shared_ptr<arrow::Array> integers(const Make& make, std::int64_t rows = kSample) {
  std::mt19937_64 random(1);
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < rows; ++i) EXPECT_TRUE(builder.Append(make(i, random)).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> doubles(const Make& make) {
  std::mt19937_64 random(1);
  arrow::DoubleBuilder builder;
  for (std::int64_t i = 0; i < kSample; ++i)
    EXPECT_TRUE(builder.Append(static_cast<double>(make(i, random)) / 100).ok());
  return builder.Finish().ValueOrDie();
}

std::shared_ptr<arrow::Array> texts(const Make& make) {
  std::mt19937_64 random(1);
  arrow::StringBuilder builder;
  for (std::int64_t i = 0; i < kSample; ++i)
    EXPECT_TRUE(builder.Append("text " + std::to_string(make(i, random))).ok());
  return builder.Finish().ValueOrDie();
}

ColumnEncoding choose(std::shared_ptr<arrow::Array> array, EncodingLimits limits = kLimits,
                      bool whole_file = false) {
  const std::int64_t rows = array->length();
  return choose_encoding({.values = {std::move(array)}, .rows = rows, .whole_file = whole_file},
                         limits);
}

TEST(ChooseEncoding, Integers) {
  const auto sequence = [](auto row, auto&) { return row; };
  const auto noise = [](auto, auto& random) { return static_cast<std::int64_t>(random()); };
  const auto few_far_apart = [](auto, auto& random) {
    return static_cast<std::int64_t>(random() % 7) * 1'000'000'007;
  };
  const auto small = [](auto, auto& random) {
    return static_cast<std::int64_t>(random() % 100'000);
  };
  EXPECT_EQ(choose(integers(sequence)), ColumnEncoding::kDelta);
  EXPECT_EQ(choose(integers(noise)), ColumnEncoding::kDelta);
  EXPECT_EQ(choose(integers(small)), ColumnEncoding::kDelta);
  EXPECT_EQ(choose(integers(few_far_apart)), ColumnEncoding::kDictionary);
}

TEST(ChooseEncoding, DoublesAndTextsThatRepeatHaveADictionary) {
  const auto one_of = [](std::uint64_t kinds) {
    return [kinds](auto, auto& random) { return static_cast<std::int64_t>(random() % kinds); };
  };
  const auto noise = [](auto, auto& random) { return static_cast<std::int64_t>(random() >> 8); };
  EXPECT_EQ(choose(doubles(one_of(32'000))), ColumnEncoding::kDictionary);
  EXPECT_EQ(choose(doubles(one_of(33'000))), ColumnEncoding::kPlain);
  EXPECT_EQ(choose(doubles(noise)), ColumnEncoding::kPlain);
  EXPECT_EQ(choose(texts(one_of(5'000))), ColumnEncoding::kDictionary);
  EXPECT_EQ(choose(texts(noise)), ColumnEncoding::kPlain);
}

TEST(ChooseEncoding, ValuesThatRepeatOnlyNearbyGrowTheDictionaryForever) {
  // Each value five times in a row: a fifth of the sample is distinct, and so is any later fifth.
  EXPECT_EQ(choose(doubles([](auto row, auto&) { return row / 5; })), ColumnEncoding::kPlain);
  EXPECT_EQ(choose(doubles([](auto row, auto&) { return row / 5; }), kLimits, /*whole_file=*/true),
            ColumnEncoding::kDictionary);
}

TEST(ChooseEncoding, ModernEnginesReadMore) {
  EncodingLimits modern = kLimits;
  modern.modern = true;
  const auto noise = [](auto, auto& random) { return static_cast<std::int64_t>(random() >> 8); };
  EXPECT_EQ(choose(doubles(noise), modern), ColumnEncoding::kByteStreamSplit);
  EXPECT_EQ(choose(texts(noise), modern), ColumnEncoding::kDeltaLength);
  EXPECT_EQ(choose(integers(noise), modern), ColumnEncoding::kDelta);
}

TEST(ChooseEncoding, WithoutValuesThereIsNothingToChoose) {
  EXPECT_EQ(choose_encoding({}, kLimits), ColumnEncoding::kPlain);
  EXPECT_EQ(choose(arrow::MakeArrayOfNull(arrow::utf8(), 10).ValueOrDie()), ColumnEncoding::kPlain);
  EXPECT_EQ(choose(arrow::MakeArrayOfNull(arrow::int64(), 10).ValueOrDie()),
            ColumnEncoding::kDelta);
  EXPECT_EQ(choose(arrow::MakeArrayOfNull(arrow::boolean(), 10).ValueOrDie()),
            ColumnEncoding::kPlain);
}

}  // namespace
}  // namespace lakegate
