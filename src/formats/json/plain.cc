#include "formats/json/plain.h"

namespace lakegate::json {
namespace {

constexpr int kDeepest = 32;

class PlainReader {
 public:
  explicit PlainReader(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool is_object() {
    skip_blanks();
    if (!is('{') || !object(1)) return false;
    skip_blanks();
    return at_ == end_;
  }

 private:
  bool is(char c) const { return at_ < end_ && *at_ == c; }
  bool take(char c) { return is(c) && (++at_, true); }
  void skip_blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool value(int depth) {
    if (at_ == end_) return false;
    switch (*at_) {
      case '{':
        return object(depth);
      case '[':
        return array(depth);
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool object(int depth) {
    if (depth > kDeepest) return false;
    ++at_;
    skip_blanks();
    if (take('}')) return true;
    do {
      skip_blanks();
      if (!is('"') || !string()) return false;
      skip_blanks();
      if (!take(':')) return false;
      skip_blanks();
      if (!value(depth + 1)) return false;
      skip_blanks();
    } while (take(','));
    return take('}');
  }

  bool array(int depth) {
    if (depth > kDeepest) return false;
    ++at_;
    skip_blanks();
    if (take(']')) return true;
    do {
      skip_blanks();
      std::int64_t ignored = 0;
      if (!take_short_integer(at_, ignored) && !value(depth + 1)) return false;
      skip_blanks();
    } while (take(','));
    return take(']');
  }

  bool string() {
    for (++at_; at_ < end_; ++at_) {
      if (*at_ == '"') return ++at_, true;
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte < 0x20 || byte >= 0x80 || byte == '\\') return false;
    }
    return false;
  }

  bool word(std::string_view expected) {
    if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, expected.size()) !=
        expected)
      return false;
    at_ += expected.size();
    return true;
  }

  bool digits() {
    const char* const first = at_;
    for (std::size_t more = 8; more == 8; at_ += more) more = leading_digits(at_);
    return at_ > first;
  }

  bool number() {
    at_ += *at_ == '-';
    const bool begins_with_zero = is('0');
    const char* const first = at_;
    if (!digits() || (begins_with_zero && at_ - first > 1)) return false;
    if (take('.') && !digits()) return false;
    if (is('e') || is('E')) {
      ++at_;
      at_ += is('+') || is('-');
      return digits();
    }
    return true;
  }

  const char* at_;
  const char* end_;
};

}  // namespace

bool is_plain_object(std::string_view text) {
  return PlainReader(text).is_object();
}

}  // namespace lakegate::json
