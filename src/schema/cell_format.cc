// Dates and times in a declared format, and in the form in which tables and folders show them.
#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "schema/calendar.h"
#include "schema/cell.h"

namespace lakegate::cell {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool starts_with_ignoring_case(std::string_view text, std::string_view lower_case_word) {
  if (text.size() < lower_case_word.size()) return false;
  for (std::size_t i = 0; i < lower_case_word.size(); ++i)
    if (lower(text[i]) != lower_case_word[i]) return false;
  return true;
}

struct FormatReader {
  std::string_view text;
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, day_of_year = 0;
  std::int64_t fraction = 0, offset_micros = 0;
  bool twelve_hours = false, afternoon = false;

  bool number(std::size_t min_digits, std::size_t max_digits, int& value) {
    std::size_t n = 0;
    value = 0;
    for (; n < max_digits && n < text.size() && text[n] >= '0' && text[n] <= '9'; ++n)
      value = value * 10 + (text[n] - '0');
    if (n < min_digits) return false;
    text.remove_prefix(n);
    return true;
  }

  bool month_name(bool full) {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      const std::string_view name = full ? kMonths[i] : kMonths[i].substr(0, 3);
      if (!starts_with_ignoring_case(text, name)) continue;
      text.remove_prefix(name.size());
      month = static_cast<int>(i) + 1;
      return true;
    }
    return false;
  }

  bool zone() {
    if (text.starts_with('Z')) {
      text.remove_prefix(1);
      return true;
    }
    if (text.empty() || (text[0] != '+' && text[0] != '-')) return false;
    const bool negative = text[0] == '-';
    text.remove_prefix(1);
    int hours = 0, minutes = 0;
    if (!number(2, 2, hours)) return false;
    if (text.starts_with(':')) text.remove_prefix(1);
    if (!text.empty() && text[0] >= '0' && text[0] <= '9' && !number(2, 2, minutes)) return false;
    if (hours > 23 || minutes > 59) return false;
    offset_micros = (hours * 60 + minutes) * std::int64_t{60'000'000} * (negative ? -1 : 1);
    return true;
  }

  bool fraction_digits() {
    std::int64_t place = 100'000;
    std::size_t n = 0;
    for (; n < text.size() && text[n] >= '0' && text[n] <= '9'; ++n) {
      if (place == 0 && text[n] != '0') return false;
      fraction += place * (text[n] - '0');
      place /= 10;
    }
    text.remove_prefix(n);
    return n > 0;
  }

  bool two_digit_year() {  // POSIX: 69 to 99 are 1969 to 1999
    int value = 0;
    if (!number(2, 2, value)) return false;
    year = value < 69 ? 2000 + value : 1900 + value;
    return true;
  }

  bool am_or_pm() {
    afternoon = starts_with_ignoring_case(text, "pm");
    if (!afternoon && !starts_with_ignoring_case(text, "am")) return false;
    text.remove_prefix(2);
    return true;
  }

  bool directive(char d) {
    switch (d) {
      case 'Y':
        return number(4, 4, year);
      case 'y':
        return two_digit_year();
      case 'm':
        return number(1, 2, month);
      case 'b':
        return month_name(false);
      case 'B':
        return month_name(true);
      case 'd':
        return number(1, 2, day);
      case 'e':
        if (text.starts_with(' ')) text.remove_prefix(1);
        return number(1, 2, day);
      case 'j':
        return number(1, 3, day_of_year) && day_of_year > 0;
      case 'H':
        return number(1, 2, hour) && hour < 24;
      case 'I':
        twelve_hours = true;
        return number(1, 2, hour) && hour >= 1 && hour <= 12;
      case 'p':
        return am_or_pm();
      case 'M':
        return number(1, 2, minute) && minute < 60;
      case 'S':
        return number(1, 2, second) && second < 60;
      case 'f':
        return fraction_digits();
      case 'z':
        return zone();
      case '%':
        if (!text.starts_with('%')) return false;
        text.remove_prefix(1);
        return true;
      default:
        return false;
    }
  }

  bool finish(std::int64_t& micros) {
    if (!text.empty() || month < 0 || day < 0) return false;
    std::int32_t days = 0;
    if (day_of_year > 0) {
      std::int32_t next_year = 0;
      if (!days_from_civil(year, 1, 1, days)) return false;
      if (year < 9999 && days_from_civil(year + 1, 1, 1, next_year) &&
          days + day_of_year > next_year)
        return false;
      days += day_of_year - 1;
    } else if (!days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day),
                                days)) {
      return false;
    }
    const int clock_hour = twelve_hours ? hour % 12 + (afternoon ? 12 : 0) : hour;
    micros = days * kMicrosPerDay +
             ((clock_hour * 60 + minute) * 60 + second) * std::int64_t{1'000'000} + fraction -
             offset_micros;
    return is_in_civil_years(micros);
  }
};

}  // namespace

bool parse_formatted(std::string_view text, std::string_view format, std::int64_t& micros) {
  FormatReader reader{.text = text};
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '%' && i + 1 < format.size()) {
      if (!reader.directive(format[++i])) return false;
    } else {
      if (!reader.text.starts_with(format[i])) return false;
      reader.text.remove_prefix(1);
    }
  }
  return reader.finish(micros);
}

bool is_valid_format(std::string_view format) {
  bool any = false;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size()) return false;
    if (std::string_view("YymbBdejHIpMSfz%").find(format[i]) == std::string_view::npos)
      return false;
    any = any || format[i] != '%';
  }
  return any;
}

std::string format_date(std::int32_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

std::string format_timestamp(std::int64_t micros, bool utc) {
  const std::int64_t days =
      std::chrono::floor<std::chrono::days>(std::chrono::microseconds(micros)).count();
  const std::int64_t rest = micros - days * kMicrosPerDay;
  const std::int64_t seconds = rest / 1'000'000;
  return fmt::format("{}T{:02}:{:02}:{:02}.{:06}{}", format_date(static_cast<std::int32_t>(days)),
                     seconds / 3600, seconds / 60 % 60, seconds % 60, rest % 1'000'000,
                     utc ? "Z" : "");
}

}  // namespace lakegate::cell
