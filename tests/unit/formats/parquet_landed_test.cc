#include <arrow/io/memory.h>
#include <gmock/gmock.h>
#include <parquet/arrow/writer.h>

#include "formats/open.h"
#include "schema/types.h"
#include "unit/formats/json_array.h"
#include "unit/formats/parquet_files.h"

namespace lakegate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// As others write Parquet: with Arrow's own writer.
std::string foreign_parquet(const std::vector<std::string>& names, const arrow::ArrayVector& arrays,
                            bool int96 = false) {
  arrow::FieldVector fields;
  for (std::size_t i = 0; i < names.size(); ++i)
    fields.push_back(arrow::field(names[i], arrays[i]->type()));
  const auto table = arrow::Table::Make(arrow::schema(fields), arrays);
  const auto out = arrow::io::BufferOutputStream::Create().ValueOrDie();
  parquet::ArrowWriterProperties::Builder builder;
  builder.store_schema();
  if (int96) builder.enable_deprecated_int96_timestamps();
  EXPECT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), out, 1024 * 1024,
                                         parquet::default_writer_properties(), builder.build())
                  .ok());
  return out->Finish().ValueOrDie()->ToString();
}

std::shared_ptr<RecordFile> land(const std::string& bytes) {
  auto file = open_records(memory_input("landed.parquet", bytes), {});
  if (file) return *file;
  ADD_FAILURE() << file.error().to_string();
  return nullptr;
}

DecodePlan plan_of(const RecordFile& file) {
  DecodePlan plan;
  for (const Field& field : file.declared_fields()) plan.columns.push_back({.field = field});
  return plan;
}

DecodedChunk decode_all(const RecordFile& file, const DecodePlan& plan) {
  auto reader = file.open();
  EXPECT_TRUE(reader) << reader.error().to_string();
  auto chunk = (*reader)->next();
  EXPECT_TRUE(chunk) << chunk.error().to_string();
  auto decoded = (*chunk)->decode(plan);
  EXPECT_TRUE(decoded) << decoded.error().to_string();
  EXPECT_EQ((*chunk)->records,
            static_cast<std::uint64_t>((*decoded).rows->num_rows()) + (*decoded).rejects.size());
  const auto end = (*reader)->next();
  EXPECT_TRUE(end && *end == nullptr) << "more than one chunk";
  return std::move(*decoded);
}

struct ForeignType {
  std::shared_ptr<arrow::Array> array;
  const char* type;  // in lakegate's words
  const char* result;
};

TEST(LandedParquet, TypesAreTakenFromTheFile) {
  const std::vector<ForeignType> cases = {
      {array_of(arrow::uint8(), "[1, null]"), "int32", "[1, null]"},
      {array_of(arrow::int16(), "[-1]"), "int32", "[-1]"},
      {array_of(arrow::uint32(), "[4294967295]"), "int64", "[4294967295]"},
      {array_of(arrow::uint64(), "[18446744073709551615]"), "decimal(20,0)",
       R"(["18446744073709551615"])"},
      {array_of(arrow::float16(), "[1.5, null]"), "float32", "[1.5, null]"},
      {array_of(arrow::large_utf8(), R"(["a"])"), "text", R"(["a"])"},
      {array_of(arrow::utf8_view(), R"(["a"])"), "text", R"(["a"])"},
      {array_of(arrow::fixed_size_binary(2), R"(["ab"])"), "binary", R"(["ab"])"},
      {array_of(arrow::date64(), "[86400000]"), "date", "[1]"},
      {array_of(arrow::timestamp(arrow::TimeUnit::MILLI), "[1]"), "timestamp", "[1000]"},
      {array_of(arrow::timestamp(arrow::TimeUnit::NANO), "[1000]"), "timestamp", "[1]"},
      {array_of(arrow::timestamp(arrow::TimeUnit::MICRO, "Europe/Paris"), "[1]"), "timestamptz",
       "[1]"},
      {array_of(arrow::decimal256(30, 2), R"(["1.50"])"), "decimal(30,2)", R"(["1.50"])"},
      {array_of(arrow::large_list(arrow::int16()), "[[1], null]"), "list<int32>", "[[1], null]"},
      {array_of(arrow::map(arrow::utf8(), arrow::int64()), R"([[["a", 1]]])"),
       "list<struct<key: text, value: int64>>", R"([[{"key": "a", "value": 1}]])"},
      {arrow::json::DictArrayFromJSONString(arrow::dictionary(arrow::int8(), arrow::utf8()),
                                            "[1, 0, null]", R"(["a", "b"])")
           .ValueOrDie(),
       "text", R"(["b", "a", null])"},
      {array_of(arrow::null(), "[null, null]"), "unknown", "[null, null]"},
  };
  for (const ForeignType& c : cases) {
    SCOPED_TRACE(c.array->type()->ToString());
    const auto file = land(foreign_parquet({"c"}, {c.array}));
    ASSERT_NE(file, nullptr);
    EXPECT_THAT(file->column_names(), ElementsAre("c"));
    ASSERT_EQ(file->declared_fields().size(), 1U);
    EXPECT_EQ(to_string(file->declared_fields()[0].type), c.type);
    EXPECT_FALSE(file->declared_fields()[0].required);
    const auto decoded = decode_all(*file, plan_of(*file));
    EXPECT_THAT(decoded.rejects, IsEmpty());
    const auto type = to_arrow(file->declared_fields()[0].type);
    EXPECT_TRUE(decoded.rows->column(0)->Equals(array_of(type, c.result)))
        << decoded.rows->column(0)->ToString();
  }
}

TEST(LandedParquet, Int96IsATimestampAndSaysSo) {
  // Year 9999: past what nanoseconds in 64 bits can say.
  const auto times =
      array_of(arrow::timestamp(arrow::TimeUnit::MICRO), "[253402300799999999, null, 1]");
  const auto file = land(foreign_parquet({"at"}, {times}, /*int96=*/true));
  ASSERT_NE(file, nullptr);
  EXPECT_THAT(file->remarks(), ElementsAre(HasSubstr("column at: INT96")));
  const auto decoded = decode_all(*file, plan_of(*file));
  EXPECT_TRUE(decoded.rows->column(0)->Equals(times)) << decoded.rows->column(0)->ToString();
}

TEST(LandedParquet, WhatHasNoCounterpartIsRefusedByName) {
  const auto bytes = foreign_parquet(
      {"a", "wait"},
      {array_of(arrow::int64(), "[1]"), array_of(arrow::duration(arrow::TimeUnit::SECOND), "[1]")});
  const auto file = open_records(memory_input("landed.parquet", bytes), {});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::kInvalidInput);
  EXPECT_THAT(file.error().to_string(), HasSubstr("landed.parquet: column wait"));
}

TEST(LandedParquet, ValuesThatDoNotFitRejectTheirRows) {
  const auto file = land(foreign_parquet(
      {"id", "amount", "at"},
      {array_of(arrow::int64(), "[1, 2, 3000000000, null, 5]"),
       array_of(arrow::float64(), "[1, 2.5, 3, 4, 5]"),
       array_of(arrow::timestamp(arrow::TimeUnit::NANO), "[1000, 1000, 1, 1, 2001]")}));
  DecodePlan plan;
  plan.columns = {{.field = {.name = "number",
                             .type = *type_from("int32"),
                             .required = true,
                             .original = "id"}},
                  {.field = {.name = "amount", .type = *type_from("int64")}},
                  {.field = {.name = "at", .type = *type_from("timestamp")}},
                  {.field = {.name = "new", .type = *type_from("list<text>")}}};
  const auto decoded = decode_all(*file, plan);
  ASSERT_EQ(decoded.rows->num_rows(), 1);
  EXPECT_TRUE(decoded.rows->column(0)->Equals(array_of(arrow::int32(), "[1]")));
  EXPECT_TRUE(decoded.rows->column(1)->Equals(array_of(arrow::int64(), "[1]")));
  EXPECT_EQ(decoded.rows->column(3)->null_count(), 1);
  ASSERT_EQ(decoded.rejects.size(), 4U);
  const std::vector<std::pair<std::string, RejectReason>> expected = {
      {"amount", RejectReason::kTypeMismatch},
      {"id", RejectReason::kTypeMismatch},
      {"id", RejectReason::kMissingRequired},
      {"at", RejectReason::kTypeMismatch}};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(decoded.rejects[i].row, i + 2);
    EXPECT_EQ(decoded.rejects[i].line, 0U);
    EXPECT_EQ(decoded.rejects[i].column, expected[i].first) << i;
    EXPECT_EQ(decoded.rejects[i].reason, expected[i].second) << i;
  }
  EXPECT_EQ(decoded.rejects[0].raw, R"({"id":2,"amount":2.5,"at":"1970-01-01T00:00:00.000001"})");
  EXPECT_THAT(decoded.rejects[0].message, HasSubstr("2.5"));
  EXPECT_THAT(decoded.rejects[0].message, HasSubstr("lakegate widen"));
}

TEST(LandedParquet, ARequiredColumnThatIsAbsentRejectsEveryRow) {
  const auto file = land(foreign_parquet({"a"}, {array_of(arrow::int64(), "[1, 2]")}));
  DecodePlan plan;
  plan.columns = {{.field = {.name = "b", .type = *type_from("int64"), .required = true},
                   .null_reason = RejectReason::kPartitionNull}};
  const auto decoded = decode_all(*file, plan);
  EXPECT_EQ(decoded.rows->num_rows(), 0);
  ASSERT_EQ(decoded.rejects.size(), 2U);
  EXPECT_EQ(decoded.rejects[0].reason, RejectReason::kPartitionNull);
}

TEST(LandedParquet, ColumnsThatAreNotInThePlan) {
  const auto file = land(foreign_parquet(
      {"a", "b"}, {array_of(arrow::int64(), "[1, 2]"), array_of(arrow::utf8(), R"([null, "x"])")}));
  DecodePlan plan;
  plan.columns = {{.field = {.name = "a", .type = *type_from("int64")}}};
  plan.new_columns = NewColumns::kIgnore;
  EXPECT_EQ(decode_all(*file, plan).rows->num_rows(), 2);
  plan.new_columns = NewColumns::kReject;
  const auto decoded = decode_all(*file, plan);
  ASSERT_EQ(decoded.rejects.size(), 1U);
  EXPECT_EQ(decoded.rejects[0].row, 2U);
  EXPECT_EQ(decoded.rejects[0].column, "b");
  EXPECT_EQ(decoded.rejects[0].reason, RejectReason::kUnknownColumn);
}

TEST(LandedParquet, TextThatIsNotUtf8RejectsItsRow) {
  arrow::StringBuilder builder;
  for (const char* text : {"good",
                           "b\xff"
                           "d",
                           "fine"})
    ASSERT_TRUE(builder.Append(text).ok());
  const auto file = land(foreign_parquet({"t"}, {builder.Finish().ValueOrDie()}));
  const auto decoded = decode_all(*file, plan_of(*file));
  EXPECT_EQ(decoded.rows->num_rows(), 2);
  ASSERT_EQ(decoded.rejects.size(), 1U);
  EXPECT_EQ(decoded.rejects[0].row, 2U);
  EXPECT_EQ(decoded.rejects[0].reason, RejectReason::kInvalidUtf8);
}

TEST(LandedParquet, DuplicateNamesAreNumbered) {
  const auto one = array_of(arrow::int64(), "[1]");
  const auto two = array_of(arrow::int64(), "[2]");
  const auto file = land(foreign_parquet({"a", "a"}, {one, two}));
  EXPECT_THAT(file->column_names(), ElementsAre("a", "a_2"));
  EXPECT_THAT(file->remarks(), ElementsAre(HasSubstr("renamed to a_2")));
  const auto decoded = decode_all(*file, plan_of(*file));
  EXPECT_TRUE(decoded.rows->column(0)->Equals(one));
  EXPECT_TRUE(decoded.rows->column(1)->Equals(two));
}

TEST(LandedParquet, ChunksCountTheRowsOfTheFile) {
  arrow::Int64Builder builder;
  for (int i = 0; i < 70'000; ++i) ASSERT_TRUE(builder.Append(i).ok());
  const auto file = land(foreign_parquet({"a"}, {builder.Finish().ValueOrDie()}));
  auto reader = file->open();
  std::vector<std::uint64_t> first_rows;
  Observed root;
  while (true) {
    auto chunk = (*reader)->next();
    ASSERT_TRUE(chunk) << chunk.error().to_string();
    if (*chunk == nullptr) break;
    first_rows.push_back((*chunk)->first_row);
    ASSERT_TRUE((*chunk)->observe(root));
  }
  EXPECT_THAT(first_rows, ElementsAre(1, kChunkRecords + 1, 2 * kChunkRecords + 1));
  EXPECT_EQ(to_string(resolve(root.field("a"))), "int64");
}

TEST(LandedParquet, ATruncatedFileIsRefused) {
  const std::string bytes = foreign_parquet({"a"}, {array_of(arrow::int64(), "[1, 2]")});
  const auto file =
      open_records(memory_input("landed.parquet", bytes.substr(0, bytes.size() - 3)), {});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::kInvalidInput);
  EXPECT_THAT(file.error().to_string(), HasSubstr("landed.parquet"));
}

}  // namespace
}  // namespace lakegate
