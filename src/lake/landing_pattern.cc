#include "lake/landing_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "lake/ascii.h"
#include "lake/layout.h"

namespace lakegate {
namespace {

constexpr std::size_t kLongestPattern = 1024;
constexpr std::size_t kLongestKey = 4096;  // of a local path; S3 stops at 1024

// The fixed-width directives of a date capture.
int width_of(char directive) {
  switch (directive) {
    case 'Y':
      return 4;
    case 'm':
    case 'd':
    case 'H':
    case 'M':
    case 'S':
      return 2;
    default:
      return 0;
  }
}

bool has_time(std::string_view format) {
  return format.find("%H") != std::string_view::npos;
}

// Empty if `format` is fine, else what is wrong with it.
std::string check_date_format(std::string_view format) {
  std::string seen;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '/') return "a date capture cannot contain \"/\"";
    if (format[i] != '%') continue;
    const char directive = ++i < format.size() ? format[i] : '\0';
    if (directive == '%') continue;
    if (width_of(directive) == 0)
      return fmt::format("unknown directive in \"{}\"; a date capture knows %Y %m %d %H %M %S",
                         format);
    if (seen.find(directive) != std::string::npos)
      return fmt::format("%{} stands twice in \"{}\"", directive, format);
    seen += directive;
  }
  const auto has = [&](char directive) { return seen.find(directive) != std::string::npos; };
  if (!has('Y') || !has('m') || !has('d'))
    return fmt::format(
        "\"{}\" is not a whole date; it needs %Y, %m and %d, or capture the text without a form",
        format);
  if ((has('M') && !has('H')) || (has('S') && !has('M')))
    return fmt::format("\"{}\" has smaller units of time without the larger ones", format);
  return {};
}

// The text at the front of `rest` that has the form, as ISO; `length` is how much of it was used.
std::optional<std::string> read_date(std::string_view rest, std::string_view format,
                                     std::size_t& length) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::size_t pos = 0;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const bool directive = format[i] == '%' && format[i + 1] != '%';
    if (!directive) {
      if (format[i] == '%') ++i;
      if (pos >= rest.size() || rest[pos++] != format[i]) return std::nullopt;
      continue;
    }
    const char kind = format[++i];
    int value = 0;
    for (int k = 0; k < width_of(kind); ++k, ++pos) {
      if (pos >= rest.size() || rest[pos] < '0' || rest[pos] > '9') return std::nullopt;
      value = value * 10 + (rest[pos] - '0');
    }
    switch (kind) {
      case 'Y':
        year = value;
        break;
      case 'm':
        month = value;
        break;
      case 'd':
        day = value;
        break;
      case 'H':
        hour = value;
        break;
      case 'M':
        minute = value;
        break;
      default:
        second = value;
    }
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || year == 0 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  length = pos;
  std::string iso = fmt::format("{:04}-{:02}-{:02}", year, month, day);
  if (has_time(format)) iso += fmt::format("T{:02}:{:02}:{:02}", hour, minute, second);
  return iso;
}

bool has_compression_suffix(std::string_view text) {
  return text.ends_with(".gz") || text.ends_with(".zst");
}

bool is_name_character(char c) {
  return is_lower(c) || is_digit(c) || c == '_';
}

}  // namespace

class LandingPattern::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) { pattern_.text_ = std::string(text); }

  Result<LandingPattern> parse() {
    LAKEGATE_CHECK(check_whole());
    while (pos_ < text_.size()) LAKEGATE_CHECK(parse_piece());
    return std::move(pattern_);
  }

 private:
  Failure bad(std::size_t pos, std::string message) const {
    return invalid_input(std::move(message), {.file = {}, .line = 0, .column = pos + 1});
  }

  Result<void> check_whole() const {
    if (text_.empty()) return bad(0, "the landing pattern is empty; write folder/*.csv");
    if (text_.size() > kLongestPattern)
      return bad(kLongestPattern,
                 fmt::format("the landing pattern is longer than {} bytes", kLongestPattern));
    if (text_.starts_with(layout::kLanding))
      return bad(0, fmt::format("patterns are relative to landing/; write \"{}\"",
                                text_.substr(layout::kLanding.size())));
    if (text_.ends_with('/'))
      return bad(text_.size() - 1, "a folder never lands; add ** for everything below it");
    for (std::size_t begin = 0; begin <= text_.size();) {
      const std::size_t end = std::min(text_.find('/', begin), text_.size());
      const std::string_view component = text_.substr(begin, end - begin);
      if (component.empty())
        return bad(begin, begin == 0
                              ? "the pattern begins with \"/\"; write it relative to landing/"
                              : "two \"/\" in a row: a key has no empty components");
      if (component == "." || component == "..")
        return bad(begin, fmt::format("\"{}\" is not allowed in a landing pattern", component));
      if (component[0] == '_' || component[0] == '.')
        return bad(begin, fmt::format("\"{}\" would never match: names that begin with \"_\" or "
                                      "\".\" are not taken from landing/",
                                      component));
      begin = end + 1;
    }
    return {};
  }

  Result<void> parse_piece() {
    const char c = text_[pos_];
    if (c == '\0') return bad(pos_, "a landing pattern cannot contain a NUL byte");
    if (c == '{') return parse_capture();
    if (c == '}') return bad(pos_, "\"}\" without \"{\"; write \\} where a file's name has it");
    if (c == '*') {
      const bool begins_component = pos_ == 0 || text_[pos_ - 1] == '/';
      ++pos_;
      if (!skip('*')) {
        add({.kind = Piece::Kind::kStar, .text = {}, .date_format = {}});
        return {};
      }
      if (pos_ < text_.size() && text_[pos_] == '*')
        return bad(pos_, "\"***\" means nothing; write * or **");
      std::string slash = begins_component && skip('/') ? "/" : "";
      add({.kind = Piece::Kind::kDoubleStar, .text = std::move(slash), .date_format = {}});
      return {};
    }
    ++pos_;
    if (c == '?') {
      add({.kind = Piece::Kind::kQuestion, .text = {}, .date_format = {}});
      return {};
    }
    if (c == '\\') {
      if (pos_ == text_.size() || text_[pos_] == '/')
        return bad(pos_ - 1, "\"\\\" stands before a special character to make it literal");
      add_literal(text_[pos_++]);
      return {};
    }
    add_literal(c);
    return {};
  }

  Result<void> parse_capture() {
    const std::size_t begin = pos_;
    const std::size_t end = text_.find('}', pos_);
    if (end == std::string_view::npos)
      return bad(begin, "\"{\" without \"}\"; write \\{ where a file's name has it");
    const std::string_view inside = text_.substr(begin + 1, end - begin - 1);
    const std::size_t colon = inside.find(':');
    const std::string name(inside.substr(0, colon));
    pos_ = end + 1;
    const bool clean = !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
                       std::all_of(name.begin(), name.end(), is_name_character);
    if (!clean)
      return bad(begin, fmt::format("\"{}\" is not a name for a capture; use lower-case letters, "
                                    "digits and _, as in {{store}}",
                                    name));
    if (std::find(pattern_.capture_names_.begin(), pattern_.capture_names_.end(), name) !=
        pattern_.capture_names_.end())
      return bad(begin, fmt::format("the capture {{{}}} stands twice in the pattern", name));
    pattern_.capture_names_.push_back(name);
    if (colon == std::string_view::npos) {
      add({.kind = Piece::Kind::kCapture, .text = name, .date_format = {}});
      return {};
    }
    const std::string_view format = inside.substr(colon + 1);
    if (std::string wrong = check_date_format(format); !wrong.empty())
      return bad(begin + 2 + colon, std::move(wrong));
    add({.kind = Piece::Kind::kDateCapture, .text = name, .date_format = std::string(format)});
    return {};
  }

  bool skip(char c) {
    if (pos_ == text_.size() || text_[pos_] != c) return false;
    ++pos_;
    return true;
  }

  void add(Piece piece) { pattern_.pieces_.push_back(std::move(piece)); }

  void add_literal(char c) {
    if (pattern_.pieces_.empty() || pattern_.pieces_.back().kind != Piece::Kind::kLiteral)
      add({.kind = Piece::Kind::kLiteral, .text = {}, .date_format = {}});
    pattern_.pieces_.back().text += c;
  }

  std::string_view text_;
  std::size_t pos_ = 0;
  LandingPattern pattern_;
};

// Backtracks, but visits no (piece, position) twice: time is bounded whatever the pattern.
class LandingPattern::Matcher {
 public:
  Matcher(const std::vector<Piece>& pieces, std::string_view key)
      : pieces_(pieces), key_(key), failed_(pieces.size() * (key.size() + 1)) {}

  std::optional<std::map<std::string, std::string>> run() {
    if (!match(0, 0)) return std::nullopt;
    return std::move(captures_);
  }

 private:
  bool match(std::size_t piece, std::size_t pos) {
    if (piece == pieces_.size()) return pos == key_.size();
    const std::size_t state = piece * (key_.size() + 1) + pos;
    if (failed_[state]) return false;
    const bool matches = match_piece(piece, pos);
    if (!matches) failed_[state] = true;
    return matches;
  }

  bool match_piece(std::size_t index, std::size_t pos) {
    const Piece& piece = pieces_[index];
    switch (piece.kind) {
      case Piece::Kind::kLiteral:
        return key_.substr(pos).starts_with(piece.text) &&
               match(index + 1, pos + piece.text.size());
      case Piece::Kind::kQuestion:
        return pos < key_.size() && key_[pos] != '/' && match(index + 1, pos + 1);
      case Piece::Kind::kStar:
        return match(index + 1, pos) ||
               (pos < key_.size() && key_[pos] != '/' && match(index, pos + 1));
      case Piece::Kind::kDoubleStar:
        return match_double_star(index, pos);
      case Piece::Kind::kCapture:
        for (std::size_t end = pos + 1; end <= key_.size() && key_[end - 1] != '/'; ++end)
          if (match(index + 1, end)) return keep(piece, std::string(key_.substr(pos, end - pos)));
        return false;
      case Piece::Kind::kDateCapture: {
        std::size_t length = 0;
        auto date = read_date(key_.substr(pos), piece.date_format, length);
        return date && match(index + 1, pos + length) && keep(piece, std::move(*date));
      }
    }
    return false;
  }

  bool match_double_star(std::size_t index, std::size_t pos) {
    const bool whole_components = !pieces_[index].text.empty();
    if (match(index + 1, pos)) return true;
    std::size_t next = pos + 1;
    if (whole_components) next = key_.find('/', pos) + 1;  // 0 where there is no more
    return next > pos && next <= key_.size() && match(index, next);
  }

  bool keep(const Piece& piece, std::string value) {
    captures_[piece.text] = std::move(value);
    return true;
  }

  const std::vector<Piece>& pieces_;
  std::string_view key_;
  std::vector<bool> failed_;
  std::map<std::string, std::string> captures_;
};

Result<LandingPattern> LandingPattern::parse(std::string_view pattern) {
  return Parser(pattern).parse();
}

LandingPattern LandingPattern::everything_under(std::string_view folder) {
  LandingPattern pattern;
  Piece name{.kind = Piece::Kind::kLiteral, .text = std::string(folder) + "/", .date_format = {}};
  pattern.pieces_ = {std::move(name),
                     {.kind = Piece::Kind::kDoubleStar, .text = {}, .date_format = {}}};
  for (char c : folder) {
    if (std::string_view("*?{}\\").find(c) != std::string_view::npos) pattern.text_ += '\\';
    pattern.text_ += c;
  }
  pattern.text_ += "/**";
  return pattern;
}

std::optional<std::map<std::string, std::string>> LandingPattern::match(
    std::string_view key) const {
  if (key.size() > kLongestKey) return std::nullopt;
  if (auto captures = Matcher(pieces_, key).run()) return captures;
  if (has_compression_suffix(text_) || !has_compression_suffix(key)) return std::nullopt;
  return Matcher(pieces_, key.substr(0, key.rfind('.'))).run();
}

std::optional<LandingPattern::CaptureKind> LandingPattern::capture_kind(
    std::string_view name) const {
  for (const Piece& piece : pieces_) {
    if (piece.text != name) continue;
    if (piece.kind == Piece::Kind::kCapture) return CaptureKind::kText;
    if (piece.kind == Piece::Kind::kDateCapture)
      return has_time(piece.date_format) ? CaptureKind::kTimestamp : CaptureKind::kDate;
  }
  return std::nullopt;
}

}  // namespace lakegate
