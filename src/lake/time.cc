#include "lake/time.h"

#include <fmt/format.h>

#include <charconv>

namespace lakegate {
namespace {

// Reads exactly `digits` decimal digits at text[pos]; -1 if they are not digits.
int read_digits(std::string_view text, std::size_t pos, std::size_t digits) {
  if (pos + digits > text.size()) return -1;
  int value = 0;
  for (char c : text.substr(pos, digits)) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::string to_iso(Instant instant) {
  using namespace std::chrono;
  const auto day = floor<days>(instant);
  const year_month_day date(day);
  const hh_mm_ss clock(instant - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string utc_date(Instant instant) {
  return to_iso(instant).substr(0, 10);
}

Result<Instant> instant_from_iso(std::string_view text) {
  using namespace std::chrono;
  const auto bad = [&] {
    return invalid_input(
        fmt::format("\"{}\" is not a time in UTC; write it as 2026-01-31T23:59:59Z, with up to 9 "
                    "digits of fraction",
                    text));
  };
  const int y = read_digits(text, 0, 4), mo = read_digits(text, 5, 2), d = read_digits(text, 8, 2);
  const int h = read_digits(text, 11, 2), mi = read_digits(text, 14, 2),
            s = read_digits(text, 17, 2);
  if (text.size() < 20 || text.back() != 'Z' || text[4] != '-' || text[7] != '-' ||
      text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return bad();
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d))};
  if (y < 0 || mo < 0 || d < 0 || !date.ok() || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 ||
      s > 59)
    return bad();
  std::int64_t nanos = 0;
  const std::string_view fraction = text.substr(19, text.size() - 20);
  if (!fraction.empty()) {
    if (fraction[0] != '.' || fraction.size() < 2 || fraction.size() > 10) return bad();
    const int digits = read_digits(fraction, 1, fraction.size() - 1);
    if (digits < 0) return bad();
    nanos = digits;
    for (std::size_t i = fraction.size() - 1; i < 9; ++i) nanos *= 10;
  }
  return Instant(sys_days(date)) + hours(h) + minutes(mi) + seconds(s) + nanoseconds(nanos);
}

}  // namespace lakegate
