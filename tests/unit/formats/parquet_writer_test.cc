#include <arrow/io/memory.h>
#include <gmock/gmock.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/schema.h>
#include <parquet/statistics.h>

#include <random>

#include "schema/types.h"
#include "unit/formats/json_array.h"
#include "unit/formats/parquet_files.h"

namespace lakegate {
namespace {

using arrow::RecordBatch;
using testing::HasSubstr;
using BatchPtr = std::shared_ptr<RecordBatch>;

BatchPtr batch_of(const std::shared_ptr<arrow::Schema>& schema, arrow::ArrayVector columns) {
  const std::int64_t rows = columns[0]->length();
  return RecordBatch::Make(schema, rows, std::move(columns));
}

void expect_round_trip(const std::shared_ptr<arrow::Schema>& schema,
                       const std::vector<BatchPtr>& batches, const ParquetOptions& options = {}) {
  const auto read = read_parquet(parquet_bytes(batches, schema, options));
  ASSERT_NE(read, nullptr);
  ASSERT_TRUE(read->ValidateFull().ok());
  const auto expected = arrow::Table::FromRecordBatches(schema, batches).ValueOrDie();
  for (int i = 0; i < schema->num_fields(); ++i)
    EXPECT_TRUE(read->column(i)->Equals(*expected->column(i)))
        << schema->field(i)->ToString() << "\n"
        << read->column(i)->ToString() << "\nexpected\n"
        << expected->column(i)->ToString();
}

struct TypeCase {
  const char* type;  // in lakegate's words
  const char* json;
};
void PrintTo(const TypeCase& c, std::ostream* out) {
  *out << c.type;
}

class EveryType : public testing::TestWithParam<TypeCase> {};

TEST_P(EveryType, ComesBackAsItWasWritten) {
  const auto logical = type_from(GetParam().type);
  ASSERT_TRUE(logical) << logical.error().message;
  const auto type = to_arrow(*logical);
  const auto array = array_of(type, GetParam().json);
  for (const bool modern : {false, true}) {
    for (const bool nullable : {true, false}) {
      if (!nullable && array->null_count() > 0) continue;
      const auto schema = arrow::schema({arrow::field("c", type, nullable)});
      ParquetOptions options;
      options.modern_encodings = modern;
      expect_round_trip(schema, {batch_of(schema, {array})}, options);
      // A slice has an offset in its buffers.
      expect_round_trip(schema, {batch_of(schema, {array->Slice(1)})}, options);
      expect_round_trip(schema, {batch_of(schema, {array->Slice(1, 1)})}, options);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Types, EveryType,
    testing::Values(
        TypeCase{"bool", "[true, null, false, true]"}, TypeCase{"bool", "[true, false, true]"},
        TypeCase{"int32", "[1, null, -2147483648, 2147483647]"}, TypeCase{"int32", "[5, 5, 5]"},
        TypeCase{"int64", "[1, null, -9223372036854775808, 9223372036854775807]"},
        TypeCase{"int64", "[3, 2, 1]"}, TypeCase{"float32", "[1.5, null, -0.0, 3e38]"},
        TypeCase{"double", "[1.5, null, -0.0, 1e300]"}, TypeCase{"double", "[0.1, 0.1, 0.1]"},
        TypeCase{"decimal(10,2)", R"(["1.50", null, "-99999999.99"])"},
        TypeCase{"decimal(5,0)", R"(["1", "99999", "-3"])"},
        TypeCase{"decimal(38,0)", R"(["99999999999999999999999999999999999999", null, "-1"])"},
        TypeCase{"text", R"(["a", null, "", "é€𝄞", "a"])"}, TypeCase{"text", R"(["x", "x", "x"])"},
        TypeCase{"binary", R"(["a", null, "", "bb"])"},
        TypeCase{"date", "[0, null, -719162, 2932896]"},
        TypeCase{"timestamp", "[0, null, -62135596800000000, 253402300799999999]"},
        TypeCase{"timestamptz", "[0, null, -62135596800000000, 253402300799999999]"},
        TypeCase{"list<int64>", "[[1, null, 3], null, [], [4], [5, 6, 7, 8]]"},
        TypeCase{"list<text>", R"([["a"], [], ["b", "c"]])"},
        TypeCase{"list<list<int64>>", "[[[1, 2], null, []], null, [], [null], [[3], [null]]]"},
        TypeCase{"struct<a: int64, b: text>",
                 R"([{"a": 1, "b": "x"}, null, {"a": null, "b": "y"}, {"a": 2, "b": null}])"},
        TypeCase{"struct<a: struct<b: list<double>, c: bool>>",
                 R"([{"a": {"b": [1.5, null], "c": true}}, null, {"a": null},
                     {"a": {"b": null, "c": null}}, {"a": {"b": [], "c": false}}])"},
        TypeCase{"list<struct<a: int64, b: list<text>>>",
                 R"([[{"a": 1, "b": ["x", null]}, null], null, [],
                     [{"a": null, "b": null}, {"a": 2, "b": []}, {"a": 3, "b": ["y"]}]])"}));

// A random array of a type, half of them with nulls and lists of 0 to 3 elements, the others
// without nulls and empty lists; children of null parents have values all the same, which must not
// be written.
std::shared_ptr<arrow::Array> random_array(const arrow::Field& field, std::int64_t length,
                                           std::mt19937& random) {
  const bool is_full = random() % 2 == 0;
  std::shared_ptr<arrow::Buffer> validity;
  if (field.nullable()) {
    validity = arrow::AllocateBitmap(length).ValueOrDie();
    for (std::int64_t i = 0; i < length; ++i)
      arrow::bit_util::SetBitTo(validity->mutable_data(), i, is_full || random() % 5 != 0);
  }
  const auto& type = field.type();
  if (type->id() == arrow::Type::STRUCT) {
    arrow::ArrayVector members;
    for (const auto& member : type->fields())
      members.push_back(random_array(*member, length, random));
    return std::make_shared<arrow::StructArray>(type, length, members, validity);
  }
  if (type->id() == arrow::Type::LIST) {
    arrow::Int32Builder offsets;
    std::int32_t end = static_cast<std::int32_t>(random() % 3);
    for (std::int64_t i = 0; i <= length; ++i) {
      EXPECT_TRUE(offsets.Append(end).ok());
      if (i < length) end += static_cast<std::int32_t>(is_full ? 1 + random() % 3 : random() % 4);
    }
    const auto elements = random_array(*type->field(0), end + 2, random);
    return std::make_shared<arrow::ListArray>(
        type, length, offsets.Finish().ValueOrDie()->data()->buffers[1], elements, validity);
  }
  arrow::Int64Builder values;
  for (std::int64_t i = 0; i < length; ++i)
    EXPECT_TRUE(values.Append(static_cast<std::int64_t>(random() % 1000)).ok());
  const auto data = values.Finish().ValueOrDie()->data()->Copy();
  data->buffers[0] = validity;
  data->null_count = arrow::kUnknownNullCount;
  return arrow::MakeArray(data);
}

std::shared_ptr<arrow::Field> random_field(int depth, std::mt19937& random) {
  const bool nullable = random() % 2 == 0;
  const auto kind = depth == 0 ? 0U : random() % 3;
  if (kind == 1) {
    auto element = random_field(depth - 1, random);
    return arrow::field("list", arrow::list(element->WithName("element")), nullable);
  }
  if (kind == 2) {
    const auto a = random_field(depth - 1, random)->WithName("a");
    const auto b = random_field(depth - 1, random)->WithName("b");
    return arrow::field("struct", arrow::struct_({a, b}), nullable);
  }
  return arrow::field("leaf", arrow::int64(), nullable);
}

TEST(ParquetWriter, AnyNestingComesBackAsItWasWritten) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto schema = arrow::schema({random_field(4, random)->WithName("c")});
    std::vector<BatchPtr> batches;
    for (int i = 0; i < 3; ++i) {
      auto array = random_array(*schema->field(0), 40, random);
      if (i == 1) array = array->Slice(7, 20);
      ASSERT_TRUE(array->ValidateFull().ok());
      batches.push_back(batch_of(schema, {array}));
    }
    expect_round_trip(schema, batches);
    if (HasFailure()) return;
  }
}

std::shared_ptr<arrow::Schema> wide_schema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8()),
                        arrow::field("price", arrow::float64()),
                        arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                        arrow::field("few", arrow::int64()),
                        arrow::field("noise", arrow::float64()),
                        arrow::field("day", arrow::date32()), arrow::field("ok", arrow::boolean()),
                        arrow::field("unique", arrow::utf8())});
}

std::vector<BatchPtr> wide_batches(std::int64_t rows, std::int64_t rows_a_batch) {
  std::mt19937_64 random(7);
  std::vector<BatchPtr> batches;
  for (std::int64_t begin = 0; begin < rows; begin += rows_a_batch) {
    arrow::Int64Builder id, few;
    arrow::StringBuilder name, unique;
    arrow::DoubleBuilder price, noise;
    arrow::TimestampBuilder at(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"),
                               arrow::default_memory_pool());
    arrow::Date32Builder day;
    arrow::BooleanBuilder ok;
    for (std::int64_t row = begin; row < std::min(rows, begin + rows_a_batch); ++row) {
      const std::uint64_t r = random();
      EXPECT_TRUE(id.Append(row * 3).ok());
      EXPECT_TRUE(
          (r % 11 == 0 ? name.AppendNull() : name.Append("name " + std::to_string(r % 500))).ok());
      EXPECT_TRUE(price.Append(static_cast<double>(r % 5'000) / 100).ok());
      EXPECT_TRUE(at.Append(1'700'000'000'000'000 + row * 1'000'000).ok());
      EXPECT_TRUE(few.Append(static_cast<std::int64_t>(r % 4) * 1'000'000'007).ok());
      EXPECT_TRUE(noise.Append(static_cast<double>(r) * 1e-7).ok());
      EXPECT_TRUE(day.Append(static_cast<std::int32_t>(19'000 + row / 10'000)).ok());
      EXPECT_TRUE(ok.Append(r % 2 == 0).ok());
      EXPECT_TRUE(unique.Append(std::to_string(r)).ok());
    }
    arrow::ArrayVector columns;
    for (arrow::ArrayBuilder* builder : std::initializer_list<arrow::ArrayBuilder*>{
             &id, &name, &price, &at, &few, &noise, &day, &ok, &unique})
      columns.push_back(builder->Finish().ValueOrDie());
    batches.push_back(batch_of(wide_schema(), columns));
  }
  return batches;
}

std::shared_ptr<parquet::FileMetaData> metadata_of(const std::string& bytes) {
  return parquet::ReadMetaData(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)));
}

// How a column's values are encoded: RLE is that of its levels, and dictionaries are plain.
std::string encoding_of(const std::string& bytes, int column) {
  const auto chunk = metadata_of(bytes)->RowGroup(0)->ColumnChunk(column);
  std::string encoding;
  for (const auto one : chunk->encodings())
    if (one != parquet::Encoding::RLE && encoding != "RLE_DICTIONARY")
      encoding = parquet::EncodingToString(one);
  return encoding;
}

TEST(ParquetWriter, BytesDoNotDependOnThreads) {
  const auto batches = wide_batches(300'000, 20'000);
  ParquetOptions options;
  options.threads = false;
  const std::string alone = parquet_bytes(batches, wide_schema(), options);
  options.threads = true;
  for (const int threads : {1, 2, 4, 9, 100}) {
    options.thread_count = threads;
    EXPECT_TRUE(parquet_bytes(batches, wide_schema(), options) == alone) << threads << " threads";
  }
}

TEST(ParquetWriter, ManyRowsComeBackAsTheyWereWritten) {
  expect_round_trip(wide_schema(), wide_batches(200'000, 30'000));
  ParquetOptions modern;
  modern.modern_encodings = true;
  expect_round_trip(wide_schema(), wide_batches(200'000, 30'000), modern);
}

TEST(ParquetWriter, ChoosesTheEncodingFromTheData) {
  const auto batches = wide_batches(200'000, 30'000);
  const std::string bytes = parquet_bytes(batches, wide_schema());
  const std::vector<std::string> expected = {
      "DELTA_BINARY_PACKED", "RLE_DICTIONARY", "RLE_DICTIONARY",
      "DELTA_BINARY_PACKED", "RLE_DICTIONARY", "PLAIN",
      "DELTA_BINARY_PACKED", "PLAIN",          "PLAIN"};
  for (int i = 0; i < wide_schema()->num_fields(); ++i)
    EXPECT_EQ(encoding_of(bytes, i), expected[static_cast<std::size_t>(i)])
        << wide_schema()->field(i)->name();
  ParquetOptions options;
  options.modern_encodings = true;
  const std::string modern = parquet_bytes(batches, wide_schema(), options);
  EXPECT_EQ(encoding_of(modern, 5), "BYTE_STREAM_SPLIT");
  EXPECT_EQ(encoding_of(modern, 8), "DELTA_LENGTH_BYTE_ARRAY");
}

TEST(ParquetWriter, RowGroupsEndAtAFixedCount) {
  constexpr std::int64_t kGroup = 1024 * 1024;
  const auto schema = arrow::schema({arrow::field("c", arrow::int64())});
  std::vector<BatchPtr> batches;
  for (const std::int64_t rows : {kGroup - 10, std::int64_t{100}, std::int64_t{50}}) {
    arrow::Int64Builder builder;
    for (std::int64_t i = 0; i < rows; ++i) ASSERT_TRUE(builder.Append(i).ok());
    batches.push_back(batch_of(schema, {builder.Finish().ValueOrDie()}));
  }
  const auto metadata = metadata_of(parquet_bytes(batches, schema));
  ASSERT_EQ(metadata->num_row_groups(), 2);
  EXPECT_EQ(metadata->RowGroup(0)->num_rows(), kGroup);
  EXPECT_EQ(metadata->RowGroup(1)->num_rows(), 140);
  EXPECT_EQ(metadata->num_rows(), kGroup + 140);
  expect_round_trip(schema, batches);
}

TEST(ParquetWriter, RowGroupsEndBeforeTheyHoldTooMuch) {
  const auto schema = arrow::schema({arrow::field("c", arrow::utf8())});
  std::mt19937_64 random(3);
  std::vector<BatchPtr> batches;
  for (int b = 0; b < 40; ++b) {
    arrow::StringBuilder builder;
    for (int i = 0; i < 1000; ++i) {
      std::string text(1000, ' ');
      for (char& c : text) c = static_cast<char>(random() % 128);
      ASSERT_TRUE(builder.Append(text).ok());
    }
    batches.push_back(batch_of(schema, {builder.Finish().ValueOrDie()}));
  }
  MemorySink sink;
  auto writer = ParquetFileWriter::open(schema, sink, {});
  std::uint64_t most = 0;
  for (const auto& batch : batches) {
    ASSERT_TRUE((*writer)->write(*batch));
    most = std::max(most, (*writer)->buffered_bytes());
  }
  ASSERT_TRUE((*writer)->close());
  EXPECT_LT(most, 24U * 1024 * 1024);
  EXPECT_EQ((*writer)->rows(), 40'000U);
  EXPECT_GE(metadata_of(sink.bytes)->num_row_groups(), 2);
  ParquetOptions options;
  options.threads = false;
  EXPECT_TRUE(parquet_bytes(batches, schema, options) == sink.bytes);
}

TEST(ParquetWriter, AFileWithoutRowsIsValid) {
  const std::string bytes = parquet_bytes({}, wide_schema());
  const auto table = read_parquet(bytes);
  ASSERT_NE(table, nullptr);
  EXPECT_EQ(table->num_rows(), 0);
  EXPECT_TRUE(table->schema()->Equals(*wide_schema()));
  EXPECT_EQ(parquet_bytes({wide_batches(10, 10)[0]->Slice(0, 0)}, wide_schema()), bytes);
}

TEST(ParquetWriter, WritesStatisticsAndIndexesOfPages) {
  const std::string bytes = parquet_bytes(wide_batches(100'000, 25'000), wide_schema());
  const auto reader = parquet::ParquetFileReader::Open(
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(bytes)));
  const auto group = reader->metadata()->RowGroup(0);
  const auto index = reader->GetPageIndexReader()->RowGroup(0);
  for (int i = 0; i < wide_schema()->num_fields(); ++i) {
    const auto column = group->ColumnChunk(i);
    EXPECT_EQ(column->compression(), parquet::Compression::ZSTD);
    ASSERT_TRUE(column->is_stats_set());
    EXPECT_TRUE(column->statistics()->HasMinMax()) << i;
    ASSERT_NE(index->GetColumnIndex(i), nullptr) << i;
    const auto offsets = index->GetOffsetIndex(i);
    ASSERT_NE(offsets, nullptr) << i;
    EXPECT_GE(offsets->page_locations().size(), 4U) << i;
  }
}

TEST(ParquetWriter, TypesAreThoseThatEveryEngineReads) {
  const auto schema = arrow::schema({
      to_arrow(Field{.name = "zone", .type = *type_from("timestamptz")}),
      to_arrow(Field{.name = "none", .type = *type_from("timestamp")}),
      to_arrow(Field{.name = "values", .type = *type_from("list<int64>")}),
      to_arrow(Field{.name = "amount", .type = *type_from("decimal(18,2)"), .required = true}),
  });
  const auto metadata = metadata_of(parquet_bytes({}, schema));
  const auto* columns = metadata->schema();
  EXPECT_EQ(columns->Column(0)->physical_type(), parquet::Type::INT64);
  EXPECT_EQ(columns->Column(0)->logical_type()->ToString(),
            "Timestamp(isAdjustedToUTC=true, timeUnit=microseconds, is_from_converted_type=false, "
            "force_set_converted_type=false)");
  EXPECT_THAT(columns->Column(1)->logical_type()->ToString(), HasSubstr("isAdjustedToUTC=false"));
  EXPECT_EQ(columns->Column(2)->path()->ToDotString(), "values.list.element");
  EXPECT_EQ(columns->Column(3)->physical_type(), parquet::Type::INT64);
  EXPECT_TRUE(columns->Column(3)->schema_node()->is_required());
  EXPECT_EQ(metadata->version(), parquet::ParquetVersion::PARQUET_2_6);
  EXPECT_EQ(metadata->key_value_metadata(), nullptr);
}

TEST(ParquetWriter, KeepsMetadataAndOriginalNames) {
  const auto schema = arrow::schema({
      to_arrow(Field{.name = "device_id", .type = *type_from("int64"), .original = "deviceId"}),
      to_arrow(Field{.name = "rows",
                     .type = {LogicalType::Kind::kList,
                              0,
                              0,
                              {Field{.name = "element",
                                     .type = {LogicalType::Kind::kStruct,
                                              0,
                                              0,
                                              {Field{.name = "a_b",
                                                     .type = *type_from("text"),
                                                     .original = "a \"b\""}}}}}}}),
  });
  ParquetOptions options;
  options.metadata = {{"lakegate.arrival_id", "0123"}};
  const auto contents = parquet_contents(memory_input("f", parquet_bytes({}, schema, options)));
  ASSERT_TRUE(contents) << contents.error().to_string();
  EXPECT_EQ(contents->metadata.at("lakegate.arrival_id"), "0123");
  EXPECT_EQ(contents->metadata.at("lakegate.original_names"),
            R"({"device_id":"deviceId","rows.list.element.a_b":"a \"b\""})");
}

TEST(ParquetWriter, RefusesWhatParquetDoesNotHave) {
  MemorySink sink;
  for (const auto& type : {arrow::null(), arrow::struct_({}), arrow::uint64(),
                           arrow::timestamp(arrow::TimeUnit::NANO), arrow::list(arrow::null())}) {
    const auto writer =
        ParquetFileWriter::open(arrow::schema({arrow::field("col", type)}), sink, {});
    ASSERT_FALSE(writer) << type->ToString();
    EXPECT_THAT(writer.error().message, HasSubstr("column col"));
  }
}

TEST(ParquetWriter, ANullInARequiredColumnIsAnError) {
  const auto schema = arrow::schema({arrow::field("c", arrow::int64(), false)});
  MemorySink sink;
  auto writer = ParquetFileWriter::open(schema, sink, {});
  const auto written = (*writer)->write(*batch_of(schema, {array_of(arrow::int64(), "[1, null]")}));
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message, HasSubstr("column c is required"));
}

class FullDisk final : public ByteSink {
 public:
  Result<void> write(std::span<const std::byte> bytes) override {
    if ((left_ -= static_cast<std::int64_t>(bytes.size())) >= 0) return {};
    ++refused;
    return fail(ErrorKind::kPermanent, "no space left on device");
  }
  int refused = 0;

 private:
  std::int64_t left_ = 1000;
};

TEST(ParquetWriter, TheSinksOwnErrorIsReported) {
  FullDisk sink;
  auto writer = ParquetFileWriter::open(wide_schema(), sink, {});
  Result<void> result;
  for (const auto& batch : wide_batches(50'000, 10'000)) {
    result = (*writer)->write(*batch);
    if (!result) break;
  }
  if (result) result = (*writer)->close();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "no space left on device");
  EXPECT_EQ(result.error().kind, ErrorKind::kPermanent);
}

TEST(ParquetWriter, GivenUpItWritesNothingMore) {
  MemorySink sink;
  auto writer = ParquetFileWriter::open(wide_schema(), sink, {});
  for (const auto& batch : wide_batches(200'000, 20'000)) ASSERT_TRUE((*writer)->write(*batch));
  const std::size_t before = sink.bytes.size();
  writer->reset();
  EXPECT_EQ(sink.bytes.size(), before);
}

}  // namespace
}  // namespace lakegate
