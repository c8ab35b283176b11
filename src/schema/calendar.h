// The proleptic Gregorian calendar, without time zones: days and microseconds since 1970-01-01.
#pragma once

#include <chrono>
#include <cstdint>

namespace lakegate {

inline constexpr std::int64_t kMicrosPerDay = 86'400'000'000;

// Years 1 to 9999: what every reader of ISO dates accepts.
inline bool days_from_civil(int year, unsigned month, unsigned day, std::int32_t& days) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (year < 1 || year > 9999 || !date.ok()) return false;
  days = static_cast<std::int32_t>(std::chrono::sys_days(date).time_since_epoch().count());
  return true;
}

// The same of an instant: a time of day near either end may leave them when its zone is taken off.
inline bool is_in_civil_years(std::int64_t micros) {
  constexpr std::int64_t kFirstDay = -719'162, kBehindLastDay = 2'932'897;
  return micros >= kFirstDay * kMicrosPerDay && micros < kBehindLastDay * kMicrosPerDay;
}

}  // namespace lakegate
