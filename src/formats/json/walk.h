// What decoding and observing share on their way through simdjson's on-demand parser. That parser
// looks only at what it is asked for, so everything is asked for: each number and word is held to
// the grammar, each string is looked through, each key is compared with its siblings.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json/scalar.h"
#include "formats/json/syntax.h"

namespace lakegate::json {

namespace ondemand = simdjson::ondemand;

// Up to here every integer is a double too.
inline constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;

// The keys of the objects that are open, outermost first, to find duplicates. Reused from record to
// record.
class OpenKeys {
 public:
  // To be given back to `close`.
  std::size_t open() const { return keys_.size(); }
  void add(std::string_view key) { keys_.push_back(key); }
  // Whether the keys since `mark` differ; forgets them.
  bool close(std::size_t mark);

  // `raw` as it is, or unescaped into a place that lasts until `reset`. None: not a valid string.
  std::optional<std::string_view> plain(std::string_view raw);
  void reset();

 private:
  std::vector<std::string_view> keys_;
  std::deque<std::string> unescaped_;
};

// A number or a word, without the blanks behind it; also where a string or container begins.
inline std::string_view token_of(ondemand::value& value) {
  return without_blanks_at_end(value.raw_json_token());
}

// A string's body; the value is then used up. None: it is none that may stand here.
inline std::optional<StringBody> take_string(ondemand::value& value) {
  ondemand::raw_json_string raw;
  if (value.get_raw_json_string().get(raw)) return std::nullopt;
  return string_body(raw.raw());
}

inline bool is_word(std::string_view token) {
  return token == "true" || token == "false" || token == "null";
}

// How much a value says about a type, ascending.
enum class Content {
  kNull,
  kEmpty,        // a container without anything but nulls in it
  kNestedEmpty,  // containers in it, but no scalar
  kValues,
};

// Looks a value of any kind through. None: it is not valid JSON, or has duplicate keys.
std::optional<Content> look_through(ondemand::value& value, OpenKeys& keys, int depth);

// The same for a value whose text is wanted: sets `text` to it, as it stands.
std::optional<Content> take_verbatim(ondemand::value& value, OpenKeys& keys, int depth,
                                     std::string_view& text);

}  // namespace lakegate::json
