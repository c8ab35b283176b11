// The body of a request, from its configuration. RequestBuilder's own.
#pragma once

#include <string>
#include <vector>

#include "config/source.h"
#include "lake/error.h"
#include "lake/request_template.h"

namespace lakegate {

class RequestBody {
 public:
  RequestBody() = default;
  // `absent` is a variable without a value: members and items of JSON that use it are left out.
  static Result<RequestBody> create(const BodyConfig& config, std::string_view absent);

  Result<std::string> expand(const RequestTemplate::Lookup& lookup) const;
  // What Content-Type should say where the source does not; empty: nothing.
  std::string_view content_type() const;

 private:
  // Literal JSON, then a template that becomes a JSON value.
  struct JsonPiece {
    std::string literal;
    RequestTemplate value;  // empty behind the last literal
  };
  BodyConfig::Kind kind_ = BodyConfig::Kind::kNone;
  RequestTemplate text_;
  std::vector<JsonPiece> json_;
};

}  // namespace lakegate
