// Which rows are the newest of their key, however many there are: kept in a temporary SQLite
// database that spills to an unnamed file.
#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "lake/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace lakegate::cli {

// All rows go by twice, in the same batches, oldest first: through note(), then, after settle(),
// through filter(), which keeps those that are the last of their key.
class NewestRows {
 public:
  static Result<std::unique_ptr<NewestRows>> make(std::vector<std::string> key);
  ~NewestRows();

  Result<void> note(const arrow::RecordBatch& rows);
  Result<void> settle();
  Result<std::shared_ptr<arrow::RecordBatch>> filter(
      const std::shared_ptr<arrow::RecordBatch>& rows);
  std::uint64_t count() const { return count_; }  // after settle()

 private:
  NewestRows() = default;
  Result<void> execute(const char* sql);
  Result<void> prepare(const char* sql);
  Failure failure() const;
  Result<void> read_next();

  std::vector<std::string> key_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  std::int64_t place_ = 0;  // ordinal of the next row that goes by
  std::int64_t next_ = -1;  // ordinal of the next row to keep; -1: none
  std::uint64_t count_ = 0;
};

}  // namespace lakegate::cli
