// Instants, without the process's time zone or locale: everything is UTC.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "lake/error.h"

namespace lakegate {

// Nanoseconds since 1970-01-01T00:00:00Z. Arrival times keep all nine digits.
using Instant = std::chrono::sys_time<std::chrono::nanoseconds>;

std::string to_iso(Instant instant);  // 2026-11-23T04:22:44.123456789Z, always 30 wide
Result<Instant> instant_from_iso(std::string_view);  // the same form, 0 to 9 digits of fraction
std::string utc_date(Instant instant);               // 2026-11-23

}  // namespace lakegate
