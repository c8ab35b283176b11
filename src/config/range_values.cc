#include "config/range_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

#include "lake/ascii.h"

namespace lakegate {
namespace {

constexpr std::size_t kMostDecimals = 9;
constexpr std::size_t kMostDigits = 18;  // of an int64, decimals included

// A decimal number as so many units of its last decimal.
struct Decimal {
  std::int64_t units = 0;
  std::size_t decimals = 0;
};

std::optional<Decimal> decimal_from(std::string_view text) {
  if (!is_json_number(text) || text.find_first_of("eE") != std::string_view::npos)
    return std::nullopt;
  const std::size_t point = text.find('.');
  std::string digits(text.substr(0, point));
  Decimal decimal;
  if (point != std::string_view::npos) {
    decimal.decimals = text.size() - point - 1;
    digits += text.substr(point + 1);
  }
  if (decimal.decimals > kMostDecimals || digits.size() > kMostDigits) return std::nullopt;
  std::from_chars(digits.data(), digits.data() + digits.size(), decimal.units);
  return decimal;
}

// False where it does not fit.
bool scale_to(Decimal& decimal, std::size_t decimals) {
  for (; decimal.decimals < decimals; ++decimal.decimals)
    if (__builtin_mul_overflow(decimal.units, std::int64_t{10}, &decimal.units)) return false;
  return true;
}

std::string to_text(std::int64_t units, std::size_t decimals) {
  const bool negative = units < 0;
  std::string digits = fmt::format(
      "{}", negative ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units));
  if (decimals > 0) {
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    digits.insert(digits.size() - decimals, ".");
  }
  return negative ? "-" + digits : digits;
}

std::optional<std::chrono::sys_days> date_from(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  int numbers[3] = {};
  const std::string_view parts[] = {text.substr(0, 4), text.substr(5, 2), text.substr(8, 2)};
  for (std::size_t i = 0; i < 3; ++i) {
    if (!std::ranges::all_of(parts[i], [](char c) { return is_digit(c); })) return std::nullopt;
    std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), numbers[i]);
  }
  const std::chrono::year_month_day date{std::chrono::year(numbers[0]),
                                         std::chrono::month(static_cast<unsigned>(numbers[1])),
                                         std::chrono::day(static_cast<unsigned>(numbers[2]))};
  if (!date.ok()) return std::nullopt;
  return date;
}

Result<std::size_t> count_of(std::int64_t from, std::int64_t to, std::int64_t step) {
  std::int64_t span = 0;
  if (__builtin_sub_overflow(to, from, &span)) span = INT64_MAX;
  const std::uint64_t steps = static_cast<std::uint64_t>(span) / static_cast<std::uint64_t>(step);
  if (steps >= kMostRangeValues)
    return invalid_input(fmt::format("has more than {} values; make it smaller, or its step larger",
                                     kMostRangeValues));
  return static_cast<std::size_t>(steps) + 1;
}

Failure descends(std::string_view from, std::string_view to) {
  return invalid_input(fmt::format("from {} is above to {}; exchange them", from, to));
}

}  // namespace

bool is_date(std::string_view text) {
  return date_from(text).has_value();
}

Result<std::vector<TemplateValue>> number_range(std::string_view from, std::string_view to,
                                                std::string_view step) {
  Decimal numbers[3];
  const std::string_view texts[] = {from, to, step};
  std::size_t decimals = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto number = decimal_from(texts[i]);
    if (!number)
      return invalid_input(fmt::format("\"{}\" is no number of at most {} digits and {} decimals",
                                       texts[i], kMostDigits, kMostDecimals));
    numbers[i] = *number;
    decimals = std::max(decimals, number->decimals);
  }
  for (Decimal& number : numbers)
    if (!scale_to(number, decimals))
      return invalid_input(fmt::format("from {} to {} by {} has too many digits", from, to, step));
  if (numbers[2].units <= 0)
    return invalid_input(fmt::format("the step is {}; it must be above 0", step));
  if (numbers[0].units > numbers[1].units) return descends(from, to);
  LAKEGATE_TRY(const std::size_t count,
               count_of(numbers[0].units, numbers[1].units, numbers[2].units));
  std::vector<TemplateValue> values;
  values.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    values.push_back(
        {to_text(numbers[0].units + static_cast<std::int64_t>(i) * numbers[2].units, decimals),
         true});
  return values;
}

Result<std::vector<TemplateValue>> date_range(std::string_view from, std::string_view to,
                                              std::string_view step_days) {
  const auto first = date_from(from), last = date_from(to);
  if (!first || !last)
    return invalid_input(fmt::format("\"{}\" is no date; write 2024-01-31", first ? to : from));
  const auto step = decimal_from(step_days);
  if (!step || step->decimals > 0 || step->units <= 0)
    return invalid_input(
        fmt::format("the step is {}; between dates it is a number of days above 0", step_days));
  if (*first > *last) return descends(from, to);
  LAKEGATE_TRY(const std::size_t count, count_of(first->time_since_epoch().count(),
                                                 last->time_since_epoch().count(), step->units));
  std::vector<TemplateValue> values;
  values.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::chrono::year_month_day date(
        *first + std::chrono::days(static_cast<std::int64_t>(i) * step->units));
    values.push_back(
        {fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day())),
         false});
  }
  return values;
}

}  // namespace lakegate
