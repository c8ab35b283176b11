// The quick readers of cells say what schema/cell.h says, of every text.
#include <gtest/gtest.h>

#include <bit>
#include <random>
#include <string>
#include <vector>

#include "formats/columns/build.h"
#include "formats/columns/fast_cell.h"

namespace lakegate::columns {
namespace {

// The text with what may be read behind it: other cells.
class Padded {
 public:
  explicit Padded(const std::string& text)
      : bytes_(text + ",123.456,2020-01-01T00:00:00Z\n1"), size_(text.size()) {}
  std::string_view view() const { return std::string_view(bytes_).substr(0, size_); }

 private:
  std::string bytes_;
  std::size_t size_;
};

void expect_agreement(const std::string& text) {
  SCOPED_TRACE("text: " + text);
  const Padded padded(text);
  const std::string_view view = padded.view();
  std::int64_t integer = 0, expected_integer = 0;
  const bool is_integer = cell::parse_int64(text, expected_integer);
  ASSERT_EQ(fast::parse_int64(view, integer), is_integer);
  if (is_integer) {
    ASSERT_EQ(integer, expected_integer);
  }

  double number = 0, expected_number = 0;
  const bool is_exact = cell::parse_exact_double(text, expected_number);
  ASSERT_EQ(fast::parse_exact_double(view, number), is_exact);
  if (is_exact) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(number), std::bit_cast<std::uint64_t>(expected_number));
  }
  const bool is_declared = cell::parse_declared_double(text, expected_number);
  ASSERT_EQ(fast::parse_declared_double(view, number), is_declared);
  if (is_declared && expected_number == expected_number) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(number), std::bit_cast<std::uint64_t>(expected_number));
  }

  bool truth = false, expected_truth = false;
  const bool is_bool = cell::parse_bool(text, expected_truth);
  ASSERT_EQ(fast::parse_bool(view, truth), is_bool);
  if (is_bool) {
    ASSERT_EQ(truth, expected_truth);
  }

  // Twice, because the reader of times remembers.
  fast::Times times;
  for (int i = 0; i < 2; ++i) {
    std::int32_t days = 0, expected_days = 0;
    const bool is_date = cell::parse_date(text, expected_days);
    ASSERT_EQ(times.parse_date(view, days), is_date);
    if (is_date) {
      ASSERT_EQ(days, expected_days);
    }
    bool is_timestamp = cell::parse_timestamp(text, expected_integer);
    if (!is_timestamp && is_date) {
      is_timestamp = true;
      expected_integer = expected_days * std::int64_t{86'400'000'000};
    }
    ASSERT_EQ(times.parse_timestamp(view, integer), is_timestamp);
    if (is_timestamp) {
      ASSERT_EQ(integer, expected_integer);
    }
    const bool is_zoned = cell::parse_timestamptz(text, expected_integer);
    ASSERT_EQ(times.parse_timestamptz(view, integer), is_zoned);
    if (is_zoned) {
      ASSERT_EQ(integer, expected_integer);
    }
  }

  const std::uint32_t begin = 0, end = static_cast<std::uint32_t>(text.size());
  std::uint16_t seen = 0;
  observe({.bytes = view.data(), .begins = &begin, .ends = &end, .rows = 1, .quotes = false}, {},
          seen);
  ASSERT_EQ(seen, cell::classify(text, false));
}

TEST(FastCell, AgreesOnTheEdges) {
  for (const char* text : {"",
                           "0",
                           "-0",
                           "00",
                           "-",
                           "1",
                           "-1",
                           "+1",
                           "007",
                           "12345678",
                           "123456789",
                           "-12345678",
                           "999999999999999",
                           "9999999999999999",
                           "12345678901234567",
                           "9007199254740993",
                           "9223372036854775807",
                           "9223372036854775808",
                           "-9223372036854775808",
                           "0.0",
                           "-0.0",
                           "0.5",
                           ".5",
                           "5.",
                           "-.5",
                           ".",
                           "-.",
                           "00.5",
                           "01.5",
                           "1.5e3",
                           "1e400",
                           "1e-400",
                           "1.0",
                           "1.10",
                           "12345678.12345678",
                           "12345678.1234567",
                           "123456789.5",
                           "1.123456789",
                           "0.30000000000000004",
                           "0.1234567890123456",
                           "0.12345678901234567",
                           "0.123456789012345678",
                           "1.7976931348623157",
                           "0.00000000000000001",
                           "0.000012345678901234567",
                           "2.2250738585072014",
                           "1..2",
                           "1.2.3",
                           "1.2,",
                           "-1.5",
                           "--1.5",
                           "1.5-",
                           "NaN",
                           "nan",
                           "inf",
                           "-inf",
                           "Infinity",
                           "true",
                           "TRUE",
                           "True",
                           "tRUE",
                           "false",
                           "FALSE",
                           "False",
                           "fals",
                           "falsE",
                           "2020-01-01",
                           "2020-02-30",
                           "0000-01-01",
                           "2020-1-1",
                           "2020-01-01T00:00:00",
                           "2020-01-01 23:59:59.999999",
                           "2020-01-01 23:59:59.9999990",
                           "2020-01-01 23:59:59.9999991",
                           "2020-01-01 24:00:00",
                           "2020-01-01T00:60:00",
                           "2020-01-01T00:00:60",
                           "2020-01-01T00:00:00.",
                           "2020-01-01T00:00",
                           "2020-01-01T00:00:00Z",
                           "2020-01-01T00:00:00.5Z",
                           "2020-01-01T00:00:00+02",
                           "2020-01-01T00:00:00-0230",
                           "2020-01-01T00:00:00ZZ",
                           "2020-01-01T00:00:00 ",
                           "2020-01-01x00:00:00",
                           "2020-01-01T00-00-00",
                           "9999-12-31T23:59:59.999999Z",
                           "9999-12-31T23:59:59-00:01",
                           "0001-01-01T00:00:00+00:01",
                           "null",
                           "NA"})
    expect_agreement(text);
}

TEST(FastCell, AgreesOnRandomTexts) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::vector<std::string> alphabets = {"0123456789", "0123456789.", "0159.-",
                                              "01.-e+",     "09-:T .Z+",   "truefalsTRUE"};
  for (int i = 0; i < 100'000 && !testing::Test::HasFatalFailure(); ++i) {
    std::string text(random() % 24, ' ');
    const std::string& alphabet = alphabets[random() % alphabets.size()];
    for (char& c : text) c = alphabet[random() % alphabet.size()];
    expect_agreement(text);
  }
}

TEST(FastCell, AgreesOnPrintedDoubles) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 100'000 && !testing::Test::HasFatalFailure(); ++i) {
    const double value = i % 2 == 0 ? std::bit_cast<double>(random())
                                    : static_cast<double>(static_cast<std::int64_t>(random())) /
                                          static_cast<double>(1 + random() % 1'000'000'000);
    char text[400];
    const char* const formats[] = {"%.17g", "%.16g", "%.15g", "%.15f", "%.18f", "%.12f", "%.3f"};
    std::snprintf(text, sizeof text, formats[random() % std::size(formats)], value);
    if (std::string_view(text).size() < 60) expect_agreement(text);
  }
}

TEST(FastCell, AgreesOnTimes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000 && !testing::Test::HasFatalFailure(); ++i) {
    std::string text = cell::format_timestamp(
        static_cast<std::int64_t>(random() % 4'000'000'000'000'000), random() % 2 == 0);
    if (random() % 2 == 0) text[random() % text.size()] = "0123456789-:.TZ "[random() % 16];
    expect_agreement(text);
  }
}

}  // namespace
}  // namespace lakegate::columns
