#include "lake/amounts.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <string>

namespace lakegate {

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size());
  for (char& c : unit)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  std::uint64_t factor = 0;
  constexpr std::string_view kPrefixes = "kmgt";
  if (unit.empty() || unit == "b") {
    factor = 1;
  } else if (const std::size_t power = kPrefixes.find(unit[0]); power != std::string::npos) {
    const std::string rest = unit.substr(1);
    const std::uint64_t base = rest == "b" ? 1000 : rest.empty() || rest == "ib" ? 1024 : 0;
    factor = base;
    for (std::size_t i = 0; i < power; ++i) factor *= base;
  }
  if (error != std::errc() || factor == 0 ||
      number > std::numeric_limits<std::uint64_t>::max() / factor)
    return invalid_input(fmt::format("\"{}\" is no size; write 64MiB, 512M or 1GB", text));
  return number * factor;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::uint64_t kMost = std::uint64_t{10} * 365 * 86'400'000;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const std::uint64_t factor = unit == "ms"                  ? 1
                               : unit == "s" || unit.empty() ? 1'000
                               : unit == "m"                 ? 60'000
                               : unit == "h"                 ? 3'600'000
                               : unit == "d"                 ? 86'400'000
                                                             : 0;
  if (error != std::errc() || factor == 0 || number > kMost / factor)
    return invalid_input(
        fmt::format("\"{}\" is no duration; write 500ms, 10s, 5m, 12h or 2d", text));
  return std::chrono::milliseconds(static_cast<std::int64_t>(number * factor));
}

}  // namespace lakegate
