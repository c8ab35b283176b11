// What plans ask of chunks: guesses, contradictions, absent columns, and files that are recognised.
#include <arrow/api.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "formats/open.h"
#include "unit/formats/csv_reading.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

class CsvChunkTest : public testing::Test {
 protected:
  std::unique_ptr<Chunk> first_chunk(const std::string& bytes) {
    auto file = open_csv(memory_input("x.csv", bytes), {});
    EXPECT_TRUE(file) << file.error().to_string();
    auto reader = (*file)->open();
    auto chunk = (*reader)->next();
    EXPECT_TRUE(chunk);
    return std::move(*chunk);
  }

  static ColumnPlan column(const std::string& name, LogicalType type, int source, bool inferred) {
    ColumnPlan plan{.field = {.name = name, .type = std::move(type)}};
    plan.source = source;
    plan.inferred = inferred;
    return plan;
  }
};

TEST_F(CsvChunkTest, AGuessThatDoesNotHoldIsAContradiction) {
  const auto chunk = first_chunk("a,b\n1,x\ny,z\n");
  const auto decoded = chunk->decode({.columns = {column("a", {Kind::kInt64}, 0, true)}});
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->contradicted);
  EXPECT_EQ(decoded->rows, nullptr);
}

TEST_F(CsvChunkTest, ARejectedRowContradictsNothing) {
  const auto chunk = first_chunk("a,b\n1,1\nx,y\n");
  const auto decoded = chunk->decode(
      {.columns = {column("a", {Kind::kInt64}, 0, true), column("b", {Kind::kInt64}, 1, false)}});
  ASSERT_TRUE(decoded);
  EXPECT_FALSE(decoded->contradicted);
  EXPECT_EQ(decoded->rows->num_rows(), 1);
  ASSERT_EQ(decoded->rejects.size(), 1u);
  EXPECT_EQ(decoded->rejects[0].column, "b");
}

TEST_F(CsvChunkTest, AnUnknownColumnIsContradictedByItsFirstValue) {
  const auto empty = first_chunk("a,b\n1,\n2,NA\n");
  const DecodePlan plan{.columns = {column("b", {}, 1, true)}};
  const auto decoded = empty->decode(plan);
  ASSERT_TRUE(decoded);
  ASSERT_FALSE(decoded->contradicted);
  EXPECT_EQ(decoded->rows->column(0)->type_id(), arrow::Type::NA);
  EXPECT_TRUE(first_chunk("a,b\n1,\n2,x\n")->decode(plan)->contradicted);
}

TEST_F(CsvChunkTest, ValuesThatOnlyTheTypeDoesNotTellAreSaid) {
  const auto chunk = first_chunk("a,b,c\n9007199254740993,1.5,\n,NaN,x\n");
  const auto decoded = chunk->decode(
      {.columns = {column("a", {Kind::kInt64}, 0, true), column("b", {Kind::kDouble}, 1, true),
                   column("c", {Kind::kText}, 2, true)}});
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->seen.size(), 3u);
  EXPECT_EQ(decoded->seen[0].seen, kSeenInt | kSeenIntNotDouble | kSeenNull);
  EXPECT_EQ(decoded->seen[1].seen, kSeenDouble | kSeenNanToken);
  EXPECT_EQ(decoded->seen[2].seen, kSeenText | kSeenNull);
}

TEST_F(CsvChunkTest, ARememberedDoubleIsHeldToItsDigits) {
  const auto chunk = first_chunk("a\n1.5\n0.12345678901234567890\n");
  DecodePlan plan{.columns = {column("a", {Kind::kDouble}, 0, false)}};
  EXPECT_TRUE(chunk->decode(plan)->rejects.empty()) << "a declared one rounds";
  plan.columns[0].exact = true;
  EXPECT_EQ(chunk->decode(plan)->rejects.size(), 1u);
}

TEST_F(CsvChunkTest, AColumnThatTheFileDoesNotHaveIsNull) {
  const auto chunk = first_chunk("a\n1\n2\n");
  DecodePlan plan{.columns = {column("a", {Kind::kInt64}, 0, false),
                              column("new", {Kind::kDecimal, 9, 2}, -1, false)}};
  auto decoded = chunk->decode(plan);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->rows->column(1)->null_count(), 2);
  plan.columns[1].field.required = true;
  plan.columns[1].null_reason = RejectReason::kPartitionNull;
  decoded = chunk->decode(plan);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->rows->num_rows(), 0);
  ASSERT_EQ(decoded->rejects.size(), 2u);
  EXPECT_EQ(decoded->rejects[1].reason, RejectReason::kPartitionNull);
}

TEST_F(CsvChunkTest, AMessageShowsTheBeginningOfALongValueEscaped) {
  const auto chunk = first_chunk("a\n\"\x1b[31m" + std::string(1000, 'x') + "\"\n");
  const auto decoded = chunk->decode({.columns = {column("a", {Kind::kInt64}, 0, false)}});
  ASSERT_TRUE(decoded);
  ASSERT_EQ(decoded->rejects.size(), 1u);
  const std::string& message = decoded->rejects[0].message;
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_NE(message.find("\"\\x1b[31mxxx"), std::string::npos) << message;
  EXPECT_NE(message.find("lakegate widen"), std::string::npos) << message;
  EXPECT_LT(message.size(), 300u);
}

TEST_F(CsvChunkTest, AnInputOfSeveralChunksCountsOn) {
  std::string bytes = "n,t\n";
  for (std::uint64_t i = 0; i < 2 * kChunkRecords; ++i)
    bytes += i == kChunkRecords + 7 ? "x,bad\n" : std::to_string(i) + ",\"two\nlines\"\n";
  const csv_test::Reading reading = csv_test::read_all(
      memory_input("x.csv", bytes), {.declared = {{.column = "n", .type = {Kind::kInt64}}}});
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.chunks, (std::vector<std::uint64_t>{kChunkRecords, kChunkRecords}));
  EXPECT_EQ(reading.rows.size(), 2 * kChunkRecords - 1);
  const std::uint64_t row = kChunkRecords + 8;
  ASSERT_EQ(reading.rejects.size(), 1u);
  EXPECT_EQ(reading.rejects[0], "row=" + std::to_string(row) +
                                    " line=" + std::to_string(2 + 2 * (row - 1)) +
                                    " offset=" + std::to_string(bytes.find("x,bad")) +
                                    " column=n reason=type_mismatch raw=\"x,bad\"");
}

struct Recognised {
  const char* name;
  const char* bytes;
  const char* columns;  // of a CSV file; empty: it is none
};

TEST(OpenRecords, RecognisesByContentThenByName) {
  for (const Recognised& expected :
       {Recognised{"a.csv", "a,b\n1,2\n", "a b"}, Recognised{"a.json", "{\"a\": 1}\n", ""},
        Recognised{"a", " \n[{\"a\": 1}]", ""}, Recognised{"a", "\xEF\xBB\xBF{\"a\": 1}", ""},
        Recognised{"A.CSV.gz", "{x},b\n1,2\n", "{x} b"}, Recognised{"a.txt", "[x]\n1\n", "[x]"},
        Recognised{"a.json", "a,b\n1,2\n", "a b"}}) {
    auto file = open_records(memory_input(expected.name, expected.bytes), {});
    ASSERT_TRUE(file) << expected.bytes << ": " << file.error().to_string();
    std::string names;
    for (const std::string& name : (*file)->column_names())
      names += (names.empty() ? "" : " ") + name;
    EXPECT_EQ(names, expected.columns) << expected.bytes;
  }
}

TEST(OpenRecords, RefusesAnEmptyFile) {
  const auto file = open_records(memory_input("a.csv", ""), {});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::kInvalidInput);
  EXPECT_EQ(file.error().to_string(),
            "a.csv: the file is empty (0 bytes): it was probably not completely written");
}

struct Landed {
  const char* file;
  std::size_t rows;
  std::vector<std::string> columns;
};

TEST(CsvRealData, HasTheTypesThatAPersonWouldWrite) {
  const char* data = std::getenv("LAKEGATE_REALDATA");
  if (data == nullptr) GTEST_SKIP() << "LAKEGATE_REALDATA is not set";
  for (const Landed& expected :
       {Landed{"russia_losses.csv",
               43,
               {"day int64", "aircraft int64", "helicopter int64", "tank int64", "apc int64",
                "artillery int64", "mrl int64", "military_auto int64", "fuel_tank int64",
                "drone int64", "ship int64", "anti_aircraft int64"}},
        Landed{"central_park_weather.csv",
               0,
               {"STATION text", "NAME text", "DATE date", "AWND double", "PRCP double",
                "SNOW double", "SNWD double", "TMAX int64", "TMIN int64"}},
        Landed{"daily_trips_by_geography.csv",
               0,
               {"car_type text", "date date", "geo text", "trips double", "grouping text",
                "monthly double", "parent_type text", "monthly_is_estimated bool"}},
        Landed{"fhv_bases.csv",
               0,
               {"base_number text", "base_name text", "dba text", "dba_category text"}}}) {
    SCOPED_TRACE(expected.file);
    auto input = open_file((std::filesystem::path(data) / "landing" / expected.file).string());
    ASSERT_TRUE(input);
    const csv_test::Reading reading = csv_test::read_all(*input, {.guess = true});
    EXPECT_EQ(reading.error, "");
    EXPECT_EQ(reading.columns, expected.columns);
    EXPECT_TRUE(reading.rejects.empty());
    EXPECT_TRUE(reading.remarks.empty());
    if (expected.rows > 0) {
      EXPECT_EQ(reading.rows.size(), expected.rows);
    }
  }
}

}  // namespace
}  // namespace lakegate
