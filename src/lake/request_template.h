// Texts with variables in them, as `source:` of lake.yaml writes requests and added columns:
// "/devices/{device}/readings", "{since:%Y-%m-%d}". "{{" is "{", "}}" is "}".
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"

namespace lakegate {

// What a variable stands for: always a text, of which it is known whether it is a number's. A
// number's text is a JSON number.
struct TemplateValue {
  std::string text;
  bool is_number = false;
  bool operator==(const TemplateValue&) const = default;
};

// "7", "-1.5", "1e3": whether `text` is a number as JSON writes them.
bool is_json_number(std::string_view text);

class RequestTemplate {
 public:
  struct Piece {
    bool is_variable = false;
    std::string text;    // the literal, or the variable's name
    std::string format;  // {name:%Y%m%d}: of a value that is a date or a time; else empty
    bool operator==(const Piece&) const = default;
  };

  // The error's column counts within `text`, in bytes from 1.
  static Result<RequestTemplate> parse(std::string_view text);
  // Nothing but `text`, whatever is in it.
  static RequestTemplate literal(std::string_view text);

  const std::string& text() const { return text_; }  // as written
  const std::vector<Piece>& pieces() const { return pieces_; }
  std::vector<std::string> variables() const;  // each once, in order of appearance
  bool uses(std::string_view variable) const;
  // Nothing but one variable without a format: what is made of it keeps its being a number.
  bool is_one_variable() const;
  bool operator==(const RequestTemplate&) const = default;

  // What `name` stands for; null: nothing, which is kInvalidInput.
  using Lookup = std::function<const TemplateValue*(std::string_view name)>;
  // What becomes of a value before it joins the literals, where that is not a matter of course: an
  // encoding for where the text will stand. An error refuses the value.
  using Encode = std::function<Result<std::string>(std::string_view value)>;

  Result<std::string> expand(const Lookup& lookup, const Encode& encode = {}) const;

  // As a JSON value: a string, or where is_one_variable() and that is a number, the number.
  Result<std::string> expand_as_json(const Lookup& lookup) const;

 private:
  std::string text_;
  std::vector<Piece> pieces_;
};

}  // namespace lakegate
