#include "tables/dynamodb/item_encoder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "fakes/batches.h"

namespace lakegate::dynamodb {
namespace {

using Kind = LogicalType::Kind;

struct Encoded {
  std::string value;  // of the column v, as JSON
  std::size_t bytes = 0;
  std::optional<Misfit> misfit;
  EncodedItem item;
};

Encoded encoded(const std::string& type, const std::string& json, TableDefinition definition = {}) {
  definition.name = TableName("T");
  definition.key = {"id"};
  definition.schema = {
      {{.name = "v", .type = type_from(type).value()}, {.name = "id", .type = {Kind::kInt64}}}};
  const auto batch = batch_of(definition.schema, "[[" + json + ", 7]]");
  const OfferedRows rows = OfferedRows::of(definition, *batch, 1).value();
  ItemEncoder encoder(definition, "o", "s");
  encoder.set_rows(rows);
  Encoded made;
  made.misfit = encoder.encode(0, made.item);
  made.bytes = made.item.bytes;
  if (made.misfit) return made;
  const auto item = nlohmann::ordered_json::parse("{" + made.item.item + "}");
  if (item.contains("v")) made.value = item["v"].dump();
  return made;
}

TEST(ItemEncoder, EveryTypeAsItIsWritten) {
  const struct {
    const char *type, *json, *value;
    std::size_t bytes;  // of the value, without its name
  } cases[] = {
      {"bool", "true", R"({"BOOL":true})", 1},
      {"bool", "false", R"({"BOOL":false})", 1},
      {"int32", "-2147483648", R"({"N":"-2147483648"})", 7},
      {"int64", "9223372036854775807", R"({"N":"9223372036854775807"})", 11},
      {"int64", "0", R"({"N":"0"})", 1},
      {"int64", "100", R"({"N":"100"})", 2},
      {"float32", "0.1", R"({"N":"0.1"})", 2},
      {"double", "0.1", R"({"N":"0.1"})", 2},
      {"double", "-0.0", R"({"N":"0"})", 1},
      {"double", "1e22", R"({"N":"1e+22"})", 2},
      {"double", "1.7976931348623157e100", R"({"N":"1.7976931348623157e+100"})", 10},
      {"double", "1e-130", R"({"N":"1e-130"})", 2},
      {"decimal(38,2)", "\"-123456789012345678901234567890123456.70\"",
       R"({"N":"-123456789012345678901234567890123456.70"})", 21},
      {"decimal(38,0)", "\"99999999999999999999999999999999999999\"",
       R"({"N":"99999999999999999999999999999999999999"})", 20},
      {"decimal(5,3)", "\"-0.070\"", R"({"N":"-0.070"})", 3},
      {"decimal(5,0)", "\"0\"", R"({"N":"0"})", 1},
      {"text", "\"\"", R"({"S":""})", 0},
      {"text", R"("it's \"Größe\"\n")", R"({"S":"it's \"Größe\"\n"})", 15},
      {"binary", "\"\"", R"({"B":""})", 0},
      {"binary", "\"a\"", R"({"B":"YQ=="})", 1},
      {"binary", "\"ab\"", R"({"B":"YWI="})", 2},
      {"binary", "\"abcd\"", R"({"B":"YWJjZA=="})", 4},
      {"date", "0", R"({"S":"1970-01-01"})", 10},
      {"date", "-719528", R"({"S":"0000-01-01"})", 10},
      {"date", "2932896", R"({"S":"9999-12-31"})", 10},
      {"timestamp", "\"2026-11-23 04:22:44.5\"", R"({"S":"2026-11-23T04:22:44.500000"})", 26},
      {"timestamp", "\"1969-12-31 23:59:59.999999\"", R"({"S":"1969-12-31T23:59:59.999999"})", 26},
      {"timestamptz", "\"2026-11-23 04:22:44Z\"", R"({"S":"2026-11-23T04:22:44.000000Z"})", 27},
      {"list<int64>", "[1, null, 30]", R"({"L":[{"N":"1"},{"NULL":true},{"N":"30"}]})", 11},
      {"list<int64>", "[]", R"({"L":[]})", 3},
      {"struct<a: int64, b: text>", R"({"a": 1, "b": "xy"})",
       R"({"M":{"a":{"N":"1"},"b":{"S":"xy"}}})", 11},
      {"struct<a: int64, b: text>", R"({"a": null, "b": "x"})", R"({"M":{"b":{"S":"x"}}})", 6},
      {"list<struct<a: list<bool>>>", R"([{"a": [true]}])",
       R"({"L":[{"M":{"a":{"L":[{"BOOL":true}]}}}]})", 14},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.type) + " " + c.json);
    const Encoded made = encoded(c.type, c.json);
    ASSERT_FALSE(made.misfit);
    EXPECT_EQ(made.value, c.value);
    EXPECT_EQ(made.bytes, encoded(c.type, "null").bytes + 1 + c.bytes);
  }
}

TEST(ItemEncoder, NullsAreLeftOutAndLakegatesOwnAttributesAreThere) {
  const Encoded made = encoded("text", "null");
  EXPECT_EQ(made.item.item,
            R"("id":{"N":"7"},"_lakegate_order":{"S":"o"},"_lakegate_source":{"S":"s"},)"
            R"("_lakegate_row":{"N":"1"})");
  EXPECT_EQ(made.item.key(), R"("id":{"N":"7"})");
  // 2+2, 15+1, 16+1, 13+2
  EXPECT_EQ(made.item.bytes, 52u);
}

TEST(ItemEncoder, NumbersThatDynamoDbDoesNotHaveAreMisfits) {
  for (const char* number :
       {"NaN", "Inf", "-Inf", "1e126", "-1.7976931348623157e308", "9.9e-131"}) {
    const Encoded made = encoded("double", number);
    ASSERT_TRUE(made.misfit) << number;
    EXPECT_EQ(made.misfit->reason, RejectReason::kNumberOutOfRange);
    EXPECT_EQ(made.misfit->field, 0u);
  }
  EXPECT_TRUE(encoded("list<double>", "[1.5, NaN]").misfit);
  EXPECT_TRUE(encoded("struct<a: float32>", R"({"a": Inf})").misfit);
}

TEST(ItemEncoder, SizesAreJudgedAtTheByte) {
  const std::size_t others = encoded("text", "null").bytes + 1;
  const auto text = [](std::size_t length) { return "\"" + std::string(length, 'x') + "\""; };
  const Encoded largest = encoded("text", text(kMaxItemBytes - others));
  EXPECT_FALSE(largest.misfit);
  EXPECT_EQ(largest.bytes, kMaxItemBytes);
  const Encoded larger = encoded("text", text(kMaxItemBytes - others + 1));
  ASSERT_TRUE(larger.misfit);
  EXPECT_EQ(larger.misfit->reason, RejectReason::kItemTooLarge);
}

TEST(ItemEncoder, KeysHaveLimitsOfTheirOwn) {
  const TableDefinition definition{
      .name = TableName("T"),
      .key = {"a", "b"},
      .schema = {{{.name = "b", .type = {Kind::kText}}, {.name = "a", .type = {Kind::kText}}}}};
  const struct {
    std::size_t b, a;
    std::optional<std::size_t> too_long;
  } cases[] = {{1024, 2048, std::nullopt}, {1025, 1, 0}, {1, 2049, 1}};
  for (const auto& c : cases) {
    const auto batch = batch_of(definition.schema, "[[\"" + std::string(c.b, 'b') + "\",\"" +
                                                       std::string(c.a, 'a') + "\"]]");
    const OfferedRows rows = OfferedRows::of(definition, *batch, 1).value();
    ItemEncoder encoder(definition, "o", "s");
    encoder.set_rows(rows);
    EncodedItem item;
    const auto misfit = encoder.encode(0, item);
    EXPECT_EQ(misfit.has_value(), c.too_long.has_value());
    if (misfit && c.too_long) {
      EXPECT_EQ(misfit->reason, RejectReason::kKeyTooLong);
      EXPECT_EQ(misfit->field, *c.too_long);
    }
    if (!misfit) {
      EXPECT_TRUE(item.key().starts_with("\"a\":"));
    }
  }
}

TEST(ItemEncoder, ExpiryIsInSecondsWhateverTheColumn) {
  const struct {
    const char *type, *json, *seconds;
  } cases[] = {{"int64", "1700000000", "1700000000"},
               {"int32", "5", "5"},
               {"date", "2", "172800"},
               {"timestamp", "\"1970-01-01 00:00:01.9\"", "1"},
               {"timestamptz", "\"1969-12-31 23:59:59.5Z\"", "-1"}};
  for (const auto& c : cases) {
    const Encoded made = encoded(c.type, c.json, {.ttl = "v"});
    const auto item = nlohmann::ordered_json::parse("{" + made.item.item + "}");
    EXPECT_EQ(item[std::string(kExpires)]["N"], c.seconds) << c.type;
    EXPECT_TRUE(item.contains("v"));
  }
  EXPECT_EQ(encoded("date", "null", {.ttl = "v"}).item.item.find(kExpires), std::string::npos);
}

}  // namespace
}  // namespace lakegate::dynamodb
