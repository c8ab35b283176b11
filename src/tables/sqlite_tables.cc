#include "tables/sqlite_tables.h"

#include <fmt/format.h>

#include <algorithm>

#include "tables/offered_rows.h"
#include "tables/sqlite_binder.h"
#include "tables/sqlite_database.h"
#include "tables/sqlite_layout.h"

namespace lakegate {
namespace {

using sqlite::kOrder;
using sqlite::kRow;
using sqlite::kSource;
using sqlite::kSources;

// What lakegate_replace() counts: rows of this load that took the place of earlier ones of it.
struct Replaced {
  std::string order;
  std::uint64_t of_this_load = 0;
};

void count_replaced(sqlite3_context* context, int, sqlite3_value** arguments) {
  auto* replaced = static_cast<Replaced*>(sqlite3_user_data(context));
  const auto* order = reinterpret_cast<const char*>(sqlite3_value_text(arguments[0]));
  if (order != nullptr && replaced->order == order &&
      sqlite3_value_int64(arguments[1]) != sqlite3_value_int64(arguments[2]))
    ++replaced->of_this_load;
  sqlite3_result_value(context, arguments[2]);
}

// The database, and what its statements call back to.
struct Connection {
  SqliteDatabase database;
  Replaced replaced;
  bool is_loading = false;
};

class SqliteLoad : public TableLoad {
 public:
  SqliteLoad(std::shared_ptr<Connection> connection, const TableDefinition& definition,
             LoadStart start, Transaction transaction)
      : connection_(std::move(connection)),
        definition_(definition),
        start_(std::move(start)),
        base_(RowOrder::of(start_.arrival)),
        base_end_(base_ + "0"),  // behind the orders of all its generations, "…/g00002"
        order_(RowOrder::of(start_.arrival, start_.generation)),
        fields_(served_fields(definition_)),
        binder_(fields_),
        transaction_(std::move(transaction)) {
    connection_->is_loading = true;
    connection_->replaced = {.order = order_};
  }
  ~SqliteLoad() override { connection_->is_loading = false; }

  Result<void> prepare();
  Result<void> write(const arrow::RecordBatch& rows) override;
  Result<std::uint64_t> remove_missing() override;
  Result<WriteCounts> commit() override;
  const std::vector<Reject>& rejects() const override { return rejects_.kept(); }

 private:
  const SqliteDatabase& database() const { return connection_->database; }
  Result<void> write_row(const OfferedRows& offered, std::int64_t row);
  Result<void> count_refused(const OfferedRows& offered, std::int64_t row);

  std::shared_ptr<Connection> connection_;
  const TableDefinition definition_;
  LoadStart start_;
  std::string base_, base_end_, order_;
  std::vector<Field> fields_;
  sqlite::RowBinder binder_;
  Transaction transaction_;
  Statement upsert_;
  Statement find_order_;  // of the row that has a key, for kInsert
  std::vector<std::size_t> key_columns_;
  sqlite::RowBinder key_binder_{{}};
  int row_parameter_ = 0;
  bool superseded_as_whole_ = false;
  WriteCounts counts_;
  KeptRejects rejects_;
};

Result<void> SqliteLoad::prepare() {
  if (start_.replaces == Replaces::kLandingKey) {
    LAKEGATE_TRY(const Statement newer,
                 database().prepare(fmt::format("SELECT 1 FROM {} WHERE table_name = ?1 AND source "
                                                "= ?2 AND newest_order > ?3",
                                                kSources),
                                    {definition_.name.str(), start_.arrival.key.str(), order_}));
    LAKEGATE_TRY(superseded_as_whole_, database().step(newer));
  }
  LAKEGATE_TRY(upsert_, database().prepare(sqlite::upsert_statement(definition_, start_.write)));
  int parameter = static_cast<int>(fields_.size());
  const auto bind = [&](const std::string& text) {
    return sqlite3_bind_text64(upsert_.get(), ++parameter, text.data(), text.size(), SQLITE_STATIC,
                               SQLITE_UTF8) == SQLITE_OK;
  };
  bool bound = bind(order_) && bind(start_.arrival.key.str());
  row_parameter_ = ++parameter;
  if (start_.write == WriteMode::kInsert) {
    bound = bound && bind(base_) && bind(base_end_);
    std::string where;
    std::vector<Field> key_fields;
    for (const std::string& key : definition_.key) {
      const auto field = std::ranges::find(fields_, key, &Field::name);
      key_columns_.push_back(static_cast<std::size_t>(field - fields_.begin()));
      key_fields.push_back(*field);
      where += fmt::format("{}{} = ?{}", where.empty() ? "" : " AND ", in_quotes(key),
                           key_fields.size());
    }
    key_binder_ = sqlite::RowBinder(key_fields);
    LAKEGATE_TRY(find_order_,
                 database().prepare(fmt::format("SELECT {} FROM {} WHERE {}", kOrder,
                                                in_quotes(definition_.name.str()), where)));
  }
  if (!bound) return database().failure("write the tables in");
  return {};
}

Result<void> SqliteLoad::write(const arrow::RecordBatch& rows) {
  LAKEGATE_TRY(const OfferedRows offered, OfferedRows::of(definition_, rows, counts_.offered + 1));
  for (std::size_t i = 0; i < fields_.size(); ++i) binder_.set_column(i, offered.column(i));
  for (std::int64_t row = 0; row < offered.size(); ++row) LAKEGATE_CHECK(write_row(offered, row));
  return {};
}

Result<void> SqliteLoad::write_row(const OfferedRows& offered, std::int64_t row) {
  ++counts_.offered;
  if (const auto column = offered.unusable_key(row)) {
    ++counts_.rejected;
    rejects_.add([&] { return offered.key_null(row, *column); });
    return {};
  }
  if (superseded_as_whole_) {
    ++counts_.superseded;
    return {};
  }
  sqlite3_stmt* statement = upsert_.get();
  if (binder_.bind(statement, row) != SQLITE_OK ||
      sqlite3_bind_int64(statement, row_parameter_, offered.place(row)) != SQLITE_OK ||
      sqlite3_step(statement) != SQLITE_DONE) {
    const Failure failure = database().failure("write the tables in");
    sqlite3_reset(statement);
    return failure;
  }
  sqlite3_reset(statement);
  if (sqlite3_changes(database().get()) == 0) return count_refused(offered, row);
  ++counts_.written;
  return {};
}

// The table kept the row it had.
Result<void> SqliteLoad::count_refused(const OfferedRows& offered, std::int64_t row) {
  if (start_.write == WriteMode::kInsert) {
    sqlite3_stmt* statement = find_order_.get();
    for (std::size_t i = 0; i < key_columns_.size(); ++i)
      key_binder_.set_column(i, offered.column(key_columns_[i]));
    if (key_binder_.bind(statement, row) != SQLITE_OK)
      return database().failure("use the tables in");
    LAKEGATE_CHECK(database().step(find_order_));
    const std::string there = find_order_.text(0);
    sqlite3_reset(statement);
    if (there < base_ || there >= base_end_) {
      ++counts_.rejected;
      rejects_.add([&] { return offered.key_exists(row); });
      return {};
    }
  }
  ++counts_.superseded;
  return {};
}

Result<std::uint64_t> SqliteLoad::remove_missing() {
  if (superseded_as_whole_) return 0;
  const std::string table = in_quotes(definition_.name.str());
  const std::string& source = start_.arrival.key.str();
  if (start_.replaces == Replaces::kGenerations) {
    if (start_.generation == 1) return 0;
    return database().change(
        fmt::format("DELETE FROM {} WHERE {} >= ?1 AND {} < ?2", table, kOrder, kOrder),
        {base_, order_});
  }
  LAKEGATE_CHECK(database().execute(
      fmt::format("CREATE INDEX IF NOT EXISTS {} ON {} ({})",
                  in_quotes("_lakegate_source_of_" + definition_.name.str()), table, kSource)));
  LAKEGATE_CHECK(database().change(
      fmt::format("INSERT INTO {} VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET newest_order = "
                  "excluded.newest_order",
                  kSources),
      {definition_.name.str(), source, order_}));
  return database().change(
      fmt::format("DELETE FROM {} WHERE {} = ?1 AND {} < ?2", table, kSource, kOrder),
      {source, order_});
}

Result<WriteCounts> SqliteLoad::commit() {
  LAKEGATE_CHECK(transaction_.commit());
  WriteCounts counts = counts_;
  counts.written -= connection_->replaced.of_this_load;
  counts.superseded += connection_->replaced.of_this_load;
  return counts;
}

class SqliteTable : public Table {
 public:
  SqliteTable(std::shared_ptr<Connection> connection, TableDefinition definition)
      : connection_(std::move(connection)), definition_(std::move(definition)) {}

  const TableDefinition& definition() const override { return definition_; }

  Result<std::unique_ptr<TableLoad>> begin(const LoadStart& start) override {
    if (connection_->is_loading)
      return fail(ErrorKind::kPermanent,
                  fmt::format("{} is being loaded already; one load at a time",
                              connection_->database.path()));
    LAKEGATE_TRY(Transaction transaction, Transaction::begin(connection_->database));
    auto load =
        std::make_unique<SqliteLoad>(connection_, definition_, start, std::move(transaction));
    LAKEGATE_CHECK(load->prepare());
    return load;
  }

 private:
  std::shared_ptr<Connection> connection_;
  TableDefinition definition_;
};

class SqliteServer : public TableServer {
 public:
  explicit SqliteServer(std::shared_ptr<Connection> connection)
      : connection_(std::move(connection)) {}

  std::string describe() const override { return connection_->database.path(); }
  Result<std::unique_ptr<Table>> open(const TableDefinition& definition) override {
    LAKEGATE_CHECK(sqlite::make_table(connection_->database, definition));
    return std::make_unique<SqliteTable>(connection_, definition);
  }

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace

Result<std::unique_ptr<TableServer>> open_sqlite_tables(const std::string& path) {
  auto connection = std::make_shared<Connection>();
  LAKEGATE_TRY(connection->database, SqliteDatabase::open(path));
  if (sqlite3_create_function(connection->database.get(), "lakegate_replace", 3, SQLITE_UTF8,
                              &connection->replaced, count_replaced, nullptr, nullptr) != SQLITE_OK)
    return connection->database.failure("open the tables in");
  return std::make_unique<SqliteServer>(std::move(connection));
}

}  // namespace lakegate
