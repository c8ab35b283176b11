#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/source_reader.h"
#include "lake/json_text.h"
#include "net/http.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;
using BodyKind = BodyConfig::Kind;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// What the Content-Type header says of how values must be written.
BodyKind kind_of(const std::vector<NamedTemplate>& headers) {
  for (const NamedTemplate& header : headers) {
    if (!same_header_name(header.name, "content-type")) continue;
    std::string type = header.value.text();
    for (char& c : type)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (contains(type, "json")) return BodyKind::kJsonText;
    if (contains(type, "x-www-form-urlencoded")) return BodyKind::kForm;
    if (contains(type, "xml")) return BodyKind::kXml;
  }
  return BodyKind::kPlain;
}

// Whether each variable of a JSON text stands inside a string, where it can be nothing else.
bool all_inside_strings(const RequestTemplate& json) {
  bool inside = false;
  for (const RequestTemplate::Piece& piece : json.pieces()) {
    if (piece.is_variable && !inside) return false;
    if (piece.is_variable) continue;
    for (std::size_t i = 0; i < piece.text.size(); ++i) {
      if (piece.text[i] == '"') inside = !inside;
      if (inside && piece.text[i] == '\\') ++i;
    }
  }
  return true;
}

class JsonBody {
 public:
  JsonBody(Templates& templates, YamlDocument& document)
      : templates_(templates), document_(document) {}

  // With the templates in its strings as they are.
  Json read(const YAML::Node& node) {
    if (node.IsMap()) {
      Json object = Json::object();
      for (const YamlEntry& entry : entries(node)) object[entry.name] = read(entry.value);
      return object;
    }
    if (node.IsSequence()) {
      Json list = Json::array();
      for (const auto& item : node) list.push_back(read(item));
      return list;
    }
    switch (scalar_type(node)) {
      case ScalarType::kNull:
        return nullptr;
      case ScalarType::kFlag:
        return node.Scalar()[0] == 't' || node.Scalar()[0] == 'T';
      case ScalarType::kInteger:
      case ScalarType::kNumber:
        if (Json number = Json::parse(node.Scalar(), nullptr, false); number.is_number())
          return number;
        document_.problem(node.Mark(), fmt::format("{} in body is no number of JSON; write it as "
                                                   "one, or in quotes as a text",
                                                   node.Scalar()));
        return nullptr;
      case ScalarType::kText:
        break;
    }
    return templates_.read(node, "body", Templates::Use::kRequest).text();
  }

 private:
  Templates& templates_;
  YamlDocument& document_;
};

}  // namespace

BodyConfig read_body(const YAML::Node& body, const std::vector<NamedTemplate>& headers,
                     Templates& templates, YamlDocument& document) {
  if (!body.IsScalar())
    return {.kind = BodyKind::kJson,
            .json = json_line(JsonBody(templates, document).read(body)),
            .text = {}};
  BodyConfig read{.kind = kind_of(headers), .json = {}, .text = {}};
  read.text = templates.read(body, "body", Templates::Use::kRequest);
  const bool has_variables = !read.text.variables().empty();
  if (read.kind == BodyKind::kPlain && has_variables)
    document.problem(body.Mark(),
                     "a text with variables needs a Content-Type under headers (application/json, "
                     "application/x-www-form-urlencoded or application/xml), so that values are "
                     "written as it wants them; for JSON, write the body as a mapping instead");
  if (read.kind != BodyKind::kJsonText) return read;
  if (!all_inside_strings(read.text)) {
    document.problem(
        body.Mark(),
        "in a JSON text variables stand inside of quotes; write the body as a mapping, "
        "where '{n}' alone stays a number");
    return read;
  }
  const TemplateValue letter{.text = "x"};
  const auto sample = read.text.expand([&](std::string_view) { return &letter; });
  if (sample && !read.text.text().empty() && !Json::accept(*sample))
    document.problem(body.Mark(), "the body is not JSON, and its Content-Type says that it is");
  return read;
}

}  // namespace lakegate
