// SQLite's C interface as values and Results. Adapter's own.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"

namespace lakegate {

// "name" with its quotes doubled: an identifier, whatever it contains.
std::string in_quotes(std::string_view name);

class Statement {
 public:
  sqlite3_stmt* get() const { return statement_.get(); }
  std::string text(int column) const;  // of the current row; empty for null

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class SqliteDatabase {
 public:
  static Result<SqliteDatabase> open(const std::string& path);

  const std::string& path() const { return path_; }
  sqlite3* get() const { return database_.get(); }

  Result<void> execute(const std::string& sql) const;
  // Text parameters are bound from 1.
  Result<Statement> prepare(const std::string& sql,
                            const std::vector<std::string>& parameters = {}) const;
  Result<bool> step(const Statement& statement) const;  // false at the end
  // Runs a statement that returns no rows; says how many rows it changed.
  Result<std::uint64_t> change(const std::string& sql,
                               const std::vector<std::string>& parameters) const;
  // The error that the last call on this database left.
  Failure failure(std::string_view doing_what) const;

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  std::string path_;
  std::unique_ptr<sqlite3, Close> database_;
};

// Begun with the lock for writing; rolled back unless committed.
class Transaction {
 public:
  static Result<Transaction> begin(const SqliteDatabase& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(const SqliteDatabase& database) : database_(&database) {}
  const SqliteDatabase* database_ = nullptr;
};

}  // namespace lakegate
