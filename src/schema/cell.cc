#include "schema/cell.h"

#include <fast_float/fast_float.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "lake/ascii.h"
#include "schema/calendar.h"

namespace lakegate::cell {
namespace {

__extension__ using Uint128 = unsigned __int128;

// A decimal number as it stands in text, before it is given a type.
struct Decimal {
  bool negative = false;
  bool has_point = false;
  bool has_exponent = false;
  bool leading_zero = false;   // a zero before another digit: "007", "00.5"
  std::uint64_t mantissa = 0;  // the first 19 significant digits
  int significant = 0;         // digits from the first to the last that is not zero
  int exponent = 0;         // of the last counted digit: value = significant digits * 10^exponent
  std::string_view digits;  // integer digits and, where has_point, point and fraction
};

// Reads -?digits[.digits][e[+-]digits] that is all of `text`; digits before or after the point.
bool read_decimal(std::string_view text, Decimal& out) {
  const char* p = text.data();
  const char* const end = p + text.size();
  if (p != end && *p == '-') {
    out.negative = true;
    ++p;
  }
  const char* const digits_begin = p;
  // Zeros are counted when a later digit shows that they matter.
  int pending_zeros = 0, integer_digits = 0, fraction_digits = 0;
  const auto take = [&](char c) {
    if (c == '0') {
      pending_zeros += out.significant > 0;
      return;
    }
    for (; pending_zeros > 0; --pending_zeros) {
      if (out.significant < 19) out.mantissa *= 10;
      ++out.significant;
    }
    if (out.significant < 19) out.mantissa = out.mantissa * 10 + static_cast<unsigned>(c - '0');
    ++out.significant;
  };
  for (; p != end && is_digit(*p); ++p, ++integer_digits) take(*p);
  out.leading_zero = integer_digits > 1 && *digits_begin == '0';
  int trailing = pending_zeros;  // zeros after the last significant digit, before the point
  if (p != end && *p == '.') {
    out.has_point = true;
    int last_significant_place = 0;  // places after the point up to the last digit that is not zero
    for (++p; p != end && is_digit(*p); ++p) {
      ++fraction_digits;
      take(*p);
      if (*p != '0') last_significant_place = fraction_digits;
    }
    if (last_significant_place > 0) trailing = -last_significant_place;
  }
  out.digits = std::string_view(digits_begin, static_cast<std::size_t>(p - digits_begin));
  if (integer_digits + fraction_digits == 0) return false;
  if (p != end && (*p == 'e' || *p == 'E')) {
    out.has_exponent = true;
    if (++p == end) return false;
    const bool negative = *p == '-';
    if (*p == '-' || *p == '+') ++p;
    if (p == end) return false;
    int exponent = 0;
    for (; p != end && is_digit(*p); ++p)
      if (exponent < 100'000) exponent = exponent * 10 + (*p - '0');
    trailing += negative ? -exponent : exponent;
  }
  out.exponent = trailing;
  return p == end;
}

constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

// The value of `number`, if a double gives its digits back: at most 17 of them, and printing as
// many returns them. With up to 15 digits that is certain (DBL_DIG) away from the ends of the
// range, and where mantissa and power of ten are exact one operation rounds correctly (Clinger's
// fast path).
bool exact_double(const Decimal& number, std::string_view text, double& value) {
  if (number.significant == 0) {
    value = number.negative ? -0.0 : 0.0;
    return true;
  }
  if (number.significant <= 15 && number.exponent >= -22 && number.exponent <= 22) {
    const double magnitude = static_cast<double>(number.mantissa);
    const double scaled = number.exponent < 0
                              ? magnitude / kPowersOfTen[static_cast<std::size_t>(-number.exponent)]
                              : magnitude * kPowersOfTen[static_cast<std::size_t>(number.exponent)];
    value = number.negative ? -scaled : scaled;
    return true;
  }
  if (number.significant > 17) return false;
  const auto parsed = fast_float::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || !std::isfinite(value)) return false;
  // d.ddde±xx with as many digits as the text has.
  std::array<char, 40> buffer{};
  const auto printed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value),
                                     std::chars_format::scientific, number.significant - 1);
  std::uint64_t mantissa = 0;
  const char* p = buffer.data();
  for (; *p != 'e'; ++p)
    if (*p != '.') mantissa = mantissa * 10 + static_cast<unsigned>(*p - '0');
  int exponent = 0;
  const char* exponent_begin = p + 1 + (p[1] == '+' ? 1 : 0);
  std::from_chars(exponent_begin, printed.ptr, exponent);
  return mantissa == number.mantissa && exponent == number.exponent + number.significant - 1;
}

// Whether a double gives back an int64; true up to 2^53 without a look at the digits.
bool double_gives_back(std::int64_t value) {
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  if (value >= -kExact && value <= kExact) return true;
  std::array<char, 24> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  Decimal number;
  double unused = 0;
  return read_decimal(text, number) && exact_double(number, text, unused);
}

bool read_two(const char* p, unsigned& value) {
  if (!is_digit(p[0]) || !is_digit(p[1])) return false;
  value = static_cast<unsigned>(p[0] - '0') * 10 + static_cast<unsigned>(p[1] - '0');
  return true;
}

// HH:MM[:SS[.f…]] at the start of `text`, which is advanced past it.
bool read_clock(std::string_view& text, std::int64_t& micros) {
  unsigned hour = 0, minute = 0, second = 0;
  if (text.size() < 5 || text[2] != ':' || !read_two(text.data(), hour) ||
      !read_two(text.data() + 3, minute) || hour > 23 || minute > 59)
    return false;
  std::size_t pos = 5;
  std::int64_t fraction = 0;
  if (pos < text.size() && text[pos] == ':') {
    if (text.size() < pos + 3 || !read_two(text.data() + pos + 1, second) || second > 59)
      return false;
    pos += 3;
    if (pos < text.size() && text[pos] == '.') {
      const std::size_t begin = ++pos;
      std::int64_t place = 100'000;
      for (; pos < text.size() && is_digit(text[pos]); ++pos) {
        // Past microseconds only zeros are lost without a trace.
        if (place == 0 && text[pos] != '0') return false;
        fraction += place * (text[pos] - '0');
        place /= 10;
      }
      if (pos == begin) return false;
    }
  }
  micros = ((hour * 60 + minute) * 60 + second) * std::int64_t{1'000'000} + fraction;
  text.remove_prefix(pos);
  return true;
}

// Z, +HH, +HHMM, +HH:MM: all of `text`.
bool read_zone(std::string_view text, std::int64_t& offset_micros) {
  if (text == "Z") {
    offset_micros = 0;
    return true;
  }
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return false;
  unsigned hours = 0, minutes = 0;
  if (!read_two(text.data() + 1, hours) || hours > 23) return false;
  if (text.size() == 6 && text[3] == ':') {
    if (!read_two(text.data() + 4, minutes)) return false;
  } else if (text.size() == 5) {
    if (!read_two(text.data() + 3, minutes)) return false;
  } else if (text.size() != 3) {
    return false;
  }
  if (minutes > 59) return false;
  const std::int64_t magnitude = (hours * 60 + minutes) * std::int64_t{60'000'000};
  offset_micros = text[0] == '-' ? -magnitude : magnitude;
  return true;
}

// The date and the clock of a timestamp; `rest` is what follows, the zone if any.
bool read_timestamp(std::string_view text, std::int64_t& micros, std::string_view& rest) {
  std::int32_t days = 0;
  if (text.size() < 16 || (text[10] != 'T' && text[10] != ' ') ||
      !parse_date(text.substr(0, 10), days))
    return false;
  rest = text.substr(11);
  std::int64_t clock = 0;
  if (!read_clock(rest, clock)) return false;
  micros = days * kMicrosPerDay + clock;
  return true;
}

// Takes off the zone that is written behind a timestamp.
bool to_utc(std::string_view zone, std::int64_t& micros) {
  std::int64_t offset = 0;
  if (!read_zone(zone, offset)) return false;
  micros -= offset;
  return is_in_civil_years(micros);
}

Seen classify_number(std::string_view text) {
  Decimal number;
  if (!read_decimal(text, number) || number.leading_zero) return kSeenText;
  if (!number.has_point && !number.has_exponent) {
    std::int64_t value = 0;
    if (parse_int64(text, value)) return double_gives_back(value) ? kSeenInt : kSeenIntNotDouble;
    if (number.significant > 0) return number.digits.size() <= 38 ? kSeenBigInt : kSeenText;
  }
  double value = 0;
  return exact_double(number, text, value) ? kSeenDouble : kSeenText;
}

Seen classify_time(std::string_view text) {
  std::int32_t days = 0;
  if (text.size() == 10) return parse_date(text, days) ? kSeenDate : kSeenText;
  std::int64_t micros = 0;
  std::string_view rest;
  if (!read_timestamp(text, micros, rest)) return kSeenText;
  if (rest.empty()) return kSeenTimestamp;
  return to_utc(rest, micros) ? kSeenTimestampTz : kSeenText;
}

bool looks_like_time(std::string_view text) {
  return text.size() >= 10 && text[4] == '-' && text[7] == '-';
}

}  // namespace

bool parse_int64(std::string_view text, std::int64_t& value) {
  const bool negative = !text.empty() && text[0] == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.empty() || digits.size() > 19) return false;
  if (digits[0] == '0' && (digits.size() > 1 || negative)) return false;
  std::uint64_t magnitude = 0;
  for (char c : digits) {
    if (!is_digit(c)) return false;
    magnitude = magnitude * 10 + static_cast<unsigned>(c - '0');  // 19 digits fit in 64 bits
  }
  const std::uint64_t limit = static_cast<std::uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (magnitude > limit) return false;
  value = static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
  return true;
}

bool parse_bigint(std::string_view text, arrow::Decimal128& value) {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.size() > 1 && digits[0] == '0') return false;
  if (digits.find_first_of("+.") != std::string_view::npos || text == "-0") return false;
  return parse_decimal(text, 38, 0, value);
}

bool parse_exact_double(std::string_view text, double& value) {
  Decimal number;
  return read_decimal(text, number) && !number.leading_zero && exact_double(number, text, value);
}

bool parse_declared_double(std::string_view text, double& value) {
  const char* begin = text.data();
  const char* const end = begin + text.size();
  if (begin != end && *begin == '+') ++begin;
  const auto parsed = fast_float::from_chars(begin, end, value);
  if (parsed.ptr != end || begin == end) return false;
  if (parsed.ec != std::errc() && parsed.ec != std::errc::result_out_of_range) return false;
  if (!std::isinf(value)) return true;
  // A number too large for a double is not infinity.
  const std::string_view word(begin, static_cast<std::size_t>(end - begin));
  return word.find_first_of("0123456789") == std::string_view::npos;
}

bool parse_bool(std::string_view text, bool& value) {
  value = text == "true" || text == "TRUE" || text == "True";
  return value || text == "false" || text == "FALSE" || text == "False";
}

bool parse_decimal(std::string_view text, int precision, int scale, arrow::Decimal128& value) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Uint128 magnitude = 0;
  int digits = 0, places = 0;
  bool any = false, point = false;
  for (char c : text) {
    if (c == '.') {
      if (point) return false;
      point = true;
      continue;
    }
    if (!is_digit(c)) return false;
    any = true;
    if (point && places == scale) {
      if (c != '0') return false;
      continue;
    }
    places += point;
    if (digits > 0 || c != '0') ++digits;
    if (digits > 38) return false;
    magnitude = magnitude * 10 + static_cast<unsigned>(c - '0');
  }
  if (!any) return false;
  for (; places < scale; ++places) {
    if (digits > 0 && ++digits > 38) return false;
    magnitude *= 10;
  }
  if (digits > precision) return false;
  value = arrow::Decimal128(static_cast<std::int64_t>(magnitude >> 64),
                            static_cast<std::uint64_t>(magnitude));
  if (negative) value.Negate();
  return true;
}

bool parse_date(std::string_view text, std::int32_t& days) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  unsigned century = 0, year = 0, month = 0, day = 0;
  if (!read_two(text.data(), century) || !read_two(text.data() + 2, year) ||
      !read_two(text.data() + 5, month) || !read_two(text.data() + 8, day))
    return false;
  return days_from_civil(static_cast<int>(century * 100 + year), month, day, days);
}

bool parse_timestamp(std::string_view text, std::int64_t& micros) {
  std::string_view rest;
  return read_timestamp(text, micros, rest) && rest.empty();
}

bool parse_timestamptz(std::string_view text, std::int64_t& micros) {
  std::string_view rest;
  return read_timestamp(text, micros, rest) && to_utc(rest, micros);
}

bool is_null_token(std::string_view text) {
  return text == "NA" || text == "N/A" || text == "NULL" || text == "null";
}

bool is_nan_token(std::string_view text) {
  return text == "NaN" || text == "nan" || text == "NAN";
}

Seen classify(std::string_view text, bool /*quoted*/) {
  if (text.empty()) return kSeenNull;
  const char first = text[0];
  if (is_digit(first)) return looks_like_time(text) ? classify_time(text) : classify_number(text);
  if (first == '-' || first == '.') return classify_number(text);
  if (is_null_token(text)) return kSeenNull;
  if (is_nan_token(text)) return kSeenNanToken;
  bool value = false;
  return parse_bool(text, value) ? kSeenBool : kSeenText;
}

Seen classify_json_string(std::string_view text) {
  return looks_like_time(text) && is_digit(text[0]) ? classify_time(text) : kSeenText;
}

Seen classify_json_number(std::string_view text) {
  return classify_number(text);
}

}  // namespace lakegate::cell
