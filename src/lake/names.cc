#include "lake/names.h"

#include <algorithm>
#include <map>
#include <set>

#include "lake/ascii.h"

namespace lakegate {
namespace {

// ASCII only and without the locale: names must come out the same on every machine.
char to_lower(char c) {
  return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
}

// Whether a word begins at `i`: deviceId, x2Y, and the S of HTTPServer.
bool begins_word(std::string_view name, std::size_t i) {
  if (i == 0 || !is_upper(name[i])) return false;
  if (is_lower(name[i - 1]) || is_digit(name[i - 1])) return true;
  return is_upper(name[i - 1]) && i + 1 < name.size() && is_lower(name[i + 1]);
}

constexpr std::size_t kLongestSuggestion = 64;

// Edits that turn `a` into `b`: insertions, deletions, replacements, swaps of neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return lower;
}

}  // namespace

bool is_clean_name(std::string_view name) {
  return !name.empty() && is_lower(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
    return is_lower(c) || is_digit(c) || c == '_';
  });
}

std::string clean_name(std::string_view original) {
  if (is_clean_name(original)) return std::string(original);
  std::string clean;
  bool gap = false;  // an underscore is due before the next character that is kept
  for (std::size_t i = 0; i < original.size(); ++i) {
    const char c = to_lower(original[i]);
    if (!is_lower(c) && !is_digit(c)) {
      gap = true;
      continue;
    }
    if ((gap || begins_word(original, i)) && !clean.empty()) clean += '_';
    gap = false;
    clean += c;
  }
  if (clean.empty()) return "column";
  if (is_digit(clean[0])) clean.insert(0, "c_");
  return clean;
}

std::vector<std::string> clean_names(const std::vector<std::string>& originals) {
  std::vector<std::string> names;
  names.reserve(originals.size());
  for (const auto& original : originals) names.push_back(clean_name(original));
  const std::set<std::string> wanted(names.begin(), names.end());
  std::set<std::string> taken;
  std::map<std::string, std::size_t> last_number;  // a thousand equal names stay linear
  for (auto& name : names) {
    if (taken.insert(name).second) continue;
    std::size_t& number = last_number.try_emplace(name, 1).first->second;
    std::string numbered;
    do {
      numbered = name + "_" + std::to_string(++number);
    } while (wanted.contains(numbered) || taken.contains(numbered));
    name = numbered;
    taken.insert(name);
  }
  return names;
}

std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > kLongestSuggestion) return {};
  const std::string lower = lower_case(word);
  std::string nearest;
  std::size_t least = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    if (candidate.size() > kLongestSuggestion) continue;
    const std::size_t distance = edit_distance(lower, lower_case(candidate));
    if (distance < least && distance < candidate.size()) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace lakegate
