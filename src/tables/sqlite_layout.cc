#include "tables/sqlite_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tables/offered_rows.h"

namespace lakegate::sqlite {
namespace {

using Kind = LogicalType::Kind;

struct Column {
  std::string name;
  std::string type;
  bool operator==(const Column&) const = default;
};

struct ExistingTable {
  std::vector<Column> columns;
  std::vector<std::string> key;
};

// SQLite compares names without regard to the case of ASCII letters.
std::string folded(std::string name) {
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

Result<ExistingTable> read_table(const SqliteDatabase& database, const std::string& name) {
  LAKEGATE_TRY(const Statement statement,
               database.prepare("SELECT name, type, pk FROM pragma_table_info(?1)", {name}));
  ExistingTable table;
  std::map<int, std::string> key;
  while (true) {
    LAKEGATE_TRY(const bool more, database.step(statement));
    if (!more) break;
    table.columns.push_back({statement.text(0), statement.text(1)});
    if (const int place = sqlite3_column_int(statement.get(), 2); place > 0)
      key[place] = statement.text(0);
  }
  for (auto& [place, column] : key) table.key.push_back(column);
  return table;
}

std::vector<Column> columns_of(const TableDefinition& definition) {
  std::vector<Column> columns;
  for (const Field& field : served_fields(definition))
    columns.push_back({field.name, std::string(column_type(field.type))});
  columns.push_back({std::string(kOrder), "TEXT"});
  columns.push_back({std::string(kSource), "TEXT"});
  columns.push_back({std::string(kRow), "INTEGER"});
  return columns;
}

std::string list_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + in_quotes(name);
  return list;
}

std::string create_statement(const std::string& name, const std::vector<Column>& columns,
                             const std::vector<std::string>& key) {
  std::string sql = "CREATE TABLE " + in_quotes(name) + " (";
  for (const Column& column : columns) {
    sql += in_quotes(column.name) + " " + column.type;
    if (std::ranges::find(key, column.name) != key.end() || column.name == kOrder ||
        column.name == kSource || column.name == kRow)
      sql += " NOT NULL";
    sql += ", ";
  }
  return sql + "PRIMARY KEY (" + list_of(key) + "))";
}

Result<void> check_names(const TableDefinition& definition) {
  if (folded(definition.name.str()).starts_with("sqlite_") ||
      folded(definition.name.str()).starts_with("_lakegate_"))
    return invalid_input(fmt::format(
        "a SQLite table cannot be called {}: names that begin with sqlite_ or _lakegate_ are taken",
        definition.name.str()));
  std::map<std::string, std::string> seen;
  for (const Column& column : columns_of(definition)) {
    if (column.name.empty() || column.name.find('\0') != std::string::npos)
      return invalid_input("a column without a usable name cannot be served from SQLite");
    const auto [there, is_new] = seen.emplace(folded(column.name), column.name);
    if (!is_new)
      return invalid_input(fmt::format(
          "the columns {} and {} differ in case only, which SQLite does not tell apart; use "
          "`names: clean`, or serve the dataset elsewhere",
          there->second, column.name));
  }
  return {};
}

Result<void> check_existing(const ExistingTable& table, const TableDefinition& definition,
                            const std::string& path) {
  const bool ours = std::ranges::any_of(table.columns,
                                        [](const Column& column) { return column.name == kOrder; });
  if (!ours)
    return invalid_input(fmt::format(
        "{} has a table {} that lakegate did not make; serve the dataset under another name", path,
        definition.name.str()));
  if (std::set(table.key.begin(), table.key.end()) !=
      std::set(definition.key.begin(), definition.key.end()))
    return invalid_input(fmt::format(
        "the table {} in {} has the key ({}), but ({}) is asked for; choose another table name, or "
        "drop the table there and make it anew with `lakegate load DATASET`",
        definition.name.str(), path, fmt::join(table.key, ", "), fmt::join(definition.key, ", ")));
  return {};
}

// The table with other column types: made anew, filled from the old one, put in its place.
Result<void> rebuild(const SqliteDatabase& database, const std::string& name,
                     const ExistingTable& old, const std::vector<Column>& columns) {
  constexpr std::string_view kNew = "_lakegate_rebuilt";
  LAKEGATE_CHECK(database.execute(create_statement(std::string(kNew), columns, old.key)));
  std::vector<std::string> kept;
  for (const Column& column : old.columns) kept.push_back(column.name);
  LAKEGATE_CHECK(database.execute(fmt::format("INSERT INTO {0} ({1}) SELECT {1} FROM {2}",
                                              in_quotes(kNew), list_of(kept), in_quotes(name))));
  LAKEGATE_CHECK(database.execute("DROP TABLE " + in_quotes(name)));
  return database.execute(
      fmt::format("ALTER TABLE {} RENAME TO {}", in_quotes(kNew), in_quotes(name)));
}

}  // namespace

std::string_view column_type(const LogicalType& type) {
  switch (type.kind) {
    case Kind::kBool:
    case Kind::kInt32:
    case Kind::kInt64:
      return "INTEGER";
    case Kind::kFloat32:
    case Kind::kDouble:
      return "REAL";
    case Kind::kBinary:
      return "BLOB";
    default:
      return "TEXT";
  }
}

Result<void> make_table(const SqliteDatabase& database, const TableDefinition& definition) {
  LAKEGATE_CHECK(check_definition(definition));
  LAKEGATE_CHECK(check_names(definition));
  LAKEGATE_TRY(Transaction transaction, Transaction::begin(database));
  LAKEGATE_CHECK(database.execute(
      fmt::format("CREATE TABLE IF NOT EXISTS {} (table_name TEXT NOT NULL, source TEXT NOT NULL, "
                  "newest_order TEXT NOT NULL, PRIMARY KEY (table_name, source)) WITHOUT ROWID",
                  kSources)));
  const std::string& name = definition.name.str();
  LAKEGATE_TRY(const ExistingTable existing, read_table(database, name));
  std::vector<Column> wanted = columns_of(definition);
  if (existing.columns.empty()) {
    // Of a table that was dropped, nothing is newest any more.
    LAKEGATE_CHECK(
        database.change(fmt::format("DELETE FROM {} WHERE table_name = ?1", kSources), {name}));
    LAKEGATE_CHECK(database.execute(create_statement(name, wanted, definition.key)));
    return transaction.commit();
  }
  LAKEGATE_CHECK(check_existing(existing, definition, database.path()));

  bool has_changed = false;
  std::vector<Column> added = wanted;
  for (const Column& column : existing.columns) {
    const auto same = std::ranges::find_if(
        wanted, [&](const Column& c) { return folded(c.name) == folded(column.name); });
    if (same == wanted.end()) wanted.push_back(column);  // no longer served, and kept as it is
    if (same != wanted.end()) has_changed = has_changed || same->type != column.type;
    std::erase_if(added, [&](const Column& c) { return folded(c.name) == folded(column.name); });
  }
  if (has_changed) {
    LAKEGATE_CHECK(rebuild(database, name, existing, wanted));
    return transaction.commit();
  }
  for (const Column& column : added)
    LAKEGATE_CHECK(database.execute(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", in_quotes(name),
                                                in_quotes(column.name), column.type)));
  return transaction.commit();
}

std::string upsert_statement(const TableDefinition& definition, WriteMode write) {
  std::vector<std::string> names;
  for (const Column& column : columns_of(definition)) names.push_back(column.name);
  std::string values, sets;
  for (std::size_t i = 0; i < names.size(); ++i) {
    values += fmt::format("{}?{}", i == 0 ? "" : ", ", i + 1);
    if (std::ranges::find(definition.key, names[i]) != definition.key.end() || names[i] == kRow)
      continue;
    sets += fmt::format("{0} = excluded.{0}, ", in_quotes(names[i]));
  }
  const std::string newer = fmt::format(
      "(excluded.{0} > {0} OR (excluded.{0} = {0} AND excluded.{1} >= {1}))", kOrder, kRow);
  std::string guard;
  switch (write) {
    case WriteMode::kNewest:
      guard = newer;
      break;
    case WriteMode::kUpsert:
      guard = fmt::format("excluded.{0} <> {0} OR excluded.{1} >= {1}", kOrder, kRow);
      break;
    case WriteMode::kInsert:
      guard = fmt::format("{0} >= ?{1} AND {0} < ?{2} AND {3}", kOrder, names.size() + 1,
                          names.size() + 2, newer);
      break;
  }
  return fmt::format(
      "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}{} = lakegate_replace({}, "
      "{}, excluded.{}) WHERE {}",
      in_quotes(definition.name.str()), list_of(names), values, list_of(definition.key), sets, kRow,
      kOrder, kRow, kRow, guard);
}

}  // namespace lakegate::sqlite
