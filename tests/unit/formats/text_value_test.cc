#include "formats/text_value.h"

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "schema/types.h"

namespace lakegate {
namespace {

struct TextCase {
  const char* type;  // in lakegate's words
  const char* array;
  const char* text;
  const char* json;
};
void PrintTo(const TextCase& c, std::ostream* out) {
  *out << c.type << " " << c.array;
}

class TextValue : public testing::TestWithParam<TextCase> {};

TEST_P(TextValue, OfTheFirstRow) {
  const auto type = type_from(GetParam().type);
  ASSERT_TRUE(type) << type.error().message;
  const auto array =
      arrow::json::ArrayFromJSONString(to_arrow(*type), std::string(GetParam().array)).ValueOrDie();
  std::string text = "<", json = "<";
  append_text(*array, 0, text);
  append_json(*array, 0, json);
  EXPECT_EQ(text, std::string("<") + GetParam().text);
  EXPECT_EQ(json, std::string("<") + GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    Values, TextValue,
    testing::Values(
        TextCase{"int64", "[null]", "", "null"}, TextCase{"text", "[null]", "", "null"},
        TextCase{"list<int64>", "[null]", "", "null"}, TextCase{"bool", "[true]", "true", "true"},
        TextCase{"bool", "[false]", "false", "false"}, TextCase{"int32", "[-5]", "-5", "-5"},
        TextCase{"int64", "[-9223372036854775808]", "-9223372036854775808", "-9223372036854775808"},
        TextCase{"int64", "[9007199254740993]", "9007199254740993", "9007199254740993"},
        TextCase{"double", "[1]", "1.0", "1.0"}, TextCase{"double", "[-0.0]", "-0.0", "-0.0"},
        TextCase{"double", "[0.1]", "0.1", "0.1"},
        TextCase{"double", "[1e300]", "1e+300", "1e+300"},
        TextCase{"double", "[123456789012345680]", "123456789012345680.0", "123456789012345680.0"},
        TextCase{"double", "[5e-324]", "5e-324", "5e-324"},
        TextCase{"float32", "[0.1]", "0.1", "0.1"}, TextCase{"double", "[NaN]", "NaN", "\"NaN\""},
        TextCase{"double", "[Inf]", "inf", "\"inf\""},
        TextCase{"double", "[-Inf]", "-inf", "\"-inf\""},
        TextCase{"decimal(10,2)", "[\"-1.50\"]", "-1.50", "-1.50"},
        TextCase{"decimal(38,0)", "[\"99999999999999999999999999999999999999\"]",
                 "99999999999999999999999999999999999999",
                 "99999999999999999999999999999999999999"},
        TextCase{"text", R"(["a\"b\\c\n\t\r\u0001é"])", "a\"b\\c\n\t\r\x01é",
                 R"("a\"b\\c\n\t\r\u0001é")"},
        TextCase{"text", R"([""])", "", "\"\""},
        TextCase{"binary", R"(["abcd"])", "YWJjZA==", "\"YWJjZA==\""},
        TextCase{"date", "[20780]", "2026-11-23", "\"2026-11-23\""},
        TextCase{"date", "[-719162]", "0001-01-01", "\"0001-01-01\""},
        TextCase{"timestamp", "[1795407764000000]", "2026-11-23T04:22:44",
                 "\"2026-11-23T04:22:44\""},
        TextCase{"timestamptz", "[1795407764000000]", "2026-11-23T04:22:44Z",
                 "\"2026-11-23T04:22:44Z\""},
        TextCase{"timestamptz", "[1795407764000001]", "2026-11-23T04:22:44.000001Z",
                 "\"2026-11-23T04:22:44.000001Z\""},
        TextCase{"timestamp", "[-1]", "1969-12-31T23:59:59.999999",
                 "\"1969-12-31T23:59:59.999999\""},
        TextCase{"list<text>", R"([["a", null, "\""]])", R"(["a",null,"\""])",
                 R"(["a",null,"\""])"},
        TextCase{"list<int64>", "[[]]", "[]", "[]"},
        TextCase{"struct<a: int64, b: list<struct<c: timestamp>>>",
                 R"([{"a": 1, "b": [{"c": 0}, null]}])",
                 R"({"a":1,"b":[{"c":"1970-01-01T00:00:00"},null]})",
                 R"({"a":1,"b":[{"c":"1970-01-01T00:00:00"},null]})"}));

TEST(TextValueRows, LooksAtTheRowThatIsAskedForAlsoInSlices) {
  const auto array =
      arrow::json::ArrayFromJSONString(arrow::list(arrow::int64()), "[[1], [2, 3], null, [4]]")
          .ValueOrDie()
          ->Slice(1);
  std::string text;
  for (std::int64_t row = 0; row < array->length(); ++row) append_json(*array, row, text);
  EXPECT_EQ(text, "[2,3]null[4]");
}

TEST(TextValueRows, DictionariesAreTheirValues) {
  const auto array =
      arrow::json::DictArrayFromJSONString(arrow::dictionary(arrow::int8(), arrow::utf8()),
                                           "[1, null, 0]", R"(["a", "b"])")
          .ValueOrDie();
  std::string text;
  for (std::int64_t row = 0; row < 3; ++row) append_json(*array, row, text);
  EXPECT_EQ(text, "\"b\"null\"a\"");
}

}  // namespace
}  // namespace lakegate
