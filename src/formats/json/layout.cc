#include "formats/json/layout.h"

#include "formats/json/scalar.h"

namespace lakegate::json {
namespace {

// Behind the object that starts `line`, or npos if it does not end there.
std::size_t object_end(std::string_view line) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (in_string) {
      if (c == '\\')
        ++at;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return at + 1;
    }
  }
  return std::string_view::npos;
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return without_blanks_at_end(text);
}

// The lines of `head` that are not blank. The last one counts as a line only if it is whole.
class Lines {
 public:
  Lines(std::string_view head, bool is_all) : rest_(head), is_all_(is_all) {}

  std::optional<std::string_view> next() {
    while (!rest_.empty()) {
      const std::size_t end = rest_.find('\n');
      if (end == std::string_view::npos && !is_all_) return std::nullopt;
      const std::string_view line = without_blanks(rest_.substr(0, end));
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
      if (!line.empty()) return line;
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
  bool is_all_;
};

}  // namespace

std::optional<Layout> detect_layout(std::string_view head, bool is_all) {
  head = head.substr(0, kMaxLayoutBytes);
  const bool is_last_word = is_all || head.size() == kMaxLayoutBytes;
  const auto unless_more = [&](Layout layout) {
    return is_last_word ? std::optional(layout) : std::nullopt;
  };

  Lines lines(head, is_all);
  std::size_t first = 0;
  while (first < head.size() && is_blank(head[first])) ++first;
  if (first == head.size()) return unless_more(Layout::kLines);
  if (head[first] == '[') return Layout::kArray;
  if (head[first] != '{') return Layout::kLines;

  const auto line = lines.next();
  if (!line) return unless_more(Layout::kObjects);
  const std::size_t end = object_end(*line);
  if (end == line->size()) return Layout::kLines;
  if (end != std::string_view::npos && without_blanks(line->substr(end)).starts_with('{'))
    return Layout::kObjects;

  // The first line is no whole object. Where the lines behind it are, it is only a bad one.
  const auto second = lines.next();
  if (!second) return unless_more(Layout::kObjects);
  if (!second->starts_with('{') || object_end(*second) != second->size()) return Layout::kObjects;
  const auto third = lines.next();
  if (!third) return unless_more(Layout::kLines);
  return third->starts_with('{') ? Layout::kLines : Layout::kObjects;
}

}  // namespace lakegate::json
