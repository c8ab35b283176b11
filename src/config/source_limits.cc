#include <fmt/format.h>

#include <charconv>

#include "config/source_reader.h"
#include "lake/amounts.h"

namespace lakegate {
namespace {

// The values have been held to their shapes.
template <class T>
T number_from(const std::string& text) {
  T number{};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

FetchLimits read_limits(const YAML::Node& limits, YamlDocument& document) {
  FetchLimits read;
  const auto text = [&](const char* name) -> std::optional<std::string> {
    const auto entry = find_entry(limits, name);
    if (!entry) return std::nullopt;
    return document.text(entry->value, entry->value.Mark());
  };
  const auto duration = [&](const char* name, std::chrono::milliseconds& target) {
    if (const auto found = text(name))
      if (const auto parsed = parse_duration(*found)) target = *parsed;
  };
  if (const auto found = text("concurrency")) read.concurrency = number_from<std::size_t>(*found);
  if (const auto found = text("requests_per_second"))
    read.requests_per_second = number_from<double>(*found);
  if (const auto found = text("requests_per_second_per_host"))
    read.requests_per_second_per_host = number_from<double>(*found);
  duration("connect_timeout", read.connect_timeout);
  duration("first_byte_timeout", read.first_byte_timeout);
  duration("timeout", read.timeout);
  if (const auto found = text("max_reply"))
    if (const auto parsed = parse_bytes(*found)) read.max_reply = *parsed;
  if (const auto found = text("retries")) read.retries = number_from<int>(*found);
  if (const auto found = text("retry_budget"))
    read.retry_budget = number_from<double>(*found) / 100;

  // A shorter one would never let the longer one be reached: what was written would not hold.
  const auto exceeds = [&](const char* name, std::chrono::milliseconds part) {
    const auto entry = find_entry(limits, name);
    if (entry && part > read.timeout)
      document.problem(entry->mark,
                       fmt::format("{} is longer than timeout ({} s), which ends the attempt as a "
                                   "whole; make timeout longer",
                                   name, read.timeout.count() / 1000));
  };
  exceeds("connect_timeout", read.connect_timeout);
  exceeds("first_byte_timeout", read.first_byte_timeout);
  return read;
}

}  // namespace lakegate
