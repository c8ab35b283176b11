#include "formats/json/syntax.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_set>

#include "formats/json/scalar.h"
#include "lake/ascii.h"
#include "lake/utf8.h"

namespace lakegate::json {
namespace {

constexpr bool is_word_byte(char c) {
  return is_alphanumeric(c) || c == '_' || c == '.' || c == '+' || c == '-';
}

bool is_non_finite(std::string_view token) {
  if (!token.empty() && (token[0] == '-' || token[0] == '+')) token.remove_prefix(1);
  std::string lower(token.substr(0, 9));
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return token.size() <= 9 && (lower == "nan" || lower == "inf" || lower == "infinity");
}

// Bytes of the UTF-8 character at the start of `text`, 0 if there is none.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size)
    if (is_utf8(text.substr(0, size))) return size;
  return 0;
}

class Checker {
 public:
  Checker(std::string_view text, Members* members) : text_(text), members_(members) {}

  std::optional<Problem> run() {
    skip_blanks();
    if (!value(1)) return std::move(hard_);
    skip_blanks();
    if (pos_ < text_.size()) {
      refuse(fmt::format("{} follows the end of the value", token()),
             "put each value on a line of its own");
      return std::move(hard_);
    }
    return std::move(soft_);
  }

 private:
  bool at_end() const { return pos_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[pos_]; }
  void skip_blanks() {
    while (!at_end() && is_blank(text_[pos_])) ++pos_;
  }
  std::string token() const {
    return at_end() ? "the end" : shown(token_at(text_.substr(pos_)), 20);
  }

  bool refuse(std::string what, std::string cure = {},
              Problem::Kind kind = Problem::Kind::kSyntax) {
    hard_ = Problem{kind, pos_, std::move(what), std::move(cure)};
    return false;
  }
  bool refuse_bytes() {
    return refuse(fmt::format("the byte 0x{:02x} is not UTF-8",
                              static_cast<unsigned>(static_cast<unsigned char>(text_[pos_]))),
                  "JSON must be encoded as UTF-8", Problem::Kind::kInvalidUtf8);
  }
  void complain(Problem::Kind kind, std::size_t at, std::string what, std::string cure) {
    if (!soft_) soft_ = Problem{kind, at, std::move(what), std::move(cure)};
  }

  bool value(int depth) {
    switch (peek()) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      default:
        return word();
    }
  }

  bool enter(int depth) {
    if (depth > kMaxDepth)
      return refuse(fmt::format("objects and arrays are nested deeper than {}", kMaxDepth), {},
                    Problem::Kind::kTooDeep);
    ++pos_;
    skip_blanks();
    return true;
  }

  bool array(int depth) {
    if (!enter(depth)) return false;
    if (peek() == ']' && !at_end()) return ++pos_, true;
    while (true) {
      if (!value(depth + 1)) return false;
      skip_blanks();
      if (at_end()) return refuse("the array is not closed", "the file seems to be cut short");
      if (text_[pos_] == ']') return ++pos_, true;
      if (text_[pos_] != ',')
        return refuse(fmt::format("{} stands where a comma or ] was expected", token()));
      ++pos_;
      skip_blanks();
      if (peek() == ']') return refuse("the comma before ] has no value after it", "remove it");
    }
  }

  bool object(int depth) {
    if (!enter(depth)) return false;
    if (peek() == '}') return ++pos_, true;
    const std::size_t first_key = keys_.size();
    while (true) {
      if (!member(depth)) return false;
      if (at_end()) return refuse("the object is not closed", "the file seems to be cut short");
      if (text_[pos_] == '}') break;
      if (text_[pos_] != ',')
        return refuse(fmt::format("{} stands where a comma or }} was expected", token()));
      ++pos_;
      skip_blanks();
      if (peek() == '}') return refuse("the comma before } has no key after it", "remove it");
    }
    ++pos_;
    if (members_ == nullptr) check_keys(first_key);
    keys_.resize(first_key);
    return true;
  }

  bool member(int depth) {
    if (at_end()) return refuse("the object is not closed", "the file seems to be cut short");
    if (text_[pos_] != '"')
      return refuse(fmt::format("{} stands where a key was expected", token()),
                    "keys are strings in double quotes");
    const std::size_t key_at = pos_;
    if (!string()) return false;
    const std::string_view raw = text_.substr(key_at + 1, pos_ - key_at - 2);
    std::string_view key = raw;
    if (raw.find('\\') != std::string_view::npos) {
      std::string& plain = unescaped_.emplace_back();
      unescape(raw, plain);
      key = plain;
    }
    keys_.push_back({key, key_at});
    skip_blanks();
    if (peek() != ':' || at_end())
      return refuse(fmt::format("{} stands where the colon after a key was expected", token()));
    ++pos_;
    skip_blanks();
    const std::size_t value_at = pos_;
    if (!value(depth + 1)) return false;
    if (depth == 1 && members_)
      members_->emplace_back(std::string(key), text_.substr(value_at, pos_ - value_at));
    skip_blanks();
    return true;
  }

  void check_keys(std::size_t first_key) {
    std::unordered_set<std::string_view> known;
    for (std::size_t i = first_key; i < keys_.size(); ++i) {
      if (known.insert(keys_[i].text).second) continue;
      complain(Problem::Kind::kDuplicateKey, keys_[i].at,
               fmt::format("the key \"{}\" stands twice in one object", shown(keys_[i].text)),
               "keep one of the two");
      return;
    }
  }

  bool string() {
    const std::size_t start = pos_;
    ++pos_;
    while (!at_end()) {
      const auto byte = static_cast<unsigned char>(text_[pos_]);
      if (byte == '"') return ++pos_, true;
      if (byte < 0x20)
        return refuse(fmt::format("the control character {} stands in a string",
                                  shown(text_.substr(pos_, 1))),
                      fmt::format("write \\u{:04x}", static_cast<unsigned>(byte)));
      if (byte == '\\') {
        if (!escape()) return false;
      } else if (byte < 0x80) {
        ++pos_;
      } else {
        const std::size_t size = character_size(text_.substr(pos_));
        if (size == 0) return refuse_bytes();
        pos_ += size;
      }
    }
    pos_ = start;
    return refuse("the string that begins here is not closed", "the file seems to be cut short");
  }

  bool escape() {
    const std::string_view rest = text_.substr(pos_);
    if (rest.size() < 2) return ++pos_, true;  // the end of the text, said by the caller
    std::string scratch;
    if (rest[1] != 'u') {
      if (!unescape(rest.substr(0, 2), scratch))
        return refuse(
            fmt::format(
                "\\{} is not an escape of JSON",
                shown(rest.substr(1, std::max<std::size_t>(1, character_size(rest.substr(1)))))),
            "a backslash is written \\\\");
      pos_ += 2;
      return true;
    }
    if (!is_code_unit(rest))
      return refuse(fmt::format("{} is not an escape of JSON", shown(rest.substr(0, 6))),
                    "\\u needs four hexadecimal digits");
    if (unescape(rest.substr(0, 6), scratch)) return pos_ += 6, true;
    const std::string_view pair = rest.substr(0, 12);
    if (pair.size() == 12 && unescape(pair, scratch)) return pos_ += 12, true;
    complain(Problem::Kind::kLoneSurrogate, pos_,
             fmt::format("{} is half a surrogate pair, which is no character", rest.substr(0, 6)),
             "write both halves, or the character itself");
    pos_ += 6;
    return true;
  }

  static bool is_code_unit(std::string_view text) {
    const auto is_hex = [](char c) {
      return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    };
    return text.size() >= 6 && std::all_of(text.begin() + 2, text.begin() + 6, is_hex);
  }

  bool word() {
    if (at_end()) return refuse("the text ends where a value was expected");
    const std::string_view rest = text_.substr(pos_);
    const std::string_view token_text = token_at(rest);
    if (token_text == "true" || token_text == "false" || token_text == "null" ||
        is_number(token_text)) {
      pos_ += token_text.size();
      return true;
    }
    const char first = rest[0];
    if (static_cast<unsigned char>(first) >= 0x80 && character_size(rest) == 0)
      return refuse_bytes();
    if (rest.starts_with(kByteOrderMark))
      return refuse("a byte order mark stands inside the text",
                    "remove it: only the start of a file may have one");
    if (is_non_finite(token_text))
      return refuse(fmt::format("{} is not JSON", token()), "write null, or quote it",
                    Problem::Kind::kNonFinite);
    if (first == '\'') return refuse("' is not JSON", "strings stand in double quotes");
    if (first == ',' || first == ']' || first == '}' || first == ':')
      return refuse(fmt::format("{} stands where a value was expected", first));
    if ((first >= '0' && first <= '9') || first == '-' || first == '+' || first == '.')
      return refuse(fmt::format("{} is not a number of JSON", token()));
    if (token_text == "True" || token_text == "False" || token_text == "None")
      return refuse(fmt::format("{} is not JSON", token()), "write true, false or null");
    return refuse(fmt::format("{} is not JSON", token()));
  }

  struct Key {
    std::string_view text;
    std::size_t at;
  };
  std::string_view text_;
  Members* members_;
  std::size_t pos_ = 0;
  std::vector<Key> keys_;
  std::deque<std::string> unescaped_;
  std::optional<Problem> hard_;
  std::optional<Problem> soft_;
};

}  // namespace

std::string_view token_at(std::string_view text) {
  if (text.empty()) return text;
  std::size_t size = 0;
  while (size < text.size() && is_word_byte(text[size])) ++size;
  return text.substr(0, size > 0 ? size : std::max<std::size_t>(1, character_size(text)));
}

std::string shown(std::string_view text, std::size_t limit) {
  const bool cut = text.size() > limit;
  if (cut) text = without_cut_character(text.substr(0, limit));
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(byte));
    else
      out += c;
  }
  if (cut) out += "…";
  if (!is_utf8(out)) {
    for (char& c : out)
      if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  }
  return out;
}

std::optional<Problem> find_problem(std::string_view text) {
  return Checker(text, nullptr).run();
}

std::optional<Problem> split_members(std::string_view text, Members& members) {
  members.clear();
  return Checker(text, &members).run();
}

}  // namespace lakegate::json
