#include "extract/request_body.h"

#include <nlohmann/json.hpp>

#include "lake/json_text.h"
#include "net/uri_encoding.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;
using Kind = BodyConfig::Kind;

std::string inside_json_string(std::string_view value) {
  std::string quoted;
  append_json_string(value, quoted);
  return quoted.substr(1, quoted.size() - 2);
}

std::string xml_escaped(std::string_view value) {
  std::string escaped;
  for (const char c : value) switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&apos;";
        break;
      default:
        escaped += c;
    }
  return escaped;
}

// Cuts a document into literals and templates.
class JsonCutter {
 public:
  explicit JsonCutter(std::string_view absent) : absent_(absent) {}

  // False where a string of it is no template; told when it was read.
  bool cut(const Json& value) {
    if (value.is_object()) return cut_object(value);
    if (value.is_array()) return cut_array(value);
    if (!value.is_string()) {
      literal_ += value.dump();
      return true;
    }
    auto parsed = RequestTemplate::parse(value.get_ref<const std::string&>());
    if (!parsed) return false;
    pieces_.emplace_back(std::exchange(literal_, {}), std::move(*parsed));
    return true;
  }

  // The last literal has no template behind it.
  std::string& literal() { return literal_; }
  std::vector<std::pair<std::string, RequestTemplate>>& pieces() { return pieces_; }

 private:
  bool is_absent(const Json& value) const {
    if (absent_.empty() || !value.is_string()) return false;
    const auto parsed = RequestTemplate::parse(value.get_ref<const std::string&>());
    return parsed && parsed->uses(absent_);
  }

  bool cut_object(const Json& object) {
    char before = '{';
    for (const auto& [name, value] : object.items()) {
      if (is_absent(value)) continue;
      literal_ += std::exchange(before, ',') + Json(name).dump() + ':';
      if (!cut(value)) return false;
    }
    literal_ += before == '{' ? "{}" : "}";
    return true;
  }

  bool cut_array(const Json& array) {
    char before = '[';
    for (const Json& value : array) {
      if (is_absent(value)) continue;
      literal_ += std::exchange(before, ',');
      if (!cut(value)) return false;
    }
    literal_ += before == '[' ? "[]" : "]";
    return true;
  }

  std::string_view absent_;
  std::string literal_;
  std::vector<std::pair<std::string, RequestTemplate>> pieces_;
};

}  // namespace

Result<RequestBody> RequestBody::create(const BodyConfig& config, std::string_view absent) {
  RequestBody body;
  body.kind_ = config.kind;
  body.text_ = config.text;
  if (config.kind != Kind::kJson) return body;
  const Json document = Json::parse(config.json, nullptr, false);
  JsonCutter cutter(absent);
  if (document.is_discarded() || !cutter.cut(document))
    return invalid_input("the body cannot be made into JSON");
  for (auto& [literal, value] : cutter.pieces())
    body.json_.push_back({std::move(literal), std::move(value)});
  body.json_.push_back({std::move(cutter.literal()), {}});
  return body;
}

Result<std::string> RequestBody::expand(const RequestTemplate::Lookup& lookup) const {
  switch (kind_) {
    case Kind::kNone:
      return std::string();
    case Kind::kJson: {
      std::string json;
      for (std::size_t i = 0; i < json_.size(); ++i) {
        json += json_[i].literal;
        if (i + 1 == json_.size()) break;
        LAKEGATE_TRY(const std::string value, json_[i].value.expand_as_json(lookup));
        json += value;
      }
      return json;
    }
    case Kind::kJsonText:
      return text_.expand(lookup, inside_json_string);
    case Kind::kForm:
      return text_.expand(lookup, uri_encode);
    case Kind::kXml:
      return text_.expand(lookup, xml_escaped);
    case Kind::kPlain:
      return text_.expand(lookup);
  }
  return std::string();
}

std::string_view RequestBody::content_type() const {
  return kind_ == Kind::kJson ? "application/json" : "";
}

}  // namespace lakegate
