// Guessed types, contradictions, and real files with a long history.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "unit/formats/json_pass.h"

namespace lakegate::json_test {
namespace {

namespace fs = std::filesystem;
using Kind = LogicalType::Kind;

DecodePlan guess(std::initializer_list<std::pair<const char*, const char*>> fields,
                 NewColumns new_columns = NewColumns::kAdd) {
  DecodePlan plan{.new_columns = new_columns};
  for (const auto& [name, type] : fields)
    plan.columns.push_back({.field = {.name = name, .type = *type_from(type)}, .inferred = true});
  return plan;
}

struct Contradiction {
  const char* name;
  const char* type;
  const char* value;
  bool expected;
};

class Contradictions : public testing::TestWithParam<Contradiction> {};

TEST_P(Contradictions, AreSaidInsteadOfRejects) {
  const auto& [name, type, value, expected] = GetParam();
  const auto file = open_text(fmt::format("{{\"a\": null}}\n{{\"a\": {}}}\n", value));
  ASSERT_TRUE(file);
  const auto pass = decode(**file, guess({{"a", type}}));
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_EQ(pass->contradicted, expected);
  if (!expected) {
    EXPECT_EQ(pass->rows.size(), 2U);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Values, Contradictions,
    testing::Values(
        Contradiction{"int_double", "int64", "1.0", true},
        Contradiction{"int_minus_zero", "int64", "-0", true},
        Contradiction{"int_past", "int64", "9223372036854775808", true},
        Contradiction{"int_text", "int64", "\"1\"", true},
        Contradiction{"int_array", "int64", "[]", true},
        Contradiction{"int_null", "int64", "null", false},
        Contradiction{"double_int", "double", "3", false},
        Contradiction{"double_inexact_int", "double", "9007199254740993", true},
        Contradiction{"double_too_many_digits", "double", "0.12345678901234567891", true},
        Contradiction{"double_overflow", "double", "1e400", true},
        Contradiction{"bigint", "decimal(38,0)", "9223372036854775808", false},
        Contradiction{"bigint_fraction", "decimal(38,0)", "1.0", true},
        Contradiction{"bigint_39", "decimal(38,0)", "100000000000000000000000000000000000000",
                      true},
        Contradiction{"bool_int", "bool", "1", true},
        Contradiction{"date_timestamp", "date", "\"2024-01-01T00:00\"", true},
        Contradiction{"timestamp_date", "timestamp", "\"2024-01-01\"", false},
        Contradiction{"timestamp_zone", "timestamp", "\"2024-01-01T00:00Z\"", true},
        Contradiction{"text_object", "text", "{}", false},
        Contradiction{"list_element", "list<int64>", "[1, \"x\"]", true},
        Contradiction{"list_object", "list<int64>", "{}", true},
        Contradiction{"struct_new_key", "struct<x: int64>", "{\"x\": 1, \"y\": 2}", true},
        Contradiction{"struct_new_null", "struct<x: int64>", "{\"y\": null}", false},
        Contradiction{"struct_new_empty", "struct<x: int64>", "{\"y\": []}", false},
        Contradiction{"struct_new_nested_empty", "struct<x: int64>", "{\"y\": [[]]}", true},
        Contradiction{"unknown_int", "unknown", "1", true},
        Contradiction{"unknown_empty", "unknown", "[null, null]", false},
        Contradiction{"unknown_nested_empty", "unknown", "[{}]", true},
        Contradiction{"int_inexact", "int64", "9007199254740993", false},
        Contradiction{"nested_inexact", "list<int64>", "[9007199254740993]", false},
        Contradiction{"nested_exact", "list<int64>", "[9007199254740994]", false},
        Contradiction{"unknown_filled", "unknown", "[{}, [false]]", true}),
    [](const auto& test_case) { return test_case.param.name; });

TEST(JsonDecode, ABadRecordIsARejectEvenWhereItWouldContradict) {
  const auto file = open_text(
      "{\"a\": 1}\n{\"a\": \"x\", \"a\": 2}\n{\"a\": \"x\"\n{\"b\": 1, \"c\": nul}\n{\"a\": 2}\n");
  ASSERT_TRUE(file);
  const auto pass = decode(**file, guess({{"a", "int64"}}));
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_FALSE(pass->contradicted);
  EXPECT_EQ(pass->rows, (std::vector<std::string>{"a=1", "a=2"}));
  EXPECT_EQ(pass->rejects.size(), 3U);
}

TEST(JsonDecode, BadRecordsDoNotTakePartInInference) {
  const auto pass = infer_and_decode(
      "{\"a\": 1}\n{\"a\": \"x\", \"b\": 1, \"b\": 2}\n{\"c\": 1, \"a\": 1.5\n[{\"d\": 1}]\n");
  ASSERT_TRUE(pass) << pass.error().to_string();
  ASSERT_EQ(pass->schema.fields.size(), 1U);
  EXPECT_EQ(to_string(pass->schema.fields[0].type), "int64");
}

TEST(JsonDecode, NewKeysContradictOnlyWithAValue) {
  const auto file = open_text("{\"a\": 1, \"b\": null}\n{\"a\": 1}\n");
  const auto other = open_text("{\"a\": 1}\n{\"a\": 1, \"b\": []}\n");
  ASSERT_TRUE(file && other);
  EXPECT_FALSE(decode(**file, guess({{"a", "int64"}}))->contradicted);
  EXPECT_TRUE(decode(**other, guess({{"a", "int64"}}))->contradicted);
  DecodePlan settled = guess({{"a", "int64"}});
  settled.columns[0].inferred = false;
  EXPECT_TRUE(decode(**other, settled)->contradicted);
  settled.new_columns = NewColumns::kIgnore;
  EXPECT_FALSE(decode(**other, settled)->contradicted);
}

TEST(JsonDecode, SeenTellsWhatTheTypeDoesNot) {
  const auto file =
      open_text("{\"a\": 9007199254740993, \"b\": 9007199254740992, \"c\": {}, \"d\": 1}\n");
  ASSERT_TRUE(file);
  DecodePlan plan = guess({{"a", "int64"}, {"b", "int64"}, {"c", "unknown"}, {"d", "int64"}});
  const auto pass = decode(**file, plan);
  ASSERT_TRUE(pass);
  ASSERT_EQ(pass->seen.size(), 4U);
  EXPECT_EQ(pass->seen[0].seen & kSeenIntNotDouble, kSeenIntNotDouble);
  EXPECT_EQ(pass->seen[1].seen & kSeenIntNotDouble, 0);
  EXPECT_EQ(pass->seen[2].seen, kSeenObject);
  EXPECT_EQ(pass->seen[3].seen, kSeenNothing);
  for (ColumnPlan& column : plan.columns) column.inferred = false;
  plan.new_columns = NewColumns::kIgnore;
  EXPECT_TRUE(decode(**file, plan)->seen.empty());
}

TEST(JsonDecode, SeenTellsOfPlacesInsideTheColumn) {
  const auto file = open_text(
      "{\"l\": [{\"id\": 1, \"tags\": []}, {\"id\": 9007199254740993}], \"s\": {\"a\": true, "
      "\"b\": "
      "{}}}\n");
  ASSERT_TRUE(file);
  auto pass = decode(**file, guess({{"l", "list<struct<id: int64>>"}, {"s", "struct<a: bool>"}}));
  ASSERT_TRUE(pass);
  ASSERT_FALSE(pass->contradicted);
  EXPECT_EQ(pass->rows,
            (std::vector<std::string>{"l=[{id: 1}, {id: 9007199254740993}] s={a: true}"}));
  ASSERT_EQ(pass->seen.size(), 2U);
  Observed& element = *pass->seen[0].element;
  EXPECT_EQ(element.field("id").seen, kSeenIntNotDouble);
  EXPECT_EQ(element.field("tags").seen, kSeenArray);
  Observed& members = pass->seen[1];
  EXPECT_EQ(members.field("a").seen, kSeenNothing);
  EXPECT_EQ(members.field("b").seen, kSeenObject);
}

TEST(JsonDecode, ABadRecordIsNotTheOnlyOneToTellSomething) {
  const std::string twice = "{\"a\": 9007199254740993, \"a\": 1}\n";
  const auto first = open_text(twice + "{\"a\": 2}\n");
  const auto second = open_text("{\"a\": 9007199254740993}\n" + twice);
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(decode(**first, guess({{"a", "int64"}}))->contradicted);
  EXPECT_FALSE(decode(**second, guess({{"a", "int64"}}))->contradicted);
}

TEST(JsonDecode, AnExactColumnRefusesWhatADeclaredOneRounds) {
  const auto file = open_text("{\"a\": 0.5}\n{\"a\": 9007199254740993}\n");
  ASSERT_TRUE(file);
  DecodePlan plan = guess({{"a", "double"}});
  plan.columns[0].inferred = false;
  EXPECT_EQ(decode(**file, plan)->rows.size(), 2U);
  plan.columns[0].exact = true;
  EXPECT_EQ(decode(**file, plan)->rows.size(), 1U);
  plan.columns[0].field.required = true;
  plan.columns[0].null_reason = RejectReason::kPartitionNull;
  const auto nulls = open_text("{\"a\": null}\n{}\n");
  const auto pass = decode(**nulls, plan);
  ASSERT_TRUE(pass);
  ASSERT_EQ(pass->rejects.size(), 2U);
  EXPECT_EQ(pass->rejects[0].reason, RejectReason::kPartitionNull);
  EXPECT_EQ(pass->rejects[1].reason, RejectReason::kPartitionNull);
}

TEST(JsonDecode, ColumnsAreFoundByTheNamesOfTheInput) {
  const auto file = open_text("{\"deviceId\": 1, \"s\": {\"innerKey\": 2}}\n");
  ASSERT_TRUE(file);
  LogicalType inner{Kind::kStruct};
  inner.children.push_back({.name = "inner_key", .type = {Kind::kInt64}, .original = "innerKey"});
  Schema schema;
  schema.fields = {{.name = "device_id", .type = {Kind::kInt64}, .original = "deviceId"},
                   {.name = "s", .type = inner}};
  const auto pass = decode(**file, plan_of(schema, false));
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_EQ(pass->rows, (std::vector<std::string>{"device_id=1 s={inner_key: 2}"}));
}

// Every other row is bad in a place where much of it is already in the builders.
TEST(JsonDecode, RejectedRowsLeaveNoTrace) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 1000; ++i) {
    text += fmt::format(
        "{{\"t\": \"t{0}\", \"l\": [[{0}], [], null, [1, {0}]], \"s\": {{\"b\": true, \"v\": "
        "[\"x{0}\"]}}, \"end\": {1}}}\n",
        i, i % 2 == 0 ? "1" : "{\"bad\": [1, 2]}");
    if (i % 2 == 0)
      expected.push_back(fmt::format(
          "t=\"t{0}\" l=[[{0}], [], null, [1, {0}]] s={{b: true, v: [\"x{0}\"]}} end=1", i));
  }
  const auto file = open_text(text);
  ASSERT_TRUE(file);
  DecodePlan plan = guess({{"t", "text"},
                           {"l", "list<list<int64>>"},
                           {"s", "struct<b: bool, v: list<text>>"},
                           {"end", "int64"}});
  for (ColumnPlan& column : plan.columns) column.inferred = false;
  const auto pass = decode(**file, plan);
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_EQ(pass->rows, expected);
  EXPECT_EQ(pass->rejects.size(), 500U);
  EXPECT_EQ(pass->rejects[499].row, 1000U);
}

// Room for lists is made by what the first rows have; those behind are as they are, also the bad.
TEST(JsonDecode, ListsOfIntegersOfAnyLength) {
  std::string text;
  std::vector<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    std::string list;
    const int length = i < 40 ? 700 - i : i == 200 ? 20'000 : i % 4;
    for (int value = 0; value < length; ++value)
      list += fmt::format("{}{}", value == 0 ? "" : ", ", (value % 2 == 0 ? 1 : -1) * i * value);
    const bool is_bad = i % 7 == 6;
    const std::string odd = i % 5 == 0 ? "null, -9223372036854775808, 9007199254740993" : "";
    text += fmt::format("{{\"l\": [{}{}{}{}]}}\n", list, !list.empty() && !odd.empty() ? ", " : "",
                        odd, is_bad ? (list.empty() && odd.empty() ? "\"x\"" : ", 1.5") : "");
    if (!is_bad)
      expected.push_back(
          fmt::format("l=[{}{}{}]", list, !list.empty() && !odd.empty() ? ", " : "", odd));
  }
  const auto file = open_text(text);
  ASSERT_TRUE(file);
  DecodePlan plan = guess({{"l", "list<int64>"}});
  plan.columns[0].inferred = false;
  const auto pass = decode(**file, plan);
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_EQ(pass->rows, expected);
  EXPECT_EQ(pass->rejects.size(), 42U);
}

// Lists are read as they stand, before anybody knows that their records are whole.
TEST(JsonDecode, AListOfIntegersEndsWithItsRecord) {
  const auto file = open_text(
      "{\"l\": [1,2\n"
      "{\"l\": [3, 4], \"x\": 5}\n"
      "{\"l\": [5]]}\n"
      "{\"l\": [6] [7]}\n"
      "{\"l\": [8,]}\n"
      "{\"l\": [9 ,10 ]}\n"
      "{\"l\": [11], \"l\": [12]}\n"
      "{\"l\": []}\n"
      "{\"l\": [13");
  ASSERT_TRUE(file);
  DecodePlan plan = guess({{"l", "list<int64>"}}, NewColumns::kIgnore);
  plan.columns[0].inferred = false;
  const auto pass = decode(**file, plan);
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_EQ(pass->rows, (std::vector<std::string>{"l=[3, 4]", "l=[9, 10]", "l=[]"}));
  EXPECT_EQ(pass->rejects.size(), 6U);
}

TEST(JsonDecode, ManyChunksKeepTheirRowsAndLines) {
  std::string text;
  for (int i = 1; i <= 100'000; ++i)
    text += i % 10'000 == 0 ? "{\"i\": 1, \"i\": 2}\n" : fmt::format("{{\"i\": {}}}\n", i);
  const auto pass = infer_and_decode(text);
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_EQ(pass->rows.size(), 99'990U);
  ASSERT_EQ(pass->rejects.size(), 10U);
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(pass->rejects[i].row, (i + 1) * 10'000);
    EXPECT_EQ(pass->rejects[i].line, (i + 1) * 10'000);
    EXPECT_EQ(text.substr(pass->rejects[i].offset, 9), "{\"i\": 1, ");
  }
  EXPECT_EQ(pass->chunk_records, (std::vector<std::uint64_t>{32768, 32768, 32768, 1696}));
}

// What convert does: the first chunk's types are tried on the rest; the first contradiction turns
// the pass into a scan; what is settled then must hold for every row.
Result<Pass> read_optimistically(const std::string& text) {
  LAKEGATE_TRY(auto file, open_text(text));
  LAKEGATE_TRY(auto reader, file->open());
  Observed observed;
  DecodePlan plan;
  bool is_first = true, is_scan = false;
  const auto make_plan = [&](bool inferred) {
    Schema schema;
    for (const auto& [name, seen] : observed.fields)
      schema.fields.push_back({.name = name, .type = resolve(seen)});
    return plan_of(schema, inferred, inferred ? NewColumns::kAdd : NewColumns::kIgnore);
  };
  while (true) {
    LAKEGATE_TRY(auto chunk, reader->next());
    if (!chunk) break;
    if (is_first) {
      LAKEGATE_CHECK(chunk->observe(observed));
      plan = make_plan(true);
      observed = {};
      for (const ColumnPlan& column : plan.columns)
        observed.field(column.field.name) = observed_from(column.field.type);
    }
    is_first = false;
    if (!is_scan) {
      LAKEGATE_TRY(const DecodedChunk decoded, chunk->decode(plan));
      is_scan = decoded.contradicted;
      for (std::size_t i = 0; i < decoded.seen.size(); ++i)
        observed.field(plan.columns[i].field.name).join(decoded.seen[i]);
    }
    if (is_scan) LAKEGATE_CHECK(chunk->observe(observed));
  }
  DecodePlan settled = make_plan(false);
  for (ColumnPlan& column : settled.columns) column.exact = true;
  LAKEGATE_TRY(Pass pass, decode(*file, settled));
  for (const ColumnPlan& column : settled.columns) pass.schema.fields.push_back(column.field);
  return pass;
}

struct Surprise {
  const char* name;
  std::vector<const char*> chunks;  // a record of each chunk, which is filled up with it
  const char* type;
};

class Surprises : public testing::TestWithParam<Surprise> {};

TEST_P(Surprises, NeverCostARow) {
  const auto& [name, chunks, type] = GetParam();
  std::string text;
  for (const char* value : chunks)
    for (std::uint64_t i = 0; i < kChunkRecords; ++i)
      text += i == 7 ? fmt::format("{{\"a\":{}}}\n", value) : "{\"a\":null}\n";
  const auto pass = read_optimistically(text);
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_FALSE(pass->contradicted);
  EXPECT_EQ(pass->rejects.size(), 0U);
  ASSERT_EQ(pass->schema.fields.size(), 1U);
  EXPECT_EQ(to_string(pass->schema.fields[0].type), type);
}

INSTANTIATE_TEST_SUITE_P(
    Chunks, Surprises,
    testing::Values(
        Surprise{"int_then_double", {"1", "9007199254740993", "1.5"}, "text"},
        Surprise{"list_int_then_double", {"[1]", "[9007199254740993]", "[1.5]"}, "list<text>"},
        Surprise{"member_int_then_double",
                 {R"({"b":1})", R"({"b":9007199254740993})", R"({"b":1.5})"},
                 "struct<b: text>"},
        Surprise{"member_empty_then_list",
                 {R"([{"b":1}])", R"([{"b":1,"c":[]}])", R"([{"c":[1]}])"},
                 "list<struct<b: int64, c: list<int64>>>"},
        Surprise{"empty_list_then_int", {"[]", "1"}, "text"},
        Surprise{"null_then_empty_list_then_int", {"null", "[]", "1"}, "text"},
        Surprise{"nested_empty_then_int", {"[[]]", "[1]"}, "list<text>"},
        Surprise{"nested_empty_list_later", {"[]", "[{}]", "[[1]]"}, "list<text>"},
        Surprise{"struct_empty_member",
                 {"{\"x\":1}", "{\"y\":[]}", "{\"y\":1}"},
                 "struct<x: int64, y: text>"},
        Surprise{"struct_empty_first",
                 {"{\"x\":1,\"y\":{}}", "{\"y\":[2]}"},
                 "struct<x: int64, y: text>"},
        Surprise{
            "late_member", {"{\"x\":1}", "{\"x\":2}", "{\"z\":true}"}, "struct<x: int64, z: bool>"},
        Surprise{"list_then_object", {"[1]", "{\"b\":1}"}, "text"},
        Surprise{"dates_then_time", {"\"2024-01-01\"", "\"2024-01-01T10:00\""}, "timestamp"},
        Surprise{"bigint", {"1", "9223372036854775808", "2"}, "decimal(38,0)"}),
    [](const auto& test_case) { return test_case.param.name; });

class History : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("LAKEGATE_REALDATA");
    if (data == nullptr) GTEST_SKIP() << "LAKEGATE_REALDATA names no folder of real data";
    folder_ = fs::path(data) / "history";
  }
  fs::path folder_;
};

TEST_F(History, EachVersionIsReadOrRefusedForItsNaN) {
  int read = 0, refused = 0, day_as_text = 0;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    std::ifstream in(entry.path(), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const auto pass = infer_and_decode(text);
    if (!pass) {
      ++refused;
      EXPECT_NE(text.find("NaN"), std::string::npos) << entry.path();
      EXPECT_TRUE(pass.error().message.starts_with("NaN is not JSON (line "))
          << pass.error().message;
      continue;
    }
    ++read;
    EXPECT_FALSE(pass->contradicted) << entry.path();
    EXPECT_TRUE(pass->rejects.empty()) << entry.path();
    ASSERT_GE(pass->schema.fields.size(), 13U);
    EXPECT_EQ(to_string(pass->schema.find("date")->type), "date") << entry.path();
    day_as_text += to_string(pass->schema.find("day")->type) == "text";
  }
  EXPECT_EQ(read, 13);
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(day_as_text, 1);  // the other version that has it so is the one refused
}

}  // namespace
}  // namespace lakegate::json_test
