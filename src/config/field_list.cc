#include <fmt/format.h>

#include <map>

#include "config/dataset_reader.h"
#include "config/structure.h"
#include "lake/names.h"
#include "schema/cell.h"

namespace lakegate {
namespace {

using TypeKind = LogicalType::Kind;

bool is_time(const LogicalType& type) {
  return type.is(TypeKind::kDate) || type.is(TypeKind::kTimestamp) ||
         type.is(TypeKind::kTimestampTz);
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

class FieldReader {
 public:
  FieldReader(const YAML::Node& map, bool clean_names, YamlDocument& document)
      : map_(map), clean_names_(clean_names), document_(document) {}

  Field read() {
    Field field;
    field.name = text("name");
    field.original = text("original");
    field.format = text("format");
    if (const auto required = find_entry(map_, "required"))
      field.required = lower_case(required->value.Scalar()) == "true";
    if (field.original == field.name) field.original.clear();
    check_name(field);
    const auto type = find_entry(map_, "type");
    auto parsed = type_from(text("type"));
    if (!parsed) {
      document_.problem(type->value.Mark(), parsed.error().message);
      return field;
    }
    field.type = std::move(*parsed);
    if (field.required && field.type.is(TypeKind::kUnknown))
      document_.problem(type->value.Mark(),
                        fmt::format("{} is required, but its type is unknown and every row would "
                                    "be rejected; declare its type",
                                    field.name));
    if (!field.format.empty()) check_format(field);
    return field;
  }

 private:
  std::string text(std::string_view name) {
    const auto entry = find_entry(map_, name);
    if (!entry) return {};
    return document_.text(entry->value, entry->value.Mark()).value_or("");
  }

  void check_name(const Field& field) {
    if (!clean_names_ || is_clean_name(field.name)) return;
    const std::string& original = field.original.empty() ? field.name : field.original;
    document_.problem(
        find_entry(map_, "name")->value.Mark(),
        fmt::format("\"{}\" is not a column's name in a lake; write {{name: {}, original: \"{}\", "
                    "…}}, or set names: original",
                    field.name, clean_name(field.name), original));
  }

  void check_format(const Field& field) {
    const auto place = find_entry(map_, "format")->value.Mark();
    if (!is_time(field.type))
      document_.problem(place, fmt::format("format is for date, timestamp and timestamptz; {} is "
                                           "{}",
                                           field.name, to_string(field.type)));
    else if (!cell::is_valid_format(field.format))
      document_.problem(place,
                        fmt::format("the format \"{}\" cannot be read; it knows %Y %y %m %b %B %d "
                                    "%e %j %H %I %p %M %S %f %z %%",
                                    field.format));
    else if (field.type.is(TypeKind::kTimestampTz) != has_zone(field.format))
      document_.problem(place, field.type.is(TypeKind::kTimestampTz)
                                   ? fmt::format("{} has a time zone, but its format has no %z; "
                                                 "add it, or make the type timestamp",
                                                 field.name)
                                   : fmt::format("the format of {} has %z, a time zone; make the "
                                                 "type timestamptz",
                                                 field.name));
  }

  static bool has_zone(std::string_view format) {
    for (std::size_t i = 0; i + 1 < format.size(); ++i) {
      if (format[i] != '%') continue;
      if (format[++i] == 'z') return true;
    }
    return false;
  }

  const YAML::Node& map_;
  bool clean_names_;
  YamlDocument& document_;
};

}  // namespace

Schema read_fields(const YAML::Node& list, bool clean_names, YamlDocument& document) {
  Schema schema;
  std::map<std::string, std::uint64_t> names, sources;  // and the lines they stand in
  for (const auto& item : list) {
    Field field = FieldReader(item, clean_names, document).read();
    const YAML::Mark place = item.Mark();
    const auto line = static_cast<std::uint64_t>(place.line) + 1;
    // Engines compare names without regard to case.
    if (const auto [same, first] = names.try_emplace(lower_case(field.name), line); !first)
      document.problem(place, fmt::format("the column {} is declared twice, first in line {}; "
                                          "remove or rename one of them",
                                          field.name, same->second));
    else if (const auto [source, first_source] = sources.try_emplace(field.source_name(), line);
             !first_source)
      document.problem(place, fmt::format("two columns are made of \"{}\", first in line {}",
                                          field.source_name(), source->second));
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

Result<Schema> parse_field_list(std::string_view yaml, const std::string& file) {
  const Environment variables = process_environment();
  YamlDocument document(file, variables);
  LAKEGATE_TRY(YAML::Node node, document.load(yaml));
  try {
    Schema schema;
    if (check_structure(node, field_list_shape(), "the schema", YAML::Mark::null_mark(), document))
      schema = read_fields(node, false, document);
    if (!document.sound()) return Failure(document.error());
    return schema;
  } catch (const YAML::Exception& e) {
    return invalid_input(fmt::format("cannot be read as YAML: {}", e.msg), where_of(file, e.mark));
  }
}

}  // namespace lakegate
