#include "tables/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "lake/names.h"

namespace lakegate {

std::string RowOrder::of(const Arrival& arrival, int generation) {
  std::string order = fmt::format("{}/{}", to_iso(arrival.arrived_at), arrival.id.str());
  if (generation > 1) order += fmt::format("/g{:05}", generation);
  return order;
}

Result<void> check_definition(const TableDefinition& definition) {
  const std::string& table = definition.name.str();
  if (table.empty()) return invalid_input("a table needs a name");
  if (definition.key.empty())
    return invalid_input(fmt::format("the table {} needs a key: name its columns", table));
  std::vector<std::string> names;
  for (const Field& field : definition.schema.fields) {
    names.push_back(field.name);
    if (field.name.starts_with("_lakegate_"))
      return invalid_input(fmt::format(
          "the column {} cannot be served: names that begin with _lakegate_ are lakegate's own; "
          "rename it",
          field.name));
  }
  if (!definition.ttl.empty()) {
    using Kind = LogicalType::Kind;
    const Field* field = definition.schema.find(definition.ttl);
    if (field == nullptr)
      return invalid_input(
          fmt::format("the table {} has the ttl column {}, which the data does "
                      "not have; its columns are {}",
                      table, definition.ttl, fmt::join(names, ", ")));
    const Kind kind = field->type.kind;
    if (kind != Kind::kInt32 && kind != Kind::kInt64 && kind != Kind::kDate &&
        kind != Kind::kTimestamp && kind != Kind::kTimestampTz)
      return invalid_input(fmt::format(
          "the ttl column {} of the table {} is of type {}; when a row expires is a date, a "
          "timestamp, or an integer of seconds since 1970",
          field->name, table, to_string(field->type)));
  }
  std::set<std::string> seen;
  for (const std::string& key : definition.key) {
    if (!seen.insert(key).second)
      return invalid_input(fmt::format("the key of the table {} names {} twice", table, key));
    const Field* field = definition.schema.find(key);
    if (field == nullptr) {
      const std::string near = nearest_name(key, names);
      return invalid_input(fmt::format(
          "the table {} has the key column {}, which the data does not have{}; its columns are {}",
          table, key, near.empty() ? "" : fmt::format(" (did you mean {}?)", near),
          fmt::join(names, ", ")));
    }
    const LogicalType& type = field->type;
    if (type.is(LogicalType::Kind::kUnknown))
      return invalid_input(fmt::format(
          "the key column {} of the table {} has had no value yet, so that its type is not known; "
          "declare it under `schema:`",
          key, table));
    if (!type.children.empty())
      return invalid_input(fmt::format(
          "the key column {} of the table {} is of type {}; a key is made of scalar values", key,
          table, to_string(type)));
  }
  return {};
}

}  // namespace lakegate
