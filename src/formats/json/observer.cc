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

// The place of `key` among the fields: keys mostly come in the order they came before.
std::size_t place_of(std::string_view key, std::size_t guess, Observed& observed) {
  auto& fields = observed.fields;
  if (guess < fields.size() && fields[guess].first == key) return guess;
  const Observed* const found = &observed.field(key);
  std::size_t place = 0;
  while (&fields[place].second != found) ++place;
  return place;
}

// Calls `see(value, its place among the fields)` for each member. False: not what members may be.
bool for_each_member(ondemand::object& object, Observed& observed, OpenKeys& keys, auto see) {
  const std::size_t mark = keys.open();
  std::size_t place = 0;
  for (auto next : object) {
    ondemand::field field;
    if (std::move(next).get(field)) return false;
    const auto key = keys.plain(field.escaped_key());
    if (!key) return false;
    keys.add(*key);
    place = place_of(*key, place, observed);
    if (!see(field.value(), place)) return false;
    ++place;
  }
  return keys.close(mark);
}

}  // namespace

bool observe_members(ondemand::object& object, Observed& observed, OpenKeys& keys,
                     std::string& scratch, int depth) {
  return for_each_member(object, observed, keys, [&](ondemand::value& value, std::size_t place) {
    return observe_value(value, observed.fields[place].second, keys, scratch, depth + 1);
  });
}

bool observe_names(ondemand::object& object, Observed& observed, OpenKeys& keys) {
  return for_each_member(object, observed, keys,
                         [](ondemand::value&, std::size_t) { return true; });
}

}  // namespace lakegate::json
