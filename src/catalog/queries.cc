#include "catalog/queries.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/record_tables.h"

namespace lakegate {
namespace {

enum class Lineage { kWithout, kWith };

std::string columns_text(const DatasetTable& table, Engine engine, Lineage lineage) {
  std::string text;
  const auto add = [&](const std::string& name, const std::string& from) {
    text += text.empty() ? "" : ", ";
    text += quoted_in_query(engine, from);
    if (from != name) text += " AS " + quoted_in_query(engine, name);
  };
  for (const DatasetTable::Shown& column : table.shown) add(column.name, column.from);
  if (lineage == Lineage::kWith && table.lineage)
    for (const Field& field : kLineageFields) add(field.name, field.name);
  for (const Field& level : table.partitions) {
    const bool is_shown =
        std::any_of(table.shown.begin(), table.shown.end(),
                    [&](const DatasetTable::Shown& column) { return column.from == level.name; });
    if (!is_shown) add(level.name, level.name);
  }
  return text;
}

std::string list_of(const std::vector<std::string>& columns, Engine engine) {
  std::string text;
  for (const std::string& column : columns)
    text += (text.empty() ? "" : ", ") + quoted_in_query(engine, column);
  return text;
}

}  // namespace

std::string latest_query(const DatasetTable& table, Engine engine) {
  const std::string columns = columns_text(table, engine, Lineage::kWithout);
  const std::string name = quoted_in_query(engine, table.name);
  const auto quoted = [&](const char* column) { return quoted_in_query(engine, column); };
  switch (table.mode) {
    case Mode::kAppend:
      break;
    case Mode::kSnapshot:
      return fmt::format(
          "SELECT {}\nFROM {}\nWHERE {} IN (\n"
          "  SELECT max_by(arrival.id, concat(arrival.arrived_at, '/', arrival.id))\n"
          "  FROM {}\n  WHERE arrival.dataset = {}\n  GROUP BY arrival.key)",
          columns, name, quoted("_arrival_id"), quoted(kRunsTable),
          text_literal(engine, table.name));
    case Mode::kUpsert:
      return fmt::format(
          "SELECT {}\nFROM (\n  SELECT *, row_number() OVER (\n    PARTITION BY {}\n"
          "    ORDER BY {} DESC, {} DESC, {} DESC) AS {}\n  FROM {}) AS newest\nWHERE {} = 1",
          columns, list_of(table.key, engine), quoted("_arrived_at"), quoted("_arrival_id"),
          quoted("_row"), quoted("_newest"), name, quoted("_newest"));
  }
  return fmt::format("SELECT {}\nFROM {}", columns, name);
}

std::string history_query(const DatasetTable& table, Engine engine) {
  return fmt::format("SELECT {}\nFROM {}", columns_text(table, engine, Lineage::kWith),
                     quoted_in_query(engine, table.name));
}

// The dataset is the folder below rejected/, whatever the lake's own path is. Landed files that
// were copied beside their rejects (<stem>-<arrival id>.landed.csv) are left out by their names.
std::string rejects_query(Engine engine) {
  const std::string path = engine == Engine::kAthena  ? "\"$path\""
                           : engine == Engine::kSpark ? "_metadata.file_path"
                                                      : "filename";
  std::string columns;
  for (const RecordColumn& column : reject_columns())
    columns += ", " + quoted_in_query(engine, column.name);
  return fmt::format(
      "SELECT regexp_extract({0}, '.*/rejected/([^/]+)/', 1) AS {1}, {0} AS {2}{3}\nFROM {4}\n"
      "WHERE {5}({0}, '-[0-9a-f]{{20}}(-g[0-9]+)?[.]ndjson$')",
      path, quoted_in_query(engine, "dataset"), quoted_in_query(engine, "file"), columns,
      quoted_in_query(engine, kRejectLinesTable),
      engine == Engine::kDuckDb ? "regexp_matches" : "regexp_like");
}

}  // namespace lakegate
