#include "formats/parquet/reader.h"

#include <gmock/gmock.h>

#include "formats/records.h"
#include "schema/types.h"
#include "unit/formats/json_array.h"
#include "unit/formats/parquet_files.h"

namespace lakegate {
namespace {

using testing::HasSubstr;

std::string numbers(std::int64_t rows) {
  arrow::Int64Builder a;
  arrow::StringBuilder b;
  for (std::int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(a.Append(i * i).ok());
    EXPECT_TRUE(b.Append("row " + std::to_string(i)).ok());
  }
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8())});
  return parquet_bytes(
      {arrow::RecordBatch::Make(schema, rows, {a.Finish().ValueOrDie(), b.Finish().ValueOrDie()})},
      schema);
}

TEST(ParquetReader, GivesBatchesOfAFixedSize) {
  auto batches = open_parquet_batches(memory_input("f", numbers(100'000)));
  ASSERT_TRUE(batches) << batches.error().to_string();
  std::vector<std::int64_t> sizes;
  while (true) {
    const auto batch = (*batches)->next();
    ASSERT_TRUE(batch) << batch.error().to_string();
    if (*batch == nullptr) break;
    sizes.push_back((*batch)->num_rows());
  }
  const auto most = static_cast<std::int64_t>(kChunkRecords);
  EXPECT_EQ(sizes, (std::vector<std::int64_t>{most, most, most, 100'000 - 3 * most}));
}

TEST(ParquetReader, GivesSmallerBatchesOfLongRows) {
  arrow::StringBuilder builder;
  for (int i = 0; i < 20'000; ++i)
    ASSERT_TRUE(builder.Append(std::string(10'000, static_cast<char>('a' + i % 3))).ok());
  const auto schema = arrow::schema({arrow::field("a", arrow::utf8())});
  const auto array = builder.Finish().ValueOrDie();
  const std::string bytes =
      parquet_bytes({arrow::RecordBatch::Make(schema, 20'000, {array})}, schema);
  auto batches = open_parquet_batches(memory_input("f", bytes));
  const auto first = (*batches)->next();
  ASSERT_TRUE(first);
  EXPECT_LE((*first)->num_rows(), 500);
  EXPECT_GE((*first)->num_rows(), 100);
}

TEST(ParquetReader, RefusesWhatIsNoParquet) {
  for (const std::string& bytes :
       {std::string(), std::string("PAR1"), std::string("a,b\n1,2\n"),
        "PAR1" + std::string(100, 'x') + "PAR1", std::string("PAR1\xff\xff\xff\x7fPAR1", 12)}) {
    const auto contents = parquet_contents(memory_input("landed.parquet", bytes));
    ASSERT_FALSE(contents);
    EXPECT_EQ(contents.error().kind, ErrorKind::kInvalidInput);
    EXPECT_THAT(contents.error().to_string(), HasSubstr("landed.parquet: "));
    EXPECT_THAT(contents.error().message, HasSubstr("Parquet"));
  }
}

Result<std::int64_t> count_rows(const std::string& bytes) {
  LAKEGATE_TRY(auto batches, open_parquet_batches(memory_input("landed.parquet", bytes)));
  std::int64_t rows = 0;
  while (true) {
    LAKEGATE_TRY(const auto batch, batches->next());
    if (batch == nullptr) return rows;
    if (!batch->ValidateFull().ok()) return invalid_input("it gave rows that are not valid");
    rows += batch->num_rows();
  }
}

TEST(ParquetReader, DamageIsAnErrorAndNeverACrashOrOtherValues) {
  const std::string whole = numbers(3'000);
  ASSERT_EQ(count_rows(whole).value_or(-1), 3'000);
  const auto expected = read_parquet(whole);
  int refused = 0, tried = 0;
  for (std::size_t at = 4; at < whole.size(); at += 13, ++tried) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    if (!count_rows(damaged)) {
      ++refused;
      continue;
    }
    // Names and statistics have no checksum; rows have.
    const auto read = read_parquet(damaged);
    for (int i = 0; i < 2; ++i)
      EXPECT_TRUE(read->column(i)->Equals(*expected->column(i))) << "a byte changed at " << at;
  }
  EXPECT_GT(refused, tried / 2);
  for (std::size_t size = 0; size < whole.size(); size += 101)
    EXPECT_FALSE(count_rows(whole.substr(0, size))) << size;
}

struct CastCase {
  std::shared_ptr<arrow::DataType> from;
  const char* values;
  std::shared_ptr<arrow::DataType> to;
  const char* result;          // or null
  const char* complaint = "";  // of the value that does not fit
};
void PrintTo(const CastCase& c, std::ostream* out) {
  *out << c.from->ToString() << " " << c.values << " as " << c.to->ToString();
}

class CastExactly : public testing::TestWithParam<CastCase> {};

TEST_P(CastExactly, KeepsEveryValueOrSaysWhichItCannot) {
  const CastCase& c = GetParam();
  const auto cast = cast_exactly(array_of(c.from, c.values), c.to);
  if (c.result == nullptr) {
    ASSERT_FALSE(cast) << (*cast)->ToString();
    EXPECT_THAT(cast.error().message, HasSubstr(c.complaint));
    return;
  }
  ASSERT_TRUE(cast) << cast.error().message;
  ASSERT_TRUE((*cast)->ValidateFull().ok());
  EXPECT_TRUE(
      (*cast)->Equals(array_of(c.to, c.result), arrow::EqualOptions::Defaults().nans_equal(true)))
      << (*cast)->ToString();
}

const auto kMicros = arrow::timestamp(arrow::TimeUnit::MICRO);
const auto kUtc = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
const auto kPoint =
    arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("y", arrow::int32())});

INSTANTIATE_TEST_SUITE_P(
    Pairs, CastExactly,
    testing::Values(
        CastCase{arrow::int32(), "[1, null]", arrow::int64(), "[1, null]"},
        CastCase{arrow::int64(), "[1, 3000000000]", arrow::int32(), nullptr, "row 2: 3000000000"},
        CastCase{arrow::uint8(), "[255]", arrow::int32(), "[255]"},
        CastCase{arrow::uint64(), "[18446744073709551615]", arrow::decimal128(20, 0),
                 R"(["18446744073709551615"])"},
        CastCase{arrow::uint64(), "[18446744073709551615]", arrow::int64(), nullptr, "row 1"},
        CastCase{arrow::int64(), "[4503599627370496, null]", arrow::float64(),
                 "[4503599627370496, null]"},
        CastCase{arrow::int64(), "[1, 9007199254740993]", arrow::float64(), nullptr, "row 2"},
        CastCase{arrow::int64(), "[5, -7]", arrow::decimal128(10, 2), R"(["5.00", "-7.00"])"},
        CastCase{arrow::int64(), "[100]", arrow::decimal128(4, 2), nullptr, "row 1: 100"},
        CastCase{arrow::float32(), "[1.5, NaN]", arrow::float64(), "[1.5, NaN]"},
        CastCase{arrow::float64(), "[1.5]", arrow::float32(), "[1.5]"},
        CastCase{arrow::float64(), "[1.5, 0.1]", arrow::float32(), nullptr, "row 2: 0.1"},
        CastCase{arrow::float64(), "[2, 2.5]", arrow::int64(), nullptr, "row 2: 2.5"},
        CastCase{arrow::decimal128(10, 2), R"(["1.50"])", arrow::decimal128(12, 4),
                 R"(["1.5000"])"},
        CastCase{arrow::decimal128(10, 2), R"(["1.55"])", arrow::decimal128(10, 1), nullptr,
                 "1.55"},
        CastCase{arrow::date32(), "[1, null]", kMicros, "[86400000000, null]"},
        CastCase{arrow::date32(), "[1]", kUtc, nullptr, "1970-01-02"},
        CastCase{kMicros, "[1]", kUtc, nullptr, "row 1"},
        CastCase{arrow::timestamp(arrow::TimeUnit::NANO), "[1000, 2000]", kMicros, "[1, 2]"},
        CastCase{arrow::timestamp(arrow::TimeUnit::NANO), "[1000, 2001]", kMicros, nullptr,
                 "row 2"},
        CastCase{arrow::timestamp(arrow::TimeUnit::MILLI, "Europe/Paris"), "[1]", kUtc, "[1000]"},
        CastCase{arrow::int64(), "[5, null]", arrow::utf8(), R"(["5", null])"},
        CastCase{arrow::float64(), "[1, 0.1]", arrow::utf8(), R"(["1.0", "0.1"])"},
        CastCase{arrow::boolean(), "[true]", arrow::utf8(), R"(["true"])"},
        CastCase{arrow::date32(), "[0]", arrow::utf8(), R"(["1970-01-01"])"},
        CastCase{arrow::large_utf8(), R"(["a", null])", arrow::utf8(), R"(["a", null])"},
        CastCase{arrow::utf8(), R"(["1"])", arrow::int64(), nullptr, "row 1: \"1\""},
        CastCase{arrow::boolean(), "[true]", arrow::int64(), nullptr, "true"},
        CastCase{arrow::null(), "[null, null]", arrow::list(arrow::int64()), "[null, null]"},
        CastCase{arrow::list(arrow::int32()), "[[1, null], null, [], [2]]",
                 arrow::list(arrow::float64()), "[[1, null], null, [], [2]]"},
        CastCase{arrow::list(arrow::int64()), "[[1], [2, 3000000000]]", arrow::list(arrow::int32()),
                 nullptr, "row 2: [2,3000000000]"},
        CastCase{arrow::large_list(arrow::int32()), "[[1], null]", arrow::list(arrow::int64()),
                 "[[1], null]"},
        CastCase{arrow::fixed_size_list(arrow::int32(), 2), "[[1, 2], null, [3, 4]]",
                 arrow::list(arrow::int64()), "[[1, 2], null, [3, 4]]"},
        CastCase{
            kPoint, R"([{"x": 1, "y": 2}, null])",
            arrow::struct_({arrow::field("y", arrow::int64()), arrow::field("z", arrow::utf8()),
                            arrow::field("x", arrow::int32())}),
            R"([{"y": 2, "z": null, "x": 1}, null])"},
        CastCase{kPoint, R"([{"x": 1, "y": null}])",
                 arrow::struct_({arrow::field("x", arrow::int32())}), R"([{"x": 1}])"},
        CastCase{kPoint, R"([{"x": 1, "y": 2}])",
                 arrow::struct_({arrow::field("x", arrow::int32())}), nullptr, "row 1"},
        CastCase{arrow::map(arrow::utf8(), arrow::int32()), R"([[["a", 1]], []])",
                 arrow::list(arrow::struct_({arrow::field("key", arrow::utf8()),
                                             arrow::field("value", arrow::int64())})),
                 R"([[{"key": "a", "value": 1}], []])"}));

TEST(CastExactlySlices, StartWhereTheSliceStarts) {
  const auto list =
      array_of(arrow::list(arrow::int32()), "[[9], [1, null], null, [2]]")->Slice(1, 3);
  const auto cast = cast_exactly(list, arrow::list(arrow::int64()));
  ASSERT_TRUE(cast) << cast.error().message;
  EXPECT_TRUE((*cast)->Equals(array_of(arrow::list(arrow::int64()), "[[1, null], null, [2]]")));
}

TEST(CastExactlyNames, FieldsOfStructsAreFoundByTheirOriginalName) {
  const auto from = arrow::struct_({arrow::field("deviceId", arrow::int32())});
  const auto to = arrow::struct_(
      {to_arrow(Field{.name = "device_id", .type = *type_from("int64"), .original = "deviceId"})});
  const auto cast = cast_exactly(array_of(from, R"([{"deviceId": 7}])"), to);
  ASSERT_TRUE(cast) << cast.error().message;
  EXPECT_TRUE((*cast)->Equals(array_of(to, R"([{"device_id": 7}])"))) << (*cast)->ToString();
}

}  // namespace
}  // namespace lakegate
