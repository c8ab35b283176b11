#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "config/config.h"

namespace lakegate {
namespace {

// Percentages are exact to six decimals: a limit must not depend on how a double rounds.
constexpr std::size_t kMostPercentDecimals = 6;
constexpr std::uint64_t kParts = 1'000'000;  // of a percent

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::uint64_t number_from(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

std::uint64_t parts_of(double percent) {
  return static_cast<std::uint64_t>(std::llround(percent * static_cast<double>(kParts)));
}

}  // namespace

bool MaxRejects::allows(std::uint64_t rows_in, std::uint64_t rows_rejected) const {
  if (count) return rows_rejected <= *count;
  // rows_rejected <= ceil(rows_in * percent / 100), without a product that could overflow.
  const std::uint64_t parts = parts_of(percent);
  const std::uint64_t whole = 100 * kParts;
  const std::uint64_t limit =
      rows_in / whole * parts + (rows_in % whole * parts + whole - 1) / whole;
  return rows_rejected <= limit;
}

std::string MaxRejects::to_string() const {
  if (count) return fmt::format("{}", *count);
  const std::uint64_t parts = parts_of(percent);
  std::string fraction = fmt::format("{:06}", parts % kParts);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return fmt::format("{}{}{}%", parts / kParts, fraction.empty() ? "" : ".", fraction);
}

Result<MaxRejects> max_rejects_from(std::string_view text) {
  const auto bad = [&] {
    return invalid_input(
        fmt::format("\"{}\" is not a limit of rejects; write a number of rows, or a percentage "
                    "such as 5% or 0.1% (0 to 100, at most {} decimals)",
                    text, kMostPercentDecimals));
  };
  MaxRejects limit;
  if (!text.ends_with('%')) {
    if (!all_digits(text) || text.size() > 15) return bad();
    limit.count = number_from(text);
    return limit;
  }
  const std::string_view number = text.substr(0, text.size() - 1);
  const auto point = number.find('.');
  const std::string_view whole = number.substr(0, point);
  std::string_view decimals;
  if (point != std::string_view::npos) {
    decimals = number.substr(point + 1);
    if (!all_digits(decimals) || decimals.size() > kMostPercentDecimals) return bad();
  }
  if (!all_digits(whole) || whole.size() > 3) return bad();
  std::uint64_t parts = number_from(decimals);
  for (std::size_t i = decimals.size(); i < kMostPercentDecimals; ++i) parts *= 10;
  parts += number_from(whole) * kParts;
  // "099%" would be 99 to some and a slip to others.
  if (parts > 100 * kParts || (whole.size() == 3 && whole != "100")) return bad();
  limit.percent = static_cast<double>(parts) / static_cast<double>(kParts);
  return limit;
}

}  // namespace lakegate
