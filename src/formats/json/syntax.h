// Strict JSON (RFC 8259), one byte at a time: says whether a text is JSON, and if not, where and
// why. The fast parser only says that something is wrong; whatever it refuses comes here for the
// words. Also the parser behind `cat --text`.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lakegate::json {

// Objects and arrays inside each other, counted from the record.
inline constexpr int kMaxDepth = 1024;

struct Problem {
  enum class Kind {
    kSyntax,
    kNonFinite,      // a bare NaN or Infinity: its writer does not write JSON
    kInvalidUtf8,    // bytes that are not UTF-8
    kLoneSurrogate,  // \ud800 without its other half: JSON, but no text
    kTooDeep,
    kDuplicateKey,  // JSON, but ambiguous
  };
  Kind kind = Kind::kSyntax;
  std::size_t at = 0;  // in bytes from the start of the text
  std::string what;    // "NaN is not JSON"
  std::string cure;    // "write null, or quote it"; may be empty

  // It is JSON by the grammar: only the record that has it is at fault, never the file.
  bool is_soft() const { return kind == Kind::kLoneSurrogate || kind == Kind::kDuplicateKey; }
};

// Key, unescaped, and value as it stands.
using Members = std::vector<std::pair<std::string, std::string_view>>;

// The first problem of `text` as one JSON value with nothing but blanks around it; soft ones only
// if there is no other.
std::optional<Problem> find_problem(std::string_view text);

// The same, duplicate keys allowed; collects the members of the root into `members` if that is an
// object (empty otherwise).
std::optional<Problem> split_members(std::string_view text, Members& members);

// `text` for a message: control characters escaped, cut after `limit` bytes.
std::string shown(std::string_view text, std::size_t limit = 40);

// Only a file may begin with it, no record.
inline constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// The token that starts `text`: a word, a number, or one character.
std::string_view token_at(std::string_view text);

}  // namespace lakegate::json
