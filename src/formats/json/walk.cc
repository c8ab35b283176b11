#include "formats/json/walk.h"

#include <algorithm>

namespace lakegate::json {
namespace {

// What a container says that said `so_far` before `inner` was found in it.
Content container_of(Content so_far, Content inner) {
  if (inner == Content::kEmpty) inner = Content::kNestedEmpty;
  return std::max(so_far, inner);
}

std::optional<Content> look_through_object(ondemand::value& value, OpenKeys& keys, int depth) {
  ondemand::object object;
  if (depth > kMaxDepth || value.get_object().get(object)) return std::nullopt;
  const std::size_t mark = keys.open();
  Content content = Content::kEmpty;
  for (auto next : object) {
    ondemand::field field;
    if (std::move(next).get(field)) return std::nullopt;
    const auto key = keys.plain(field.escaped_key());
    if (!key) return std::nullopt;
    keys.add(*key);
    const auto found = look_through(field.value(), keys, depth + 1);
    if (!found) return std::nullopt;
    content = container_of(content, *found);
  }
  if (!keys.close(mark)) return std::nullopt;
  return content;
}

std::optional<Content> look_through_array(ondemand::value& value, OpenKeys& keys, int depth) {
  ondemand::array array;
  if (depth > kMaxDepth || value.get_array().get(array)) return std::nullopt;
  Content content = Content::kEmpty;
  for (auto next : array) {
    ondemand::value element;
    if (std::move(next).get(element)) return std::nullopt;
    const auto found = look_through(element, keys, depth + 1);
    if (!found) return std::nullopt;
    content = container_of(content, *found);
  }
  return content;
}

}  // namespace

bool OpenKeys::close(std::size_t mark) {
  // Few keys are compared pair by pair; many are sorted.
  constexpr std::size_t kFew = 12;
  const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(mark);
  bool differ = true;
  if (keys_.size() - mark > kFew) {
    std::sort(first, keys_.end());
    differ = std::adjacent_find(first, keys_.end()) == keys_.end();
  } else {
    for (auto a = first; differ && a != keys_.end(); ++a)
      differ = std::find(a + 1, keys_.end(), *a) == keys_.end();
  }
  keys_.resize(mark);
  return differ;
}

std::optional<std::string_view> OpenKeys::plain(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  std::string& text = unescaped_.emplace_back();
  if (!unescape(raw, text)) return std::nullopt;
  return text;
}

void OpenKeys::reset() {
  keys_.clear();
  if (!unescaped_.empty()) unescaped_.clear();
}

std::optional<Content> look_through(ondemand::value& value, OpenKeys& keys, int depth) {
  const std::string_view token = token_of(value);
  if (token.empty()) return std::nullopt;
  switch (token[0]) {
    case '{':
      return look_through_object(value, keys, depth);
    case '[':
      return look_through_array(value, keys, depth);
    case '"': {
      const auto body = take_string(value);
      if (!body || (body->escaped && !keys.plain(body->raw))) return std::nullopt;
      return Content::kValues;
    }
    default:
      if (!is_word(token) && !is_number(token)) return std::nullopt;
      return token == "null" ? Content::kNull : Content::kValues;
  }
}

std::optional<Content> take_verbatim(ondemand::value& value, OpenKeys& keys, int depth,
                                     std::string_view& text) {
  text = token_of(value);
  const auto content = look_through(value, keys, depth);
  if (!content || (text[0] != '{' && text[0] != '[')) return content;
  // A container ends before the token that comes next, blanks aside.
  const char* next = nullptr;
  if (value.current_location().get(next)) return std::nullopt;
  text = without_blanks_at_end({text.data(), static_cast<std::size_t>(next - text.data())});
  return content;
}

}  // namespace lakegate::json
