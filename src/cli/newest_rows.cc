#include "cli/newest_rows.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "formats/arrow_bridge.h"
#include "formats/text_value.h"

namespace lakegate::cli {

Result<std::unique_ptr<NewestRows>> NewestRows::make(std::vector<std::string> key) {
  std::unique_ptr<NewestRows> rows(new NewestRows);
  rows->key_ = std::move(key);
  if (::sqlite3_open("", &rows->database_) != SQLITE_OK) return rows->failure();
  LAKEGATE_CHECK(rows->execute("PRAGMA journal_mode = OFF"));
  LAKEGATE_CHECK(
      rows->execute("CREATE TABLE newest (key BLOB PRIMARY KEY, place INTEGER) WITHOUT ROWID"));
  LAKEGATE_CHECK(rows->execute("BEGIN"));
  LAKEGATE_CHECK(rows->prepare("INSERT OR REPLACE INTO newest VALUES (?, ?)"));
  return rows;
}

NewestRows::~NewestRows() {
  ::sqlite3_finalize(statement_);
  ::sqlite3_close(database_);
}

Failure NewestRows::failure() const {
  return fail(ErrorKind::kPermanent,
              fmt::format("cannot find the newest rows: {}", ::sqlite3_errmsg(database_)));
}

Result<void> NewestRows::execute(const char* sql) {
  if (::sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failure();
  return {};
}

Result<void> NewestRows::prepare(const char* sql) {
  ::sqlite3_finalize(statement_);
  statement_ = nullptr;
  if (::sqlite3_prepare_v2(database_, sql, -1, &statement_, nullptr) != SQLITE_OK) return failure();
  return {};
}

Result<void> NewestRows::note(const arrow::RecordBatch& rows) {
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const std::string& name : key_)
    if (auto column = rows.GetColumnByName(name)) columns.push_back(std::move(column));
  std::string key;
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    key.clear();
    for (const auto& column : columns) {
      append_json(*column, row, key);
      key += '\n';  // never within JSON
    }
    ::sqlite3_bind_blob64(statement_, 1, key.data(), key.size(), SQLITE_STATIC);
    ::sqlite3_bind_int64(statement_, 2, place_++);
    if (::sqlite3_step(statement_) != SQLITE_DONE) return failure();
    ::sqlite3_reset(statement_);
  }
  return {};
}

Result<void> NewestRows::settle() {
  LAKEGATE_CHECK(prepare("SELECT count(*) FROM newest"));
  if (::sqlite3_step(statement_) != SQLITE_ROW) return failure();
  count_ = static_cast<std::uint64_t>(::sqlite3_column_int64(statement_, 0));
  LAKEGATE_CHECK(prepare("SELECT place FROM newest ORDER BY place"));
  place_ = 0;
  return read_next();
}

Result<void> NewestRows::read_next() {
  const int step = ::sqlite3_step(statement_);
  if (step != SQLITE_ROW && step != SQLITE_DONE) return failure();
  next_ = step == SQLITE_ROW ? ::sqlite3_column_int64(statement_, 0) : -1;
  return {};
}

Result<std::shared_ptr<arrow::RecordBatch>> NewestRows::filter(
    const std::shared_ptr<arrow::RecordBatch>& rows) {
  // Runs of rows that are kept, as slices put together.
  arrow::RecordBatchVector kept;
  const std::int64_t end = place_ + rows->num_rows();
  while (next_ >= 0 && next_ < end) {
    const std::int64_t first = next_;
    std::int64_t last = first;
    do {
      last = next_;
      LAKEGATE_CHECK(read_next());
    } while (next_ == last + 1 && next_ < end);
    kept.push_back(rows->Slice(first - place_, last - first + 1));
  }
  place_ = end;
  if (kept.empty()) return rows->Slice(0, 0);
  if (kept.size() == 1) return kept.front();
  return from_arrow(arrow::ConcatenateRecordBatches(kept, memory_pool()));
}

}  // namespace lakegate::cli
