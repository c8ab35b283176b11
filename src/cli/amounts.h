// Numbers as people read and write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lakegate::cli {

std::string with_commas(std::uint64_t number);                // 1,234,567
std::string counted(std::uint64_t n, std::string_view noun);  // "1 row", "2 rows", "3 files"
std::string bytes_text(std::uint64_t bytes);   // 12 B, 3.1 KB, 1.2 GB: powers of 1000
std::string duration_text(double seconds);     // 12 ms, 3.1 s, 2 min 5 s, 1 h 3 min
std::string short_time(std::string_view iso);  // 2026-11-23 04:22:44

}  // namespace lakegate::cli
