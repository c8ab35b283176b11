#include "extract/link_header.h"

#include <algorithm>
#include <string_view>

namespace lakegate {
namespace {

// Reads `<target>; name=value; name="value", <target>; …`, forgiving blanks.
class LinkReader {
 public:
  explicit LinkReader(std::string_view text) : text_(text) {}

  std::string find_next() {
    while (skip_to('<')) {
      const std::size_t end = text_.find('>', pos_);
      if (end == std::string_view::npos) break;
      const std::string_view target = text_.substr(pos_, end - pos_);
      pos_ = end + 1;
      if (read_parameters()) return std::string(target);
    }
    return {};
  }

 private:
  bool skip_to(char mark) {
    const std::size_t at = text_.find(mark, pos_);
    if (at == std::string_view::npos) return false;
    pos_ = at + 1;
    return true;
  }

  void skip_blanks() {
    while (pos_ < text_.size() && (text_[pos_] == ' ' || text_[pos_] == '\t')) ++pos_;
  }

  // Up to the comma behind the link; whether "next" is among its relations.
  bool read_parameters() {
    bool is_next = false;
    bool has_rel = false;  // a second one counts for nothing
    while (true) {
      skip_blanks();
      if (pos_ == text_.size() || text_[pos_] != ';') break;
      ++pos_;
      skip_blanks();
      const std::string_view name = read_until("=;, \t");
      skip_blanks();
      std::string value;
      if (pos_ < text_.size() && text_[pos_] == '=') {
        ++pos_;
        skip_blanks();
        value = read_value();
      }
      if (!same_header_name(name, "rel") || has_rel) continue;
      has_rel = true;
      is_next = has_word_next(value);
    }
    return is_next;
  }

  std::string_view read_until(std::string_view marks) {
    const std::size_t begin = pos_;
    pos_ = std::min(text_.find_first_of(marks, pos_), text_.size());
    return text_.substr(begin, pos_ - begin);
  }

  std::string read_value() {
    if (pos_ == text_.size() || text_[pos_] != '"') return std::string(read_until(";, \t"));
    std::string value;
    for (++pos_; pos_ < text_.size() && text_[pos_] != '"'; ++pos_) {
      if (text_[pos_] == '\\' && pos_ + 1 < text_.size()) ++pos_;
      value += text_[pos_];
    }
    if (pos_ < text_.size()) ++pos_;
    return value;
  }

  static bool has_word_next(std::string_view value) {
    for (std::size_t begin = 0; begin <= value.size();) {
      const std::size_t end = std::min(value.find(' ', begin), value.size());
      if (same_header_name(value.substr(begin, end - begin), "next")) return true;
      begin = end + 1;
    }
    return false;
  }

  std::string_view text_;
  std::size_t pos_ = 0;
};

}  // namespace

std::string next_link(const std::vector<HttpHeader>& headers) {
  for (const HttpHeader& header : headers) {
    if (!same_header_name(header.name, "link")) continue;
    if (std::string target = LinkReader(header.value).find_next(); !target.empty()) return target;
  }
  return {};
}

}  // namespace lakegate
