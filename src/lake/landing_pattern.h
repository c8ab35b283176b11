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
// that form and yields it as ISO (2026-11-23; with %H %M %S as 2026-11-23T04:22:44). Everything
// else is literal. A pattern without a suffix for compression also matches the name with .gz or
// .zst.
class LandingPattern {
 public:
  // The error's column counts within the pattern's text.
  static Result<LandingPattern> parse(std::string_view pattern);

  // The captures by name, or nothing if the key (without "landing/") does not match.
  std::optional<std::map<std::string, std::string>> match(std::string_view key) const;

  const std::string& text() const { return text_; }
  const std::vector<std::string>& capture_names() const { return capture_names_; }

 private:
  struct Piece {
    enum class Kind { kLiteral, kStar, kDoubleStar, kQuestion, kCapture, kDateCapture };
    Kind kind = Kind::kLiteral;
    std::string text;  // the literal, or the capture's name
    std::string date_format;
  };
  std::string text_;
  std::vector<Piece> pieces_;
  std::vector<std::string> capture_names_;
};

}  // namespace lakegate
