#include <fmt/format.h>

#include "config/config.h"
#include "lake/digest.h"

namespace lakegate {
namespace {

// Fields are length-prefixed, so that no two configurations print the same text.
class Canonical {
 public:
  void add(std::string_view name, std::string_view value) {
    text_ += fmt::format("{}={}:{}\n", name, value.size(), value);
  }
  void add(std::string_view name, bool value) { add(name, value ? "true" : "false"); }
  void add(std::string_view name, const std::optional<char>& value) {
    if (value) add(name, std::string_view(&*value, 1));
  }
  // A pointer would become a bool.
  void add(std::string_view name, const char* value) { add(name, std::string_view(value)); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string_view to_string(NewColumns policy) {
  switch (policy) {
    case NewColumns::kAdd:
      return "add";
    case NewColumns::kIgnore:
      return "ignore";
    case NewColumns::kReject:
      return "reject";
  }
  return "add";
}

std::string_view to_string(PartitionLevel::From from) {
  switch (from) {
    case PartitionLevel::From::kArrival:
      return "arrival";
    case PartitionLevel::From::kColumnTime:
      return "column_time";
    case PartitionLevel::From::kColumn:
      return "column";
    case PartitionLevel::From::kCapture:
      return "capture";
  }
  return "arrival";
}

void add_variable(const ForEach& variable, Canonical& canonical) {
  canonical.add("for_each", variable.name);
  if (const auto* list = std::get_if<ForEach::List>(&variable.values)) {
    for (const TemplateValue& value : list->values)
      canonical.add(value.is_number ? "number" : "text", value.text);
  } else if (const auto* range = std::get_if<ForEach::Range>(&variable.values)) {
    canonical.add("from", range->from);
    canonical.add("to", range->to);
    canonical.add("step", range->step);
  } else {
    const auto& column = std::get<ForEach::Column>(variable.values);
    canonical.add("file", column.file.str());
    canonical.add("column", column.column);
  }
}

bool has_unit(const PartitionLevel& level) {
  return level.from == PartitionLevel::From::kArrival ||
         level.from == PartitionLevel::From::kColumnTime;
}

}  // namespace

// Not in it: landing (it says which files, not what becomes of them), mode and key (they shape the
// views, not curated files), max_rejects,
// serve; of a source what makes its requests, which a plan carries (request_hash).
std::string DatasetConfig::hash() const {
  Canonical canonical;
  canonical.add("name", name.str());
  if (schema)
    for (const Field& field : schema->fields) {
      canonical.add("field", field.name);
      canonical.add("type", lakegate::to_string(field.type));
      canonical.add("required", field.required);
      canonical.add("original", field.original);
      canonical.add("format", field.format);
    }
  for (const PartitionLevel& level : partition_by) {
    canonical.add("partition", level.name);
    canonical.add("from", to_string(level.from));
    canonical.add("source", level.source);
    if (has_unit(level)) canonical.add("unit", lakegate::to_string(level.unit));
  }
  for (const std::string& capture : capture_columns) canonical.add("capture", capture);
  canonical.add("new_columns", to_string(new_columns));
  canonical.add("lineage", lineage);
  canonical.add("clean_names", clean_names);
  canonical.add("modern_encodings", modern_encodings);
  canonical.add("delimiter", csv.delimiter);
  canonical.add("quote", csv.quote);
  if (csv.header) canonical.add("header", *csv.header);
  for (const std::string& token : csv.nulls) canonical.add("null", token);
  if (source) {
    canonical.add("records", source->records);
    for (const NamedTemplate& column : source->add) {
      canonical.add("add", column.name);
      canonical.add("of", column.value.text());
    }
  }
  return sha256_hex(canonical.text());
}

std::string SourceConfig::request_hash() const {
  Canonical canonical;
  canonical.add("method", method);
  canonical.add("url", url.text());
  for (const NamedTemplate& header : headers) {
    canonical.add("header", header.name);
    canonical.add("of", header.value.text());
  }
  for (const NamedTemplate& parameter : query) {
    canonical.add("query", parameter.name);
    canonical.add("of", parameter.value.text());
  }
  canonical.add("body", body.kind == BodyConfig::Kind::kJson ? body.json : body.text.text());
  for (const ForEach& variable : for_each) add_variable(variable, canonical);
  canonical.add("zip", combine == Combine::kZip);
  if (since) {
    canonical.add("start", to_iso(since->start));
    canonical.add("overlap", fmt::format("{}", since->overlap.count()));
  }
  canonical.add("paginate", fmt::format("{} {} {}", static_cast<int>(paginate.by), paginate.first,
                                        paginate.size));
  canonical.add("parameter", paginate.parameter);
  canonical.add("at", paginate.pointer);
  return sha256_hex(canonical.text());
}

}  // namespace lakegate
