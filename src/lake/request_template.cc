#include "lake/request_template.h"

#include <fmt/format.h>

#include <algorithm>

#include "lake/ascii.h"
#include "lake/json_text.h"
#include "lake/time.h"
#include "lake/utf8.h"

namespace lakegate {
namespace {

constexpr std::size_t kLongestTemplate = 64 * 1024;
constexpr std::string_view kDirectives = "YmdHMSs%";

Failure bad(std::size_t at, std::string message) {
  return invalid_input(std::move(message), {.file = {}, .line = 0, .column = at + 1});
}

bool is_variable_name(std::string_view name) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; };
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' && std::ranges::all_of(name, fits);
}

// Empty if fine, else what is wrong with it.
std::string check_format(std::string_view format) {
  if (format.find('%') == std::string_view::npos)
    return "a format has at least one of %Y %m %d %H %M %S %s in it, as {since:%Y-%m-%d}";
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size() || kDirectives.find(format[i]) == std::string_view::npos)
      return fmt::format(
          "unknown directive in \"{}\"; a format knows %Y %m %d %H %M %S, and %s for "
          "seconds since 1970",
          format);
  }
  return {};
}

Result<std::string> formatted(std::string_view name, std::string_view value,
                              std::string_view format) {
  using namespace std::chrono;
  // A date is its first moment.
  const bool is_date = value.size() == 10;
  const auto instant =
      instant_from_iso(is_date ? std::string(value) + "T00:00:00Z" : std::string(value));
  if (!instant)
    return invalid_input(
        fmt::format("{{{}:{}}} needs a date or a time, such as 2026-11-23 or "
                    "2026-11-23T04:22:44Z; \"{}\" is neither",
                    name, format, value));
  const auto day = floor<days>(*instant);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(*instant - day));
  std::string text;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      text += format[i];
      continue;
    }
    switch (format[++i]) {
      case 'Y':
        text += fmt::format("{:04}", static_cast<int>(date.year()));
        break;
      case 'm':
        text += fmt::format("{:02}", static_cast<unsigned>(date.month()));
        break;
      case 'd':
        text += fmt::format("{:02}", static_cast<unsigned>(date.day()));
        break;
      case 'H':
        text += fmt::format("{:02}", clock.hours().count());
        break;
      case 'M':
        text += fmt::format("{:02}", clock.minutes().count());
        break;
      case 'S':
        text += fmt::format("{:02}", clock.seconds().count());
        break;
      case 's':
        text += fmt::format("{}", floor<seconds>(*instant).time_since_epoch().count());
        break;
      default:
        text += '%';
    }
  }
  return text;
}

}  // namespace

bool is_json_number(std::string_view text) {
  std::size_t pos = text.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const std::size_t from = pos;
    while (pos < text.size() && is_digit(text[pos])) ++pos;
    return pos - from;
  };
  const bool zero = pos < text.size() && text[pos] == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return false;
  if (pos < text.size() && text[pos] == '.') {
    ++pos;
    if (digits() == 0) return false;
  }
  if (pos < text.size() && (text[pos] == 'e' || text[pos] == 'E')) {
    ++pos;
    if (pos < text.size() && (text[pos] == '+' || text[pos] == '-')) ++pos;
    if (digits() == 0) return false;
  }
  return pos == text.size();
}

Result<RequestTemplate> RequestTemplate::parse(std::string_view text) {
  if (text.size() > kLongestTemplate)
    return bad(kLongestTemplate, fmt::format("is longer than {} bytes", kLongestTemplate));
  RequestTemplate parsed;
  parsed.text_ = std::string(text);
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) parsed.pieces_.push_back({.text = std::exchange(literal, {})});
  };
  for (std::size_t pos = 0; pos < text.size();) {
    const char c = text[pos];
    if (c != '{' && c != '}') {
      literal += c;
      ++pos;
      continue;
    }
    if (text.substr(pos + 1).starts_with(c)) {
      literal += c;
      pos += 2;
      continue;
    }
    if (c == '}') return bad(pos, "\"}\" without \"{\"; write }} for a brace");
    const std::size_t end = text.find_first_of("{}", pos + 1);
    if (end == std::string_view::npos || text[end] == '{')
      return bad(pos, "\"{\" without \"}\"; write {name} for a variable, {{ for a brace");
    const std::string_view inside = text.substr(pos + 1, end - pos - 1);
    const std::size_t colon = inside.find(':');
    const std::string_view name = inside.substr(0, colon);
    if (!is_variable_name(name))
      return bad(pos, fmt::format("\"{}\" is not a variable's name: lower-case letters, digits and "
                                  "_, as in {{device}}; write {{{{ for a brace",
                                  name));
    std::string format;
    if (colon != std::string_view::npos) {
      format = std::string(inside.substr(colon + 1));
      if (std::string wrong = check_format(format); !wrong.empty())
        return bad(pos + 2 + colon, std::move(wrong));
    }
    end_literal();
    parsed.pieces_.push_back(
        {.is_variable = true, .text = std::string(name), .format = std::move(format)});
    pos = end + 1;
  }
  end_literal();
  return parsed;
}

RequestTemplate RequestTemplate::literal(std::string_view text) {
  RequestTemplate made;
  for (char c : text) {
    made.text_ += c;
    if (c == '{' || c == '}') made.text_ += c;
  }
  if (!text.empty()) made.pieces_.push_back({.text = std::string(text)});
  return made;
}

std::vector<std::string> RequestTemplate::variables() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_)
    if (piece.is_variable && std::ranges::find(names, piece.text) == names.end())
      names.push_back(piece.text);
  return names;
}

bool RequestTemplate::uses(std::string_view variable) const {
  return std::ranges::any_of(
      pieces_, [&](const Piece& piece) { return piece.is_variable && piece.text == variable; });
}

bool RequestTemplate::is_one_variable() const {
  return pieces_.size() == 1 && pieces_[0].is_variable && pieces_[0].format.empty();
}

Result<std::string> RequestTemplate::expand(const Lookup& lookup, const Encode& encode) const {
  std::string expanded;
  for (const Piece& piece : pieces_) {
    if (!piece.is_variable) {
      expanded += piece.text;
      continue;
    }
    const TemplateValue* value = lookup(piece.text);
    if (value == nullptr)
      return invalid_input(fmt::format("there is no variable {{{}}}", piece.text));
    std::string text = value->text;
    if (!piece.format.empty()) {
      LAKEGATE_TRY(text, formatted(piece.text, text, piece.format));
    }
    if (encode) {
      auto encoded = encode(text);
      if (!encoded)
        return invalid_input(fmt::format("{{{}}}: {}", piece.text, encoded.error().message));
      text = std::move(*encoded);
    }
    expanded += text;
  }
  return expanded;
}

Result<std::string> RequestTemplate::expand_as_json(const Lookup& lookup) const {
  if (is_one_variable()) {
    const TemplateValue* value = lookup(pieces_[0].text);
    if (value != nullptr && value->is_number) return value->text;
  }
  LAKEGATE_TRY(const std::string text, expand(lookup));
  if (!is_utf8(text)) return invalid_input("a value is not UTF-8");
  std::string json;
  append_json_string(text, json);
  return json;
}

}  // namespace lakegate
