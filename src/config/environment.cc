#include "config/environment.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "lake/ascii.h"
#include "lake/names.h"

namespace lakegate {
namespace {

bool is_variable_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !name.empty() && is_letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || is_digit(c); });
}

}  // namespace

Environment process_environment() {
  Environment variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Result<std::string> expand_variables(std::string_view text, const Environment& variables) {
  std::string expanded;
  for (std::size_t pos = 0; pos < text.size();) {
    if (text.substr(pos).starts_with("$${")) {
      expanded += "${";
      pos += 3;
      continue;
    }
    if (!text.substr(pos).starts_with("${")) {
      expanded += text[pos++];
      continue;
    }
    const auto end = text.find('}', pos);
    const std::string_view name =
        end == std::string_view::npos ? "" : text.substr(pos + 2, end - pos - 2);
    if (!is_variable_name(name))
      return invalid_input(
          fmt::format("\"{}\" is not a variable; write ${{NAME}}, or $${{ for \"${{\" itself",
                      text.substr(pos, std::min<std::size_t>(end - pos + 1, 40))));
    const auto variable = variables.find(std::string(name));
    if (variable == variables.end()) {
      std::vector<std::string> names;
      for (const auto& [known, value] : variables) names.push_back(known);
      const std::string nearest = nearest_name(name, names);
      return invalid_input(
          fmt::format("the environment variable {} is not set{}; set it, or write the value here",
                      name, nearest.empty() ? "" : fmt::format(" ({} is)", nearest)));
    }
    expanded += variable->second;
    pos = end + 1;
  }
  return expanded;
}

bool has_variable(std::string_view text) {
  return text.find("${") != std::string_view::npos;
}

}  // namespace lakegate
