#include "config/flow_style.h"

#include <fmt/format.h>

namespace lakegate {
namespace {

// The byte that a mark means; npos where the text has no such place.
std::size_t offset_of(std::string_view text, const YAML::Mark& mark) {
  std::size_t begin = 0;
  for (int line = 0; line < mark.line; ++line) {
    begin = text.find('\n', begin);
    if (begin == std::string_view::npos) return begin;
    ++begin;
  }
  if (mark.line == 0 && text.starts_with("\xEF\xBB\xBF")) begin += 3;
  const std::size_t offset = begin + static_cast<std::size_t>(mark.column);
  return offset < text.size() ? offset : std::string_view::npos;
}

// Past the quoted text that begins at `pos`.
std::size_t skip_quoted(std::string_view text, std::size_t pos) {
  const char quote = text[pos];
  for (++pos; pos < text.size(); ++pos) {
    if (quote == '"' && text[pos] == '\\')
      ++pos;
    else if (text[pos] == quote)
      return pos + 1;
  }
  return pos;
}

// Where the flow value that begins at `pos` ends: before the "," or the bracket that closes what is
// around it. A quote opens a text only at the beginning of a scalar.
std::size_t end_of_flow_value(std::string_view text, std::size_t pos) {
  int depth = 0;
  bool scalar_begins = true;
  while (pos < text.size()) {
    const char c = text[pos];
    if ((c == '"' || c == '\'') && scalar_begins) {
      pos = skip_quoted(text, pos);
      scalar_begins = false;
      continue;
    }
    const bool after_blank = pos > 0 && (text[pos - 1] == ' ' || text[pos - 1] == '\n');
    if (c == '#' && after_blank) {
      pos = text.find('\n', pos);
      if (pos == std::string_view::npos) return text.size();
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth < 0 || (depth == 0 && c == ',')) return pos;
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) scalar_begins = c == '{' || c == '[' || c == ',' || c == ':';
    ++pos;
  }
  return pos;
}

std::size_t trim_back(std::string_view text, std::size_t begin, std::size_t end) {
  while (end > begin && std::string_view(" \t\r\n").find(text[end - 1]) != std::string_view::npos)
    --end;
  return end;
}

}  // namespace

Result<std::string> with_flow_entry(std::string_view yaml, const YAML::Node& map,
                                    std::string_view key, std::string_view value) {
  const auto refuse = [] {
    return invalid_input("the place of the edit cannot be found; edit the file by hand");
  };
  const std::size_t open = offset_of(yaml, map.Mark());
  if (open == std::string_view::npos || yaml[open] != '{') return refuse();
  std::string edited(yaml);
  if (const auto old = find_entry(map, key)) {
    const std::size_t begin = offset_of(yaml, old->value.Mark());
    if (begin == std::string_view::npos) return refuse();
    const std::size_t end = trim_back(yaml, begin, end_of_flow_value(yaml, begin));
    return edited.replace(begin, end - begin, value);
  }
  const YamlEntry last = entries(map).back();
  const std::size_t begin = offset_of(yaml, last.value.Mark());
  if (begin == std::string_view::npos) return refuse();
  const std::size_t end = trim_back(yaml, begin, end_of_flow_value(yaml, begin));
  return edited.insert(end, fmt::format(", {}: {}", key, value));
}

std::string flow_fields(std::string_view block) {
  std::string flow = "[";
  while (!block.empty()) {
    const auto end = std::min(block.find('\n'), block.size());
    std::string_view line = block.substr(0, end);
    block.remove_prefix(std::min(end + 1, block.size()));
    if (!line.starts_with("- ")) continue;
    if (flow.size() > 1) flow += ", ";
    flow += line.substr(2);
  }
  return flow + "]";
}

}  // namespace lakegate
