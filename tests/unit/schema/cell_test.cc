#include "schema/cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

namespace lakegate::cell {
namespace {

const std::map<std::string, Seen> kKinds = {
    {"null", kSeenNull},
    {"nan", kSeenNanToken},
    {"bool", kSeenBool},
    {"int", kSeenInt},
    {"int_not_double", kSeenIntNotDouble},
    {"bigint", kSeenBigInt},
    {"double", kSeenDouble},
    {"date", kSeenDate},
    {"timestamp", kSeenTimestamp},
    {"timestamptz", kSeenTimestampTz},
    {"text", kSeenText},
};

std::string unescape(std::string text) {
  if (text == "\\e") return "";
  for (std::size_t i; (i = text.find("\\s")) != std::string::npos;) text.replace(i, 2, " ");
  return text;
}

TEST(Classify, EveryCaseOfTheTable) {
  std::ifstream cases(LAKEGATE_CASES_DIR "/schema/cells.tsv");
  ASSERT_TRUE(cases) << "tests/cases/schema/cells.tsv";
  int count = 0;
  for (std::string line; std::getline(cases, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t tab = line.find('\t');
    ASSERT_NE(tab, std::string::npos) << line;
    ASSERT_TRUE(kKinds.contains(line.substr(tab + 1))) << line;
    EXPECT_EQ(classify(unescape(line.substr(0, tab)), false), kKinds.at(line.substr(tab + 1)))
        << line;
    ++count;
  }
  EXPECT_GT(count, 80);
}

// Each parser accepts exactly what classify calls by its type: inference and decoding cannot
// differ.
TEST(Parsers, AgreeWithClassify) {
  std::ifstream cases(LAKEGATE_CASES_DIR "/schema/cells.tsv");
  for (std::string line; std::getline(cases, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::string text = unescape(line.substr(0, line.find('\t')));
    const Seen seen = classify(text, false);
    std::int64_t i = 0;
    double d = 0;
    bool b = false;
    std::int32_t days = 0;
    arrow::Decimal128 big;
    EXPECT_EQ(parse_int64(text, i), seen == kSeenInt || seen == kSeenIntNotDouble) << line;
    EXPECT_EQ(parse_exact_double(text, d),
              seen == kSeenInt || seen == kSeenDouble ||
                  (seen == kSeenBigInt && text == "100000000000000000000"))
        << line;
    EXPECT_EQ(parse_bool(text, b), seen == kSeenBool) << line;
    EXPECT_EQ(parse_date(text, days), seen == kSeenDate) << line;
    EXPECT_EQ(parse_timestamp(text, i), seen == kSeenTimestamp) << line;
    EXPECT_EQ(parse_timestamptz(text, i), seen == kSeenTimestampTz) << line;
    EXPECT_EQ(parse_bigint(text, big),
              seen == kSeenInt || seen == kSeenIntNotDouble || seen == kSeenBigInt)
        << line;
  }
}

TEST(ParseExactDouble, GivesTheNearestDouble) {
  for (const char* text :
       {"0.1", "-2.5", "1e22", "1e-22", "9007199254740993e3", "0.30000000000000004",
        "123456789012345e10", "5e-324", "2.2250738585072014e-308", "1e23"}) {
    double value = 0;
    ASSERT_TRUE(parse_exact_double(text, value)) << text;
    EXPECT_EQ(value, std::strtod(text, nullptr)) << text;
  }
}

TEST(ParseDeclaredDouble, RoundsAndKnowsNoNumbers) {
  double value = 0;
  EXPECT_TRUE(parse_declared_double("0.1234567890123456789", value));
  EXPECT_EQ(value, 0.1234567890123456789);
  EXPECT_TRUE(parse_declared_double("-inf", value));
  EXPECT_TRUE(std::isinf(value));
  EXPECT_TRUE(parse_declared_double("NaN", value));
  EXPECT_TRUE(std::isnan(value));
  EXPECT_FALSE(parse_declared_double("1e999", value));
  EXPECT_FALSE(parse_declared_double("", value));
  EXPECT_FALSE(parse_declared_double("1.5x", value));
}

TEST(ParseDecimal, IsExactOrNothing) {
  const auto parsed = [](std::string_view text, int precision, int scale) -> std::string {
    arrow::Decimal128 value;
    return parse_decimal(text, precision, scale, value) ? value.ToString(scale) : "refused";
  };
  EXPECT_EQ(parsed("1.5", 10, 2), "1.50");
  EXPECT_EQ(parsed("-1.50", 10, 2), "-1.50");
  EXPECT_EQ(parsed("1.505", 10, 2), "refused");
  EXPECT_EQ(parsed("1.5000", 10, 2), "1.50");
  EXPECT_EQ(parsed("12345678.00", 10, 2), "12345678.00");
  EXPECT_EQ(parsed("123456789.00", 10, 2), "refused");
  EXPECT_EQ(parsed("99999999999999999999999999999999999999", 38, 0),
            "99999999999999999999999999999999999999");
  EXPECT_EQ(parsed("-99999999999999999999999999999999999999", 38, 0),
            "-99999999999999999999999999999999999999");
  EXPECT_EQ(parsed("100000000000000000000000000000000000000", 38, 0), "refused");
  EXPECT_EQ(parsed("0.00000000000000000000000000000000000001", 38, 38), "1E-38");
  EXPECT_EQ(parsed("1e2", 10, 2), "refused");
  EXPECT_EQ(parsed(".", 10, 2), "refused");
}

TEST(Timestamps, AreInstantsInUtc) {
  std::int64_t zone = 0, utc = 0;
  ASSERT_TRUE(parse_timestamptz("2026-11-23T06:00:00.25+02:00", zone));
  ASSERT_TRUE(parse_timestamptz("2026-11-23T04:00:00.250Z", utc));
  EXPECT_EQ(zone, utc);
  EXPECT_EQ(format_timestamp(utc, true), "2026-11-23T04:00:00.250000Z");
  std::int64_t before_epoch = 0;
  ASSERT_TRUE(parse_timestamp("1969-12-31T23:59:59.999999", before_epoch));
  EXPECT_EQ(before_epoch, -1);
  EXPECT_EQ(format_timestamp(-1, false), "1969-12-31T23:59:59.999999");
  EXPECT_EQ(format_date(-1), "1969-12-31");
}

TEST(ParseFormatted, ReadsWhatAFormatDeclares) {
  const auto parsed = [](std::string_view text, std::string_view format) -> std::string {
    std::int64_t micros = 0;
    return parse_formatted(text, format, micros) ? format_timestamp(micros, false) : "refused";
  };
  EXPECT_EQ(parsed("31.12.2025", "%d.%m.%Y"), "2025-12-31T00:00:00.000000");
  EXPECT_EQ(parsed("1/2/25", "%m/%d/%y"), "2025-01-02T00:00:00.000000");
  EXPECT_EQ(parsed("05 Mar 1999 11:04 PM", "%d %b %Y %I:%M %p"), "1999-03-05T23:04:00.000000");
  EXPECT_EQ(parsed("2025-366", "%Y-%j"), "refused");
  EXPECT_EQ(parsed("2024-366", "%Y-%j"), "2024-12-31T00:00:00.000000");
  EXPECT_EQ(parsed("20250131T120000.5+0100", "%Y%m%dT%H%M%S.%f%z"), "2025-01-31T11:00:00.500000");
  EXPECT_EQ(parsed("31.02.2025", "%d.%m.%Y"), "refused");
  EXPECT_EQ(parsed("31.12.2025 ", "%d.%m.%Y"), "refused");
  EXPECT_TRUE(is_valid_format("%d.%m.%Y"));
  EXPECT_FALSE(is_valid_format("%Q"));
  EXPECT_FALSE(is_valid_format("no directive"));
}

TEST(ClassifyJson, StringsAreNeverNumbersOrBools) {
  EXPECT_EQ(classify_json_string("42"), kSeenText);
  EXPECT_EQ(classify_json_string("true"), kSeenText);
  EXPECT_EQ(classify_json_string(""), kSeenText);
  EXPECT_EQ(classify_json_string("2020-01-01"), kSeenDate);
  EXPECT_EQ(classify_json_string("2020-01-01T00:00:00Z"), kSeenTimestampTz);
}

}  // namespace
}  // namespace lakegate::cell
