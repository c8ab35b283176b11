#include "tables/dynamodb/attribute_value.h"

#include <arrow/api.h>
#include <arrow/util/base64.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <string_view>

#include "lake/json_text.h"
#include "schema/calendar.h"
#include "schema/cell.h"
#include "tables/dynamodb/item_encoder.h"

namespace lakegate::dynamodb {
namespace {

__extension__ using Uint128 = unsigned __int128;
using Size = std::optional<std::size_t>;

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
constexpr double kSmallest = 1e-130;
constexpr double kTooLarge = 1e126;
constexpr std::size_t kNestingBytes = 3;  // of a list or a map
constexpr std::size_t kElementBytes = 1;  // of each of its elements

Size append_number(std::string_view digits, std::string& out) {
  out += R"({"N":")";
  out += digits;
  out += R"("})";
  return number_bytes(digits);
}

// As number_bytes() counts them; zeros at the end are not significant.
std::size_t integer_bytes(const char* begin, const char* end) {
  const bool negative = *begin == '-';
  while (end != begin && end[-1] == '0') --end;
  const auto significant = static_cast<std::size_t>(end - begin) - (negative ? 1 : 0);
  return (significant + 1) / 2 + 1 + (negative ? 1 : 0);
}

// Most tables are integers above all: one append for the whole value.
template <class Integer>
Size append_integer(Integer value, std::string& out) {
  constexpr std::string_view kBefore = R"({"N":")", kAfter = R"("})";
  std::array<char, 32> text;
  char* const digits = std::ranges::copy(kBefore, text.data()).out;
  char* const end = std::to_chars(digits, text.data() + text.size() - kAfter.size(), value).ptr;
  out.append(text.data(), std::ranges::copy(kAfter, end).out);
  return integer_bytes(digits, end);
}

template <class Float>
Size append_float(Float value, std::string& out) {
  const double size = std::fabs(static_cast<double>(value));
  if (size == 0) return append_number("0", out);  // and -0, which is the same key
  if (!(size >= kSmallest && size < kTooLarge)) return std::nullopt;
  std::array<char, 40> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return append_number({digits.data(), static_cast<std::size_t>(end - digits.data())}, out);
}

Size append_decimal(const arrow::Decimal128& value, int scale, std::string& out) {
  const bool negative = value.high_bits() < 0;
  Uint128 rest = (static_cast<Uint128>(static_cast<std::uint64_t>(value.high_bits())) << 64) |
                 value.low_bits();
  if (negative) rest = ~rest + 1;
  std::array<char, 48> digits;  // written from the end
  std::size_t at = digits.size();
  for (int place = 0; rest != 0 || place <= scale; ++place) {
    if (place == scale && scale > 0) digits[--at] = '.';
    digits[--at] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (negative) digits[--at] = '-';
  return append_number({digits.data() + at, digits.size() - at}, out);
}

Size append_string(std::string_view text, std::string& out) {
  out += R"({"S":)";
  append_json_string(text, out);
  out += '}';
  return text.size();
}

Size append_binary(std::string_view bytes, std::string& out) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  out += R"({"B":")";
  const auto at = [&](std::size_t i) -> unsigned {
    return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0u;
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const unsigned group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    out += kDigits[group >> 18];
    out += kDigits[group >> 12 & 63];
    out += i + 1 < bytes.size() ? kDigits[group >> 6 & 63] : '=';
    out += i + 2 < bytes.size() ? kDigits[group & 63] : '=';
  }
  out += R"("})";
  return bytes.size();
}

// The digits of a part of a date, so many wide.
char* put_digits(char* to, unsigned value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) to[i] = static_cast<char>('0' + value % 10);
  return to + width;
}

Size append_iso(std::string_view text, std::string& out) {
  out += R"({"S":")";
  out += text;
  out += R"("})";
  return text.size();
}

char* put_date(char* to, std::int64_t days) {
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<std::int32_t>(days)))};
  to = put_digits(to, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  *to++ = '-';
  to = put_digits(to, static_cast<unsigned>(date.month()), 2);
  *to++ = '-';
  return put_digits(to, static_cast<unsigned>(date.day()), 2);
}

// Days of the years 0 to 9999, which have four digits.
bool is_plain_year(std::int64_t days) {
  return days >= -719'528 && days < 2'932'897;
}

Size append_date(std::int32_t days, std::string& out) {
  if (!is_plain_year(days)) return append_iso(cell::format_date(days), out);
  std::array<char, 10> text;
  put_date(text.data(), days);
  return append_iso({text.data(), text.size()}, out);
}

// As cell::format_timestamp writes it, without its allocations.
Size append_timestamp(std::int64_t micros, bool utc, std::string& out) {
  std::int64_t days = micros / kMicrosPerDay;
  std::int64_t rest = micros % kMicrosPerDay;
  if (rest < 0) {
    rest += kMicrosPerDay;
    --days;
  }
  if (!is_plain_year(days)) return append_iso(cell::format_timestamp(micros, utc), out);
  std::array<char, 27> text;
  char* to = put_date(text.data(), days);
  const auto seconds = static_cast<unsigned>(rest / 1'000'000);
  *to++ = 'T';
  to = put_digits(to, seconds / 3600, 2);
  *to++ = ':';
  to = put_digits(to, seconds / 60 % 60, 2);
  *to++ = ':';
  to = put_digits(to, seconds % 60, 2);
  *to++ = '.';
  to = put_digits(to, static_cast<unsigned>(rest % 1'000'000), 6);
  if (utc) *to++ = 'Z';
  return append_iso({text.data(), static_cast<std::size_t>(to - text.data())}, out);
}

Size append_list(const arrow::ListArray& list, std::int64_t row, std::string& out) {
  std::size_t bytes = kNestingBytes;
  out += R"({"L":[)";
  const arrow::Array& elements = *list.values();
  const std::int64_t begin = list.value_offset(row), end = list.value_offset(row + 1);
  for (std::int64_t i = begin; i < end; ++i) {
    if (i > begin) out += ',';
    bytes += kElementBytes;
    if (elements.IsNull(i)) {
      out += R"({"NULL":true})";
      bytes += 1;
      continue;
    }
    const Size element = append_attribute(elements, i, out);
    if (!element) return std::nullopt;
    bytes += *element;
  }
  out += "]}";
  return bytes;
}

Size append_struct(const arrow::StructArray& records, std::int64_t row, std::string& out) {
  std::size_t bytes = kNestingBytes;
  out += R"({"M":{)";
  bool is_first = true;
  for (int i = 0; i < records.num_fields(); ++i) {
    const arrow::Array& field = *records.field(i);
    if (field.IsNull(row)) continue;
    if (!is_first) out += ',';
    is_first = false;
    const std::string& name = records.struct_type()->field(i)->name();
    append_json_string(name, out);
    out += ':';
    const Size value = append_attribute(field, row, out);
    if (!value) return std::nullopt;
    bytes += kElementBytes + name.size() + *value;
  }
  out += "}}";
  return bytes;
}

bool is_utc(const arrow::Array& array) {
  return !static_cast<const arrow::TimestampType&>(*array.type()).timezone().empty();
}

}  // namespace

std::optional<std::size_t> append_attribute(const arrow::Array& array, std::int64_t row,
                                            std::string& out) {
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      out += static_cast<const arrow::BooleanArray&>(array).Value(row) ? R"({"BOOL":true})"
                                                                       : R"({"BOOL":false})";
      return 1;
    case arrow::Type::INT32:
      return append_integer(static_cast<const arrow::Int32Array&>(array).Value(row), out);
    case arrow::Type::INT64:
      return append_integer(static_cast<const arrow::Int64Array&>(array).Value(row), out);
    case arrow::Type::FLOAT:
      return append_float(static_cast<const arrow::FloatArray&>(array).Value(row), out);
    case arrow::Type::DOUBLE:
      return append_float(static_cast<const arrow::DoubleArray&>(array).Value(row), out);
    case arrow::Type::DECIMAL128: {
      const auto& decimals = static_cast<const arrow::Decimal128Array&>(array);
      const int scale = static_cast<const arrow::Decimal128Type&>(*array.type()).scale();
      return append_decimal(arrow::Decimal128(decimals.GetValue(row)), scale, out);
    }
    case arrow::Type::STRING:
      return append_string(static_cast<const arrow::StringArray&>(array).GetView(row), out);
    case arrow::Type::BINARY:
      return append_binary(static_cast<const arrow::BinaryArray&>(array).GetView(row), out);
    case arrow::Type::DATE32:
      return append_date(static_cast<const arrow::Date32Array&>(array).Value(row), out);
    case arrow::Type::TIMESTAMP:
      return append_timestamp(static_cast<const arrow::TimestampArray&>(array).Value(row),
                              is_utc(array), out);
    case arrow::Type::LIST:
      return append_list(static_cast<const arrow::ListArray&>(array), row, out);
    case arrow::Type::STRUCT:
      return append_struct(static_cast<const arrow::StructArray&>(array), row, out);
    default:  // to_arrow(LogicalType) gives no other
      return std::nullopt;
  }
}

std::int64_t epoch_seconds(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::INT32:
      return static_cast<const arrow::Int32Array&>(array).Value(row);
    case arrow::Type::INT64:
      return static_cast<const arrow::Int64Array&>(array).Value(row);
    case arrow::Type::DATE32:
      return std::int64_t{static_cast<const arrow::Date32Array&>(array).Value(row)} * 86'400;
    default: {
      const std::int64_t micros = static_cast<const arrow::TimestampArray&>(array).Value(row);
      return micros / 1'000'000 - (micros % 1'000'000 < 0 ? 1 : 0);
    }
  }
}

}  // namespace lakegate::dynamodb
