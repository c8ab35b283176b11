// Which landed objects belong to a dataset: "sales/{store}/{date:%Y%m%d}_*.csv".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"

namespace lakegate {

// Matches keys below landing/. "*" and "?" match within one path component, "**" across them;
// "{name}" captures one or more characters of one component; "{name:%Y%m%d}" captures a date in
// that form and yields it as ISO (2026-11-23; with %H %M %S as 2026-11-23T04:22:44). "\" makes the
// next character literal; everything else is literal. A pattern without a suffix for compression
// also matches the name with .gz or .zst. Where several ways of matching exist, captures are as
// short as possible, from the left.
class LandingPattern {
 public:
  // The error's column counts within the pattern's text.
  static Result<LandingPattern> parse(std::string_view pattern);

  // Whatever lands under a folder of that very name, at any depth.
  static LandingPattern everything_under(std::string_view folder);

  // The captures by name, or nothing if the key (without "landing/") does not match.
  std::optional<std::map<std::string, std::string>> match(std::string_view key) const;

  const std::string& text() const { return text_; }
  const std::vector<std::string>& capture_names() const { return capture_names_; }

  // What a capture yields: any text, 2026-11-23, or 2026-11-23T04:22:44.
  enum class CaptureKind { kText, kDate, kTimestamp };
  std::optional<CaptureKind> capture_kind(std::string_view name) const;

 private:
  struct Piece {
    enum class Kind { kLiteral, kStar, kDoubleStar, kQuestion, kCapture, kDateCapture };
    Kind kind = Kind::kLiteral;
    std::string
        text;  // the literal, or the capture's name; "/" of "**/", which also matches nothing
    std::string date_format;
  };
  class Parser;
  class Matcher;

  std::string text_;
  std::vector<Piece> pieces_;
  std::vector<std::string> capture_names_;
};

}  // namespace lakegate
