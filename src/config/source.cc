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
  constexpr double kMost = 2000, kSeconds = 60;
  if (slice > 0) return slice;
  if (limits.requests_per_second <= 0) return static_cast<std::uint64_t>(kMost);
  return static_cast<std::uint64_t>(
      std::clamp(std::floor(limits.requests_per_second * kSeconds), 1.0, kMost));
}

}  // namespace lakegate
