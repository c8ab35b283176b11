#include "tables/sqlite_tables.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "fakes/batches.h"
#include "fakes/scratch_folder.h"
#include "fakes/sqlite_rows.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;
using Rows = std::vector<std::vector<std::string>>;

class SqliteTables : public testing::Test {
 protected:
  void load(const Schema& schema, const std::vector<std::string>& key, const std::string& rows,
            int second = 1) {
    const auto table = server_->open({.name = TableName("T"), .key = key, .schema = schema});
    ASSERT_TRUE(table) << table.error().to_string();
    const auto load =
        (*table)->begin({.arrival = {.key = ObjectKey("landing/d/a.csv"),
                                     .arrived_at = Instant(std::chrono::seconds(second)),
                                     .id = ArrivalId("0123456789abcdef0123")}});
    ASSERT_TRUE(load) << load.error().to_string();
    const auto written = (*load)->write(*batch_of(schema, rows));
    ASSERT_TRUE(written) << written.error().to_string();
    const auto counts = (*load)->commit();
    ASSERT_TRUE(counts) << counts.error().to_string();
  }
  Rows query(const std::string& sql) const { return sqlite_query(path_, sql); }

  ScratchFolder folder_;
  const std::string path_ = folder_.path("out/tables.sqlite");
  std::unique_ptr<TableServer> server_ = open_sqlite_tables(path_).value();
};

// Each type: how it is declared in the lake, in SQLite, and how its values come out.
TEST_F(SqliteTables, TypesKeepTheirValues) {
  const struct {
    const char *type, *column, *json, *quoted;
  } cases[] = {
      {"bool", "INTEGER", "true", "1"},
      {"bool", "INTEGER", "false", "0"},
      {"int32", "INTEGER", "-2147483648", "-2147483648"},
      {"int64", "INTEGER", "9223372036854775807", "9223372036854775807"},
      {"float32", "REAL", "1.5", "1.5"},
      {"double", "REAL", "0.1", "0.1"},
      {"double", "REAL", "3", "3.0"},
      {"double", "REAL", "NaN", "'NaN'"},
      {"double", "REAL", "-Inf", "-Inf"},
      {"decimal(38,2)", "TEXT", "\"123456789012345678901234567890123456.70\"",
       "'123456789012345678901234567890123456.70'"},
      {"decimal(38,0)", "TEXT", "\"9223372036854775808\"", "'9223372036854775808'"},
      {"text", "TEXT", "\"007\"", "'007'"},
      {"text", "TEXT", "\"\"", "''"},
      {"text", "TEXT", "\"it's Größe\"", "'it''s Größe'"},
      {"binary", "BLOB", "\"ab\"", "X'6162'"},
      {"date", "TEXT", "0", "'1970-01-01'"},
      {"timestamp", "TEXT", "\"2026-11-23 04:22:44.5\"", "'2026-11-23T04:22:44.500000'"},
      {"timestamptz", "TEXT", "\"2026-11-23 04:22:44Z\"", "'2026-11-23T04:22:44.000000Z'"},
      {"list<int64>", "TEXT", "[1, null, 3]", "'[1,null,3]'"},
      {"list<int64>", "TEXT", "[]", "'[]'"},
      {"struct<a: int64, b: text>", "TEXT", R"({"a": 1, "b": "x\"y"})", R"('{"a":1,"b":"x\"y"}')"},
      {"text", "TEXT", "null", "NULL"},
      {"list<int64>", "TEXT", "null", "NULL"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.type) + " " + c.json);
    std::filesystem::remove_all(folder_.path("out"));
    server_ = open_sqlite_tables(path_).value();
    const Schema schema{{{.name = "id", .type = {Kind::kText}},
                         {.name = "weird \"name\"", .type = type_from(c.type).value()}}};
    load(schema, {"id"}, std::string(R"([["a", )") + c.json + "]]");
    EXPECT_EQ(query("SELECT type FROM pragma_table_info('T') WHERE name LIKE 'weird%'"),
              (Rows{{c.column}}));
    EXPECT_EQ(query(R"(SELECT quote("weird ""name""") FROM T)"), (Rows{{c.quoted}}));
  }
}

TEST_F(SqliteTables, RowsSayWhereTheyComeFrom) {
  const Schema schema{{{.name = "id", .type = {Kind::kInt64}}}};
  load(schema, {"id"}, "[[7], [8]]");
  EXPECT_EQ(
      query("SELECT id, _lakegate_order, _lakegate_source, _lakegate_row FROM T"),
      (Rows{{"7", "1970-01-01T00:00:01.000000000Z/0123456789abcdef0123", "landing/d/a.csv", "1"},
            {"8", "1970-01-01T00:00:01.000000000Z/0123456789abcdef0123", "landing/d/a.csv", "2"}}));
}

TEST_F(SqliteTables, ColumnsOfAnotherTypeAreRebuilt) {
  Schema schema{{{.name = "id", .type = {Kind::kInt64}}, {.name = "n", .type = {Kind::kInt64}}}};
  load(schema, {"id"}, "[[1, 7]]");
  schema.fields[1].type = {Kind::kText};
  schema.fields.push_back({.name = "more", .type = {Kind::kText}});
  load(schema, {"id"}, R"([[2, "007", "x"]])", 2);
  EXPECT_EQ(query("SELECT id, quote(n), quote(more) FROM T ORDER BY id"),
            (Rows{{"1", "'7'", "NULL"}, {"2", "'007'", "'x'"}}));
  schema.fields[0].type = {Kind::kText};
  load(schema, {"id"}, R"([["01", "x", "x"]])", 3);
  EXPECT_EQ(query("SELECT quote(id) FROM T ORDER BY id"), (Rows{{"'01'"}, {"'1'"}, {"'2'"}}));
  EXPECT_EQ(query("SELECT count(*) FROM pragma_table_list() WHERE name LIKE '%rebuilt%'"),
            (Rows{{"0"}}));
}

TEST_F(SqliteTables, EmptyAndNanKeysAreRejected) {
  for (const auto& [type, rows] :
       {std::pair{"text", R"([[""], ["a"]])"}, std::pair{"double", "[[NaN], [1]]"}}) {
    const Schema schema{{{.name = "id", .type = type_from(type).value()}}};
    const auto table = server_->open({.name = TableName(type), .key = {"id"}, .schema = schema});
    const auto load = (*table)->begin({.arrival = {.id = ArrivalId("a")}});
    ASSERT_TRUE((*load)->write(*batch_of(schema, rows)));
    EXPECT_EQ((*load)->commit().value(), (WriteCounts{.offered = 2, .written = 1, .rejected = 1}));
  }
}

TEST_F(SqliteTables, RefusesNamesThatSqliteCannotTellApart) {
  const Schema schema{{{.name = "id", .type = {Kind::kInt64}}, {.name = "ID"}}};
  Schema typed = schema;
  typed.fields[1].type = {Kind::kText};
  const auto table = server_->open({.name = TableName("T"), .key = {"id"}, .schema = typed});
  ASSERT_FALSE(table);
  EXPECT_NE(table.error().message.find("case"), std::string::npos);
  EXPECT_FALSE(server_->open({.name = TableName("sqlite_x"), .key = {"id"}, .schema = schema}));
}

TEST_F(SqliteTables, LeavesTablesOfOthersAlone) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path_.c_str(), &database), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(database, "CREATE TABLE T (id INTEGER PRIMARY KEY)", nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(database);
  const Schema schema{{{.name = "id", .type = {Kind::kInt64}}}};
  const auto table = server_->open({.name = TableName("T"), .key = {"id"}, .schema = schema});
  ASSERT_FALSE(table);
  EXPECT_EQ(table.error().kind, ErrorKind::kInvalidInput);
  EXPECT_NE(table.error().message.find("did not make"), std::string::npos);
}

TEST_F(SqliteTables, OneLoadAtATime) {
  const Schema schema{{{.name = "id", .type = {Kind::kInt64}}}};
  const auto table = server_->open({.name = TableName("T"), .key = {"id"}, .schema = schema});
  {
    const auto first = (*table)->begin({.arrival = {.id = ArrivalId("a")}});
    EXPECT_FALSE((*table)->begin({.arrival = {.id = ArrivalId("b")}}));
  }
  EXPECT_TRUE((*table)->begin({.arrival = {.id = ArrivalId("b")}}));
}

TEST_F(SqliteTables, SaysWhatIsWrongWithTheFile) {
  folder_.write("text.sqlite", std::string(5000, 'x'));
  const auto no_database = open_sqlite_tables(folder_.path("text.sqlite"));
  ASSERT_FALSE(no_database);
  EXPECT_NE(no_database.error().message.find("lakegate load"), std::string::npos);
  const auto folder = open_sqlite_tables(folder_.path());
  ASSERT_FALSE(folder);
  EXPECT_NE(folder.error().message.find(folder_.path()), std::string::npos);
}

}  // namespace
}  // namespace lakegate
