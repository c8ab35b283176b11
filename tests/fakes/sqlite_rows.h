// What a SQLite table holds, read without lakegate's adapter.
#pragma once

#include <sqlite3.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "formats/text_value.h"

namespace lakegate {

// The rows of a query, each a vector of cells in SQLite's own words (quote()): 1, 1.5, 'text',
// X'00', NULL.
inline std::vector<std::vector<std::string>> sqlite_query(const std::string& path,
                                                          const std::string& sql) {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::vector<std::vector<std::string>> rows;
  std::string problem;
  if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK ||
      sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    problem = sqlite3_errmsg(database);
  } else {
    while (sqlite3_step(statement) == SQLITE_ROW) {
      auto& row = rows.emplace_back();
      for (int i = 0; i < sqlite3_column_count(statement); ++i) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, i));
        row.emplace_back(text == nullptr ? "NULL" : text);
      }
    }
  }
  sqlite3_finalize(statement);
  sqlite3_close(database);
  if (!problem.empty()) throw std::runtime_error(sql + ": " + problem);
  return rows;
}

// Rows as MemoryTables::rows() gives them, from a table of integers and text.
inline std::map<std::string, std::string> sqlite_rows(const std::string& path,
                                                      const std::string& table) {
  std::string members, key_members;
  for (const auto& column :
       sqlite_query(path, "SELECT name, pk FROM pragma_table_info('" + table + "') ORDER BY cid")) {
    const std::string& name = column[0];
    if (name.starts_with("_lakegate_")) continue;
    const std::string member = "iif(\"" + name + "\" IS NULL, '', ',' || json_quote('" + name +
                               "') || ':' || json_quote(\"" + name + "\"))";
    members += (members.empty() ? "" : " || ") + member;
    if (column[1] != "0") key_members += (key_members.empty() ? "" : " || ") + member;
  }
  std::map<std::string, std::string> rows;
  if (members.empty()) return rows;
  for (const auto& row :
       sqlite_query(path, "SELECT '{' || substr(" + key_members + ", 2) || '}', '{' || substr(" +
                              members + ", 2) || '}' FROM \"" + table + "\""))
    rows[row[0]] = row[1];
  return rows;
}

}  // namespace lakegate
