#include "formats/json/observer.h"

#include "formats/columns/fast_cell.h"
#include "schema/cell.h"

namespace lakegate::json {
namespace {

bool observe_value(ondemand::value& value, Observed& observed, OpenKeys& keys, std::string& scratch,
                   int depth) {
  const std::string_view token = token_of(value);
  if (token.empty()) return false;
  switch (token[0]) {
    case '{': {
      ondemand::object object;
      if (depth > kMaxDepth || value.get_object().get(object)) return false;
      observed.seen |= kSeenObject;
      return observe_members(object, observed, keys, scratch, depth);
    }
    case '[': {
      ondemand::array array;
      if (depth > kMaxDepth || value.get_array().get(array)) return false;
      observed.seen |= kSeenArray;
      for (auto next : array) {
        ondemand::value element;
        if (std::move(next).get(element)) return false;
        if (!observe_value(element, observed.array_element(), keys, scratch, depth + 1))
          return false;
      }
      return true;
    }
    case '"': {
      const auto body = take_string(value);
      if (!body) return false;
      if (!body->escaped) {
        observed.seen |= cell::classify_json_string(body->raw);
        return true;
      }
      scratch.clear();
      if (!unescape(body->raw, scratch)) return false;
      observed.seen |= cell::classify_json_string(scratch);
      return true;
    }
    default:
      // Most are short integers; 16 bytes behind the token are readable.
      if (std::int64_t number = 0; columns::fast::parse_int64(token, number) &&
                                   number < kExactInDouble && number > -kExactInDouble) {
        observed.seen |= kSeenInt;
      } else if (token == "null") {
        observed.seen |= kSeenNull;
      } else if (is_word(token)) {
        observed.seen |= kSeenBool;
      } else if (is_number(token)) {
        observed.seen |= cell::classify_json_number(token);
      } else {
        return false;
      }
      return true;
  }
}

}  // namespace

bool observe_members(ondemand::object& object, Observed& observed, OpenKeys& keys,
                     std::string& scratch, int depth) {
  const std::size_t mark = keys.open();
  // Keys mostly come in the order they came before.
  std::size_t guess = 0;
  for (auto next : object) {
    ondemand::field field;
    if (std::move(next).get(field)) return false;
    const auto key = keys.plain(field.escaped_key());
    if (!key) return false;
    keys.add(*key);
    auto& fields = observed.fields;
    if (guess >= fields.size() || fields[guess].first != *key) {
      const Observed* const found = &observed.field(*key);
      guess = 0;
      while (&fields[guess].second != found) ++guess;
    }
    if (!observe_value(field.value(), fields[guess].second, keys, scratch, depth + 1)) return false;
    ++guess;
  }
  return keys.close(mark);
}

}  // namespace lakegate::json
