#include "config/source.h"

#include <algorithm>
#include <cmath>

namespace lakegate {

bool SourceConfig::uses(std::string_view variable) const {
  const auto has = [&](const NamedTemplate& named) { return named.value.uses(variable); };
  // In JSON the templates are strings of the document, and a name has nothing to be escaped.
  const std::string in_braces = "{" + std::string(variable);
  const auto in_json = [&] {
    for (std::size_t at = body.json.find(in_braces); at != std::string::npos;
         at = body.json.find(in_braces, at + 1)) {
      const char next = body.json[at + in_braces.size()];
      if (next == '}' || next == ':') return true;
    }
    return false;
  };
  return url.uses(variable) || std::ranges::any_of(headers, has) ||
         std::ranges::any_of(query, has) || body.text.uses(variable) || in_json() ||
         std::ranges::any_of(add, has);
}

std::uint64_t SourceConfig::slice_requests() const {
  // What a deadline cuts off is asked again, so that a slice must not take long, however slow the
  // server; and each is a file of its own.
  constexpr double kLeast = 250, kMost = 2000, kRounds = 16, kSeconds = 60;
  if (slice > 0) return slice;
  const double several_rounds =
      std::clamp(kRounds * static_cast<double>(limits.concurrency), kLeast, kMost);
  double most = several_rounds;
  for (const double rate : {limits.requests_per_second, limits.requests_per_second_per_host})
    if (rate > 0) most = std::min(most, std::max(1.0, std::floor(rate * kSeconds)));
  return static_cast<std::uint64_t>(most);
}

}  // namespace lakegate
