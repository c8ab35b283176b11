// Sizes and durations as people write them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "lake/error.h"

namespace lakegate {

// "64MiB", "64M" and "64m" (powers of 1024), "64MB" (powers of 1000), "65536".
Result<std::uint64_t> parse_bytes(std::string_view text);

// "500ms", "10s", "5m", "12h", "2d"; a bare number counts seconds. At most ten years.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace lakegate
