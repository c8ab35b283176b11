#include "convert/reconcile.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "lake/names.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// One of the file's columns.
struct FileColumn {
  std::string original;
  int source = -1;                     // CSV: index in the record
  const Observed* observed = nullptr;  // may be null: nothing seen
  const Field* declared = nullptr;     // Parquet: by the file itself
};

std::vector<FileColumn> columns_of(const RecordFile& file, const Observed& observed) {
  std::vector<FileColumn> columns;
  const auto seen = [&](const std::string& name) -> const Observed* {
    for (const auto& [known, child] : observed.fields)
      if (known == name) return &child;
    return nullptr;
  };
  int index = 0;
  for (const std::string& name : file.column_names())
    columns.push_back({name, index++, seen(name), nullptr});
  for (const Field& field : file.declared_fields()) {
    const auto it = std::find_if(columns.begin(), columns.end(),
                                 [&](const FileColumn& c) { return c.original == field.name; });
    if (it != columns.end()) it->declared = &field;
  }
  if (file.column_names().empty())
    for (const auto& [name, child] : observed.fields)
      columns.push_back({name, -1, &child, nullptr});
  return columns;
}

// A headless file has column_1, column_2 …: its columns are the known ones by position.
bool is_headless(const std::vector<FileColumn>& columns, const Schema& known) {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].original != fmt::format("column_{}", i + 1)) return false;
  return !columns.empty() && known.find_source("column_1") == nullptr;
}

// The known columns of the file: which of `columns` each known field is, or -1. An exact original
// name wins; else a column whose cleaned name is the field's (deviceId one year, device_id the
// next).
std::vector<int> match_known(const std::vector<FileColumn>& columns, const Typing& typing) {
  std::vector<int> matches(typing.known.fields.size(), -1);
  std::vector<bool> taken(columns.size(), false);
  const auto match = [&](auto same) {
    for (std::size_t f = 0; f < matches.size(); ++f)
      for (std::size_t c = 0; c < columns.size() && matches[f] < 0; ++c)
        if (!taken[c] && !contains(typing.capture_columns, typing.known.fields[f].name) &&
            same(typing.known.fields[f], columns[c])) {
          matches[f] = static_cast<int>(c);
          taken[c] = true;
        }
  };
  match([](const Field& field, const FileColumn& column) {
    return field.source_name() == column.original;
  });
  if (typing.clean_names)
    match([](const Field& field, const FileColumn& column) {
      return clean_name(column.original) == field.name || column.original == field.name;
    });
  if (is_headless(columns, typing.known)) {
    int column = 0;
    for (std::size_t f = 0; f < matches.size() && column < std::ssize(columns); ++f)
      if (!contains(typing.capture_columns, typing.known.fields[f].name)) matches[f] = column++;
  }
  return matches;
}

// Fields of structs that the file has and the known type has not are added; nothing known changes.
LogicalType with_new_fields(const LogicalType& known, const LogicalType& seen, bool clean) {
  LogicalType merged = known;
  if (known.is(Kind::kList) && seen.is(Kind::kList))
    merged.children[0].type = with_new_fields(known.children[0].type, seen.children[0].type, clean);
  if (!known.is(Kind::kStruct) || !seen.is(Kind::kStruct)) return merged;
  for (const Field& field : seen.children) {
    const auto it =
        std::find_if(merged.children.begin(), merged.children.end(),
                     [&](const Field& f) { return f.source_name() == field.source_name(); });
    if (it == merged.children.end())
      merged.children.push_back(field);
    else
      it->type = with_new_fields(it->type, field.type, clean);
  }
  if (clean) clean_field_names(merged.children);
  return merged;
}

// The type of what was seen at a place whose type is known. Where that is an object or an array,
// other values are rejects, and hide nothing of what the objects and arrays had.
LogicalType type_seen(const LogicalType& known, const Observed& seen) {
  if (known.is(Kind::kList) && seen.element)
    return {Kind::kList,
            0,
            0,
            {Field{.name = "element", .type = type_seen(known.children[0].type, *seen.element)}}};
  if (!known.is(Kind::kStruct)) return resolve(seen);
  LogicalType type{Kind::kStruct};
  for (const auto& [name, child] : seen.fields) {
    const auto it = std::ranges::find(known.children, name, &Field::source_name);
    Field field{.name = name,
                .type = it == known.children.end() ? resolve(child) : type_seen(it->type, child)};
    if (!field.type.is(Kind::kUnknown)) type.children.push_back(std::move(field));
  }
  return type;
}

void clean_nested(LogicalType& type) {
  if (type.is(Kind::kStruct)) clean_field_names(type.children);
  if (type.is(Kind::kList)) clean_nested(type.children[0].type);
}

// "b" and "s.c": what has values where the known type has no field.
void add_unknown(const LogicalType& known, const LogicalType& seen, const std::string& path,
                 std::vector<std::string>& names) {
  if (known.is(Kind::kList) && seen.is(Kind::kList))
    return add_unknown(known.children[0].type, seen.children[0].type, path, names);
  if (!known.is(Kind::kStruct) || !seen.is(Kind::kStruct)) return;
  for (const Field& field : seen.children) {
    const std::string here = path + "." + field.source_name();
    const auto it = std::ranges::find(known.children, field.source_name(), &Field::source_name);
    if (it == known.children.end())
      names.push_back(here);
    else
      add_unknown(it->type, field.type, here, names);
  }
}

std::vector<std::string> left_out(const std::vector<FileColumn>& columns,
                                  const std::vector<int>& matches, const Schema& known) {
  std::vector<std::string> names;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    const FileColumn& column = columns[c];
    const auto match = std::ranges::find(matches, static_cast<int>(c));
    const auto type_known =
        match == matches.end()
            ? LogicalType()
            : known.fields[static_cast<std::size_t>(match - matches.begin())].type;
    const LogicalType seen = column.declared != nullptr   ? column.declared->type
                             : column.observed != nullptr ? type_seen(type_known, *column.observed)
                                                          : LogicalType();
    if (match != matches.end())
      add_unknown(type_known, seen, column.original, names);
    else if (!seen.is(Kind::kUnknown))
      names.push_back(column.original);
  }
  return names;
}

ColumnPlan known_column(const Field& field, const FileColumn* column, const Typing& typing,
                        bool settled) {
  ColumnPlan plan{.field = field, .exact = typing.exact};
  plan.is_captured = contains(typing.capture_columns, field.name);
  if (column != nullptr) {
    plan.source = column->source;
    plan.field.original = column->original == field.name ? "" : column->original;
  }
  if (contains(typing.partition_columns, field.name)) {
    if (!plan.field.required) plan.null_reason = RejectReason::kPartitionNull;
    plan.field.required = true;
  }
  if (typing.closed || column == nullptr) return plan;
  LogicalType seen;
  if (column->declared != nullptr)
    seen = column->declared->type;
  else if (column->observed != nullptr)
    seen = type_seen(field.type, *column->observed);
  if (field.type.is(Kind::kUnknown)) {
    plan.field.type = seen;
    if (typing.clean_names) clean_nested(plan.field.type);
    plan.exact = true;
    plan.inferred = !settled && column->declared == nullptr;
  } else if (typing.new_columns == NewColumns::kAdd && (settled || column->declared != nullptr)) {
    // Not from a part of the file: the first new nested key is a contradiction, and the second pass
    // types it from the whole.
    plan.field.type = with_new_fields(field.type, seen, typing.clean_names);
  }
  return plan;
}

Failure refuse_new_column(const std::string& original, const Typing& typing) {
  if (contains(typing.capture_columns, original))
    return invalid_input(fmt::format(
        "column \"{0}\" is named like a capture, and not in the schema; declare it as {{name: "
        "{0}_2, original: {0}, type: …}}, or set new_columns: add or ignore",
        original));
  std::vector<std::string> known;
  for (const Field& field : typing.known.fields)
    if (!contains(typing.capture_columns, field.name)) known.push_back(field.source_name());
  const std::string near = nearest_name(original, known);
  return invalid_input(fmt::format(
      "column \"{}\" is not in the schema{}; declare it, or set new_columns: add or ignore",
      original, near.empty() ? "" : fmt::format(" (did you mean {}?)", near)));
}

// Where names stay as they are, a column of the file that is named like a capture does not: it
// would be there twice. `fields` from `first` on are the file's.
void rename_like_captures(std::vector<Field>& fields, std::size_t first,
                          const std::vector<std::string>& captures) {
  for (std::size_t i = first; i < fields.size(); ++i) {
    const std::string original = fields[i].name;
    if (!contains(captures, original)) continue;
    std::string name = original;
    for (int n = 2; std::ranges::find(fields, name, &Field::name) != fields.end(); ++n)
      name = fmt::format("{}_{}", original, n);
    fields[i].original = original;
    fields[i].name = name;
  }
}

// A key of JSON may be empty, and a field named after it would find it no more.
bool has_empty_key(const std::string& name, const LogicalType& type) {
  return name.empty() || std::ranges::any_of(type.children, [&](const Field& child) {
           return has_empty_key(type.is(Kind::kStruct) ? child.source_name() : "element",
                                child.type);
         });
}

}  // namespace

void clean_field_names(std::vector<Field>& fields) {
  std::set<std::string> taken;
  for (const Field& field : fields)
    if (is_clean_name(field.name)) taken.insert(field.name);
  std::set<std::string> used;
  for (Field& field : fields) {
    if (!is_clean_name(field.name) || used.contains(field.name)) {
      if (field.original.empty()) field.original = field.name;
      const std::string base = clean_name(field.original);
      std::string name = base;
      for (int n = 2; taken.contains(name) || used.contains(name); ++n)
        name = fmt::format("{}_{}", base, n);
      field.name = name;
    }
    used.insert(field.name);
    clean_nested(field.type);
  }
}

Result<DecodePlan> make_plan(const RecordFile& file, const Typing& typing, const Observed& observed,
                             bool settled) {
  const std::vector<FileColumn> columns = columns_of(file, observed);
  const std::vector<int> matches = match_known(columns, typing);
  DecodePlan plan;
  plan.new_columns = typing.closed || settled ? NewColumns::kIgnore : typing.new_columns;
  if (typing.new_columns == NewColumns::kReject && !typing.closed)
    plan.new_columns = NewColumns::kReject;
  std::vector<bool> is_known(columns.size(), false);
  for (std::size_t f = 0; f < matches.size(); ++f) {
    const FileColumn* column =
        matches[f] < 0 ? nullptr : &columns[static_cast<std::size_t>(matches[f])];
    if (column != nullptr) is_known[static_cast<std::size_t>(matches[f])] = true;
    plan.columns.push_back(known_column(typing.known.fields[f], column, typing, settled));
  }
  if (typing.closed) return plan;
  if (typing.new_columns == NewColumns::kIgnore) {
    plan.left_out = left_out(columns, matches, typing.known);
    return plan;
  }

  if (typing.clean_names)
    for (const FileColumn& column : columns)
      if (has_empty_key(column.original,
                        column.observed != nullptr ? resolve(*column.observed) : LogicalType{}))
        return invalid_input(
            "an object has the empty key \"\", and a column needs a name: give the key one");

  std::vector<Field> fresh = typing.known.fields;  // so that new names avoid the known ones
  std::vector<ColumnPlan> added;
  for (std::size_t c = 0; c < columns.size(); ++c) {
    if (is_known[c]) continue;
    const FileColumn& column = columns[c];
    if (typing.new_columns == NewColumns::kReject) {
      // A header names it for every row; JSON keys are judged row by row while decoding.
      if (!file.column_names().empty()) return refuse_new_column(column.original, typing);
      continue;
    }
    ColumnPlan fresh_plan{
        .field = {.name = column.original}, .exact = true, .source = column.source};
    if (column.declared != nullptr)
      fresh_plan.field.type = column.declared->type;
    else if (column.observed != nullptr)
      fresh_plan.field.type = resolve(*column.observed);
    fresh_plan.inferred = !settled && column.declared == nullptr;
    fresh.push_back(fresh_plan.field);
    added.push_back(std::move(fresh_plan));
  }
  if (typing.clean_names)
    clean_field_names(fresh);
  else
    rename_like_captures(fresh, typing.known.fields.size(), typing.capture_columns);
  for (std::size_t i = 0; i < added.size(); ++i) {
    added[i].field = fresh[typing.known.fields.size() + i];
    if (contains(typing.partition_columns, added[i].field.name)) {
      added[i].field.required = true;
      added[i].null_reason = RejectReason::kPartitionNull;
    }
    plan.columns.push_back(std::move(added[i]));
  }
  return plan;
}

bool names_suffice(const RecordFile& file, const Typing& typing, const Observed& names) {
  const auto is_unknown = [](const Field& field) { return field.type.is(Kind::kUnknown); };
  if (std::ranges::any_of(typing.known.fields, is_unknown)) return false;
  // Records that will be rejected are among those that were looked at, so that only names which are
  // exactly known say what they will be taken for.
  const auto is_known = [&](const FileColumn& column) {
    return std::ranges::any_of(typing.known.fields, [&](const Field& field) {
      return field.source_name() == column.original &&
             !contains(typing.capture_columns, field.name);
    });
  };
  return std::ranges::all_of(columns_of(file, names), is_known);
}

Schema schema_of(const DecodePlan& plan, const Typing& typing) {
  Schema schema;
  for (const ColumnPlan& column : plan.columns) {
    Field field = column.field;
    const Field* known = typing.known.find(field.name);
    field.required = known != nullptr && known->required;
    if (known != nullptr) field.original = known->original;
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

}  // namespace lakegate
