#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "config/config.h"
#include "config/shape.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;
using ShapeKind = Shape::Kind;

constexpr std::string_view kVariable = "\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}";

Json schema_of(const Shape& shape);

// A text with a variable in it can only be judged when the variable is known.
Json or_variable(Json schema) {
  return {
      {"anyOf", Json::array({std::move(schema), {{"type", "string"}, {"pattern", kVariable}}})}};
}

Json schema_of_text(const Shape& shape) {
  if (shape.pattern.empty()) return {{"type", "string"}, {"minLength", 1}};
  Json schema = or_variable({{"type", "string"}, {"pattern", shape.pattern}});
  if (!shape.examples.empty()) schema["examples"] = shape.examples;
  return schema;
}

Json schema_of_limit(const Shape& shape) {
  Json number = {{"type", "integer"}, {"minimum", shape.least}, {"maximum", shape.most}};
  if (shape.fractions)
    number = {{"type", "number"}, {"exclusiveMinimum", 0}, {"maximum", shape.most}};
  return {{"anyOf", Json::array({std::move(number),
                                 {{"type", "string"}, {"pattern", shape.pattern}},
                                 {{"type", "string"}, {"pattern", kVariable}}})}};
}

Json schema_of_list(const Shape& shape) {
  Json schema = {{"type", "array"}, {"items", schema_of(shape.of[0])}};
  if (shape.min_items > 0) schema["minItems"] = shape.min_items;
  return schema;
}

Json schema_of_object(const Shape& shape) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Key& key : shape.keys) {
    Json property = {{"description", key.doc}};
    property.update(schema_of(key.shape));
    properties[std::string(key.name)] = std::move(property);
    if (key.required) required.push_back(key.name);
  }
  Json schema = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  for (std::string_view key : shape.exactly_one)
    schema["oneOf"].push_back({{"required", Json::array({key})}});
  for (std::string_view key : shape.at_least_one)
    schema["anyOf"].push_back({{"required", Json::array({key})}});
  for (const auto& [key, condition] : shape.only_with)
    schema["dependentRequired"][std::string(key)] = Json::array({condition});
  return schema;
}

Json schema_of(const Shape& shape) {
  switch (shape.kind) {
    case ShapeKind::kText:
      return schema_of_text(shape);
    case ShapeKind::kTextOrNumber:
      return {{"type", Json::array({"string", "number"})}};
    case ShapeKind::kLimit:
      return schema_of_limit(shape);
    case ShapeKind::kFlag:
      return {{"type", "boolean"}};
    case ShapeKind::kChoice:
      return {{"enum", shape.choices}};
    case ShapeKind::kList:
      return schema_of_list(shape);
    case ShapeKind::kObject:
      return schema_of_object(shape);
    case ShapeKind::kMap:
      return {{"type", "object"},
              {"propertyNames", {{"pattern", shape.pattern}}},
              {"additionalProperties", schema_of(shape.of[0])}};
    case ShapeKind::kEither: {
      Json alternatives = Json::array();
      for (const Shape& alternative : shape.of) alternatives.push_back(schema_of(alternative));
      return {{"anyOf", std::move(alternatives)}};
    }
    case ShapeKind::kAnything:
      return Json::object();
  }
  return Json::object();
}

}  // namespace

std::string config_json_schema() {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", "lake.yaml"},
                 {"description", "The datasets of a lake, and where it is."}};
  schema.update(schema_of(config_shape()));
  return schema.dump(2) + "\n";
}

}  // namespace lakegate
