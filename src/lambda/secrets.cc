#include "lambda/secrets.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "lake/json_text.h"

namespace lakegate {
namespace {

constexpr std::size_t kShortest = 6;
constexpr std::string_view kHidden = "***";

bool is_secret(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  // Files that hold secrets are named by some of these; their names are none.
  if (name.ends_with("_FILE") || name.ends_with("_URI")) return false;
  for (const std::string_view word :
       {"SECRET", "TOKEN", "PASSWORD", "PASSWD", "CREDENTIAL", "PRIVATE", "API_KEY", "APIKEY"})
    if (name.find(word) != std::string::npos) return true;
  return false;
}

}  // namespace

Secrets::Secrets(const Environment& variables) {
  for (const auto& [name, value] : variables) {
    if (value.size() < kShortest || !is_secret(name)) continue;
    values_.push_back(value);
    using Json = nlohmann::ordered_json;
    const std::string escaped = json_line(Json(value));
    if (escaped.size() != value.size() + 2)
      values_.push_back(escaped.substr(1, escaped.size() - 2));
  }
  std::ranges::sort(values_, std::ranges::greater(), &std::string::size);
}

std::string Secrets::hidden_in(std::string text) const {
  for (const std::string& value : values_)
    for (std::size_t at = text.find(value); at != std::string::npos;
         at = text.find(value, at + kHidden.size()))
      text.replace(at, value.size(), kHidden);
  return text;
}

}  // namespace lakegate
