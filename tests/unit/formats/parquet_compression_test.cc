#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <gtest/gtest.h>
#include <parquet/file_reader.h>

#include <functional>
#include <random>

#include "unit/formats/parquet_files.h"

namespace lakegate {
namespace {

using Random = std::mt19937_64;
using Fill = std::function<void(std::int64_t row, Random& random, arrow::Int64Builder& builder)>;

// Whether the first leaf of a file is compressed.
bool is_compressed(const std::shared_ptr<arrow::Array>& array, ParquetOptions options = {}) {
  const auto schema = arrow::schema({arrow::field("c", array->type())});
  const std::string bytes = parquet_bytes(
      {arrow::RecordBatch::Make(schema, array->length(), {array})}, schema, std::move(options));
  const auto metadata = parquet::ReadMetaData(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)));
  return metadata->RowGroup(0)->ColumnChunk(0)->compression() != parquet::Compression::UNCOMPRESSED;
}

std::shared_ptr<arrow::Array> values(const Fill& fill, std::int64_t rows = 40'000) {
  Random random(1);
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < rows; ++i) fill(i, random, builder);
  return builder.Finish().ValueOrDie();
}

Fill noise(std::uint64_t kinds) {
  return [kinds](auto, Random& random, arrow::Int64Builder& builder) {
    EXPECT_TRUE(builder.Append(static_cast<std::int64_t>(random() % kinds)).ok());
  };
}

// Lists of so many random numbers each.
std::shared_ptr<arrow::Array> lists(std::int64_t length) {
  Random random(1);
  arrow::ListBuilder builder(arrow::default_memory_pool(), std::make_shared<arrow::Int64Builder>());
  auto& elements = static_cast<arrow::Int64Builder&>(*builder.value_builder());
  for (std::int64_t row = 0; row < 60'000 / length; ++row) {
    EXPECT_TRUE(builder.Append().ok());
    for (std::int64_t i = 0; i < length; ++i) noise(1 << 20)(i, random, elements);
  }
  return builder.Finish().ValueOrDie();
}

TEST(Compression, DeltasOfNoiseAreLeftAsTheyAre) {
  EXPECT_FALSE(is_compressed(values(noise(1 << 20))));
  EXPECT_FALSE(is_compressed(values(noise(std::uint64_t{1} << 62))));
  EXPECT_FALSE(is_compressed(lists(100)));
}

TEST(Compression, WhatRepeatsIsCompressed) {
  EXPECT_TRUE(is_compressed(values([](auto row, auto&, arrow::Int64Builder& builder) {
    EXPECT_TRUE(builder.Append(row).ok());
  })));
  EXPECT_TRUE(is_compressed(values([](auto row, auto&, arrow::Int64Builder& builder) {
    EXPECT_TRUE(builder.Append(row % 1000 * row % 7).ok());
  })));
}

// In a page they stand before the values, and are compressed with them or not.
TEST(Compression, LevelsCountToo) {
  EXPECT_TRUE(is_compressed(values([](auto row, Random& random, arrow::Int64Builder& builder) {
    if (row % 12 == 0)
      noise(1 << 17)(row, random, builder);
    else
      EXPECT_TRUE(builder.AppendNull().ok());
  })));
  EXPECT_TRUE(is_compressed(lists(2)));
}

TEST(Compression, TooFewValuesTellNothing) {
  EXPECT_TRUE(is_compressed(values(noise(1 << 20), 100)));
}

TEST(Compression, EveryTypeThatHasDeltas) {
  Random random(1);
  arrow::Date32Builder days;
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO),
                                arrow::default_memory_pool());
  arrow::Int32Builder small;
  for (int i = 0; i < 40'000; ++i) {
    ASSERT_TRUE(days.Append(static_cast<std::int32_t>(random() % (1 << 20))).ok());
    ASSERT_TRUE(times.Append(static_cast<std::int64_t>(random() >> 8)).ok());
    ASSERT_TRUE(small.Append(static_cast<std::int32_t>(random())).ok());
  }
  for (arrow::ArrayBuilder* builder :
       {static_cast<arrow::ArrayBuilder*>(&days), static_cast<arrow::ArrayBuilder*>(&times),
        static_cast<arrow::ArrayBuilder*>(&small)})
    EXPECT_FALSE(is_compressed(builder->Finish().ValueOrDie())) << builder->type()->ToString();
}

TEST(Compression, NoneMeansNone) {
  ParquetOptions options;
  options.compression = ParquetCompression::kNone;
  EXPECT_FALSE(is_compressed(lists(2), options));
}

// In the library's settings, which know columns by their dotted paths.
TEST(Compression, ColumnsWhosePathsReadAlike) {
  const auto inner = values(noise(1 << 20));
  arrow::StringBuilder texts;
  for (std::int64_t i = 0; i < inner->length(); ++i)
    ASSERT_TRUE(texts.Append("text " + std::to_string(i % 7)).ok());
  const auto record = arrow::StructArray::Make({inner}, {"b"}).ValueOrDie();
  const auto schema =
      arrow::schema({arrow::field("a.b", arrow::utf8()), arrow::field("a", record->type())});
  const std::string bytes = parquet_bytes(
      {arrow::RecordBatch::Make(schema, inner->length(), {texts.Finish().ValueOrDie(), record})},
      schema);
  EXPECT_FALSE(bytes.empty());
}

}  // namespace
}  // namespace lakegate
