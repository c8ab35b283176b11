#include "schema/schema.h"

#include <arrow/type.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

Json field_to_json(const Field& field) {
  Json json = {{"name", field.name}, {"type", to_string(field.type)}};
  if (field.required) json["required"] = true;
  if (!field.original.empty()) json["original"] = field.original;
  if (!field.format.empty()) json["format"] = field.format;
  // Names inside structs have originals too, which the type's text does not carry.
  if (!field.type.children.empty()) {
    Json children = Json::array();
    for (const Field& child : field.type.children) children.push_back(field_to_json(child));
    json["children"] = std::move(children);
  }
  return json;
}

Result<Field> field_from_json(const Json& json) {
  LAKEGATE_TRY(LogicalType type, type_from(json.at("type").get<std::string>()));
  Field field{.name = json.at("name"), .type = std::move(type)};
  field.required = json.value("required", false);
  field.original = json.value("original", "");
  field.format = json.value("format", "");
  if (json.contains("children")) {
    field.type.children.clear();
    for (const Json& child : json.at("children")) {
      LAKEGATE_TRY(Field parsed, field_from_json(child));
      field.type.children.push_back(std::move(parsed));
    }
  }
  return field;
}

// A plain scalar where YAML allows one, else double-quoted (JSON's escapes are YAML's).
std::string yaml_scalar(const std::string& text) {
  const bool plain = !text.empty() && std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
                     std::all_of(text.begin(), text.end(), [](char c) {
                       return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
                     });
  static constexpr std::string_view kWords[] = {"y",   "n",    "yes",   "no",  "on",
                                                "off", "true", "false", "null"};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (plain && std::find(std::begin(kWords), std::end(kWords), lower) == std::end(kWords))
    return text;
  return Json(text).dump();
}

std::string yaml_type(const LogicalType& type) {
  const std::string text = to_string(type);
  // In a flow mapping a comma, a bracket or ": " would end the plain scalar.
  return text.find_first_of(",:`") == std::string::npos ? text : Json(text).dump();
}

}  // namespace

const std::vector<Field> kLineageFields = {
    {.name = "_arrival_id", .type = {LogicalType::Kind::kText}, .required = true},
    {.name = "_arrived_at", .type = {LogicalType::Kind::kTimestampTz}, .required = true},
    {.name = "_row", .type = {LogicalType::Kind::kInt64}, .required = true},
};

const Field* Schema::find(std::string_view name) const {
  const auto it =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return it == fields.end() ? nullptr : &*it;
}

const Field* Schema::find_source(std::string_view original) const {
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const Field& f) { return f.source_name() == original; });
  return it == fields.end() ? nullptr : &*it;
}

std::shared_ptr<arrow::Schema> to_arrow(const Schema& schema) {
  arrow::FieldVector fields;
  for (const Field& field : schema.fields)
    if (!field.type.is(LogicalType::Kind::kUnknown)) fields.push_back(to_arrow(field));
  return arrow::schema(std::move(fields));
}

const RememberedSchema::Version* RememberedSchema::find(int version) const {
  const auto it = std::find_if(versions.begin(), versions.end(),
                               [&](const Version& v) { return v.version == version; });
  return it == versions.end() ? nullptr : &*it;
}

std::string to_json(const RememberedSchema& remembered) {
  Json versions = Json::array();
  for (const auto& version : remembered.versions) {
    Json fields = Json::array();
    for (const Field& field : version.schema.fields) fields.push_back(field_to_json(field));
    versions.push_back({{"version", version.version},
                        {"because", version.because},
                        {"fields", std::move(fields)}});
  }
  return Json({{"format", kFormat}, {"versions", std::move(versions)}}).dump(2) + "\n";
}

Result<RememberedSchema> remembered_schema_from_json(std::string_view text, std::string_view key) {
  const auto damaged = [&](std::string_view why) {
    return fail(
        ErrorKind::kPermanent,
        fmt::format("the remembered schema cannot be read: {}; restore the file from a backup, or "
                    "delete it to have the schema inferred anew from the next arrival",
                    why),
        {.file = std::string(key)});
  };
  try {
    const Json json = Json::parse(text);
    if (json.at("format").get<int>() != kFormat)
      return damaged(fmt::format("its format is {}, this lakegate knows {}",
                                 json.at("format").dump(), kFormat));
    RememberedSchema remembered;
    for (const Json& entry : json.at("versions")) {
      RememberedSchema::Version version{
          .version = entry.at("version"), .schema = {}, .because = entry.at("because")};
      for (const Json& json_field : entry.at("fields")) {
        auto field = field_from_json(json_field);
        if (!field) return damaged(field.error().message);
        version.schema.fields.push_back(std::move(*field));
      }
      remembered.versions.push_back(std::move(version));
    }
    if (remembered.versions.empty()) return damaged("it has no version");
    return remembered;
  } catch (const Json::exception& error) {
    return damaged(error.what());
  }
}

std::string to_yaml(const Schema& schema, int indent) {
  std::string yaml;
  for (const Field& field : schema.fields) {
    yaml += fmt::format("{:{}}- {{name: {}, type: {}", "", indent, yaml_scalar(field.name),
                        yaml_type(field.type));
    if (field.required) yaml += ", required: true";
    if (!field.original.empty() && field.original != field.name)
      yaml += fmt::format(", original: {}", Json(field.original).dump());
    if (!field.format.empty()) yaml += fmt::format(", format: {}", Json(field.format).dump());
    yaml += "}\n";
  }
  return yaml;
}

}  // namespace lakegate
