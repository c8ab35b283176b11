#include "tables/sqlite_database.h"

#include <fmt/format.h>

#include <filesystem>

namespace lakegate {
namespace {

constexpr int kBusyMilliseconds = 30'000;

}  // namespace

std::string in_quotes(std::string_view name) {
  std::string out = "\"";
  for (char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(get(), column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(get(), column))};
}

Failure SqliteDatabase::failure(std::string_view doing_what) const {
  const std::string_view detail = sqlite3_errmsg(get());
  const auto because = [&](ErrorKind kind, std::string_view cure) {
    return fail(kind, fmt::format("cannot {} {}: {}{}", doing_what, path_, detail, cure));
  };
  switch (sqlite3_errcode(get())) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return because(
          ErrorKind::kRetryable,
          "; another program has been writing to it for 30 s: try again when it is done");
    case SQLITE_FULL:
      return because(ErrorKind::kPermanent,
                     "; free some space and run again, nothing of this load was written");
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return because(ErrorKind::kPermanent,
                     "; move the file away and make it anew from the curated rows with `lakegate "
                     "load DATASET`");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return because(ErrorKind::kPermanent,
                     "; check the permissions of the file and its directory");
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
      return because(ErrorKind::kInvalidInput, "");
    default:
      return because(ErrorKind::kPermanent, "");
  }
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path) {
  std::error_code ignored;  // what is wrong with the folder, opening the file says better
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  SqliteDatabase database;
  database.path_ = path;
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database.database_.reset(handle);
  if (handle == nullptr) return fail(ErrorKind::kPermanent, "out of memory");
  if (code != SQLITE_OK) return database.failure("open the tables in");
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  // A load is durable once it is committed; readers are not held up by it.
  LAKEGATE_CHECK(
      database.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA "
                       "cache_size=-16384; PRAGMA journal_size_limit=67108864"));
  return database;
}

Result<void> SqliteDatabase::execute(const std::string& sql) const {
  if (sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure("write the tables in");
  return {};
}

Result<Statement> SqliteDatabase::prepare(const std::string& sql,
                                          const std::vector<std::string>& parameters) const {
  sqlite3_stmt* handle = nullptr;
  const int code =
      sqlite3_prepare_v2(get(), sql.c_str(), static_cast<int>(sql.size()), &handle, nullptr);
  Statement statement;
  statement.statement_.reset(handle);
  if (code != SQLITE_OK) return failure("use the tables in");
  int number = 0;
  for (const std::string& parameter : parameters)
    if (sqlite3_bind_text64(handle, ++number, parameter.data(), parameter.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8) != SQLITE_OK)
      return failure("use the tables in");
  return statement;
}

Result<bool> SqliteDatabase::step(const Statement& statement) const {
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure("write the tables in");
}

Result<std::uint64_t> SqliteDatabase::change(const std::string& sql,
                                             const std::vector<std::string>& parameters) const {
  LAKEGATE_TRY(const Statement statement, prepare(sql, parameters));
  LAKEGATE_CHECK(step(statement));
  return static_cast<std::uint64_t>(sqlite3_changes64(get()));
}

Result<Transaction> Transaction::begin(const SqliteDatabase& database) {
  LAKEGATE_CHECK(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // An error may have rolled it back already.
  if (database_ != nullptr && sqlite3_get_autocommit(database_->get()) == 0)
    (void)database_->execute("ROLLBACK");
}

Result<void> Transaction::commit() {
  LAKEGATE_CHECK(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

}  // namespace lakegate
