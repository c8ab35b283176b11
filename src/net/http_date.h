#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace lakegate {

// "Fri, 24 May 2013 00:00:00 GMT" (RFC 9110, 5.6.7), as Date and Last-Modified have it.
std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

}  // namespace lakegate
