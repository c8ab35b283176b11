#include "catalog/dataset_table.h"

#include <gmock/gmock.h>

#include "catalog/engine.h"
#include "unit/catalog/tables.h"

namespace lakegate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names(const std::vector<Field>& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.push_back(field.name);
  return names;
}

TEST(DatasetTable, HasTheColumnsOfFilesAndThoseOfThePath) {
  const DatasetTable table = table_of(
      "datasets:\n  sales: {landing: 'sales/{store}/*', partition_by: [country, store, {column: "
      "at, "
      "by: month, as: month}]}\n",
      kSales, 7);
  EXPECT_EQ(table.name, "sales");
  EXPECT_EQ(table.location, "s3://b/lake/curated/sales/");
  EXPECT_EQ(table.schema_version, 7);
  EXPECT_THAT(names(table.columns), ElementsAre("id", "at", "_arrival_id", "_arrived_at", "_row"));
  EXPECT_THAT(names(table.partitions), ElementsAre("country", "store", "month"));
  std::vector<std::string> shown;
  for (const auto& column : table.shown) shown.push_back(column.name);
  EXPECT_THAT(shown, ElementsAre("id", "country", "at", "store"));
}

TEST(DatasetTable, AColumnInThePathMayHaveAnotherNameThere) {
  DatasetConfig dataset;
  dataset.name = DatasetName("sales");
  dataset.mode = Mode::kUpsert;
  dataset.key = {"country"};
  dataset.partition_by = {
      {.from = PartitionLevel::From::kColumn, .source = "country", .name = "land"}};
  const DatasetTable table =
      dataset_table(dataset, {.version = 1, .schema = kSales, .because = ""}, "s3://b");
  EXPECT_THAT(names(table.partitions), ElementsAre("land"));
  EXPECT_EQ(table.shown.at(1).name, "country");
  EXPECT_EQ(table.shown.at(1).from, "land");
  EXPECT_THAT(table.key, ElementsAre("land"));
}

TEST(DatasetTable, FoldersKeepTypesThatTheirNamesCanCarry) {
  const std::vector<std::pair<std::string, std::string>> types = {
      {"int64", "bigint"},     {"int32", "int"},          {"date", "date"},
      {"bool", "boolean"},     {"text", "string"},        {"double", "string"},
      {"timestamp", "string"}, {"decimal(9,2)", "string"}};
  for (const auto& [column, folder] : types) {
    const Schema schema = {{{.name = "c", .type = type_of(column)},
                            {.name = "v", .type = {LogicalType::Kind::kText}}}};
    const DatasetTable table =
        table_of("datasets:\n  d: {landing: d/*, partition_by: c}\n", schema);
    EXPECT_EQ(hive_type(table.partitions.at(0).type), folder) << column;
  }
}

TEST(DatasetTable, WithoutLineageOnlyAppendHasALatest) {
  for (const auto& [mode, has_latest] : std::vector<std::pair<std::string, bool>>{
           {"append", true}, {"snapshot", false}, {"upsert, key: id", false}}) {
    const DatasetTable table =
        table_of("datasets:\n  d: {landing: d/*, lineage: false, mode: " + mode + "}\n", kSales);
    EXPECT_EQ(table.has_latest(), has_latest) << mode;
    EXPECT_THAT(names(table.columns), ElementsAre("id", "country", "at"));
  }
}

TEST(PartitionFolders, AreDecodedInTheOrderOfTheTable) {
  const DatasetTable table = table_of(
      "datasets:\n  sales: {landing: 'sales/{store}/*', partition_by: [country, store]}\n", kSales);
  const auto values = partition_folder_values(table, "country=a%2Fb%20%/store=%C3%9Cber");
  ASSERT_TRUE(values) << values.error().to_string();
  EXPECT_THAT(*values, ElementsAre("a/b %", "Über"));
  for (const char* wrong : {"", "country=a", "store=x/country=a", "country=a/store=b/dt=1"}) {
    const auto refused = partition_folder_values(table, wrong);
    ASSERT_FALSE(refused) << wrong;
    EXPECT_THAT(refused.error().message, HasSubstr("written under another partition_by"));
  }
}

TEST(EngineTypes, AreTheWordsOfEachEngine) {
  struct Case {
    std::string type, hive, spark, duckdb, trino;
  };
  const std::vector<Case> cases = {
      {"bool", "boolean", "BOOLEAN", "BOOLEAN", "boolean"},
      {"int32", "int", "INT", "INTEGER", "integer"},
      {"int64", "bigint", "BIGINT", "BIGINT", "bigint"},
      {"float32", "float", "FLOAT", "FLOAT", "real"},
      {"double", "double", "DOUBLE", "DOUBLE", "double"},
      {"decimal(38,9)", "decimal(38,9)", "DECIMAL(38,9)", "DECIMAL(38,9)", "decimal(38,9)"},
      {"text", "string", "STRING", "VARCHAR", "varchar"},
      {"binary", "binary", "BINARY", "BLOB", "varbinary"},
      {"date", "date", "DATE", "DATE", "date"},
      {"timestamp", "timestamp", "TIMESTAMP_NTZ", "TIMESTAMP", "timestamp"},
      {"timestamptz", "timestamp", "TIMESTAMP", "TIMESTAMPTZ", "timestamp"},
      {"list<struct<Id: int64, tags: list<text>>>", "array<struct<id:bigint,tags:array<string>>>",
       "ARRAY<STRUCT<`Id`: BIGINT, `tags`: ARRAY<STRING>>>",
       "STRUCT(\"Id\" BIGINT, \"tags\" VARCHAR[])[]",
       "array(row(id bigint, tags array(varchar)))"}};
  for (const Case& c : cases) {
    EXPECT_EQ(hive_type(type_of(c.type)), c.hive);
    EXPECT_EQ(spark_type(type_of(c.type)), c.spark);
    EXPECT_EQ(duckdb_type(type_of(c.type)), c.duckdb);
    EXPECT_EQ(trino_type(type_of(c.type)), c.trino);
  }
}

TEST(EngineTypes, NamesAreQuotedAsEachEngineWants) {
  EXPECT_EQ(quoted_in_table(Engine::kAthena, "My`col"), "`my``col`");
  EXPECT_EQ(quoted_in_query(Engine::kAthena, "My\"col"), "\"my\"\"col\"");
  EXPECT_EQ(quoted_in_query(Engine::kSpark, "My col"), "`My col`");
  EXPECT_EQ(quoted_in_table(Engine::kDuckDb, "My col"), "\"My col\"");
  EXPECT_EQ(text_literal(Engine::kDuckDb, "it's\\"), "'it''s\\'");
  EXPECT_EQ(text_literal(Engine::kSpark, "it's\\"), "'it\\'s\\\\'");
}

TEST(EngineTypes, AStructsFieldThatHiveCannotNameIsRefused) {
  LogicalType type = type_of("struct<a: int64>");
  EXPECT_TRUE(check_hive_names({.name = "c", .type = type}));
  type.children.at(0).name = "a:b";
  const auto refused = check_hive_names({.name = "c", .type = type});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("the field \"a:b\" of column c"));
}

}  // namespace
}  // namespace lakegate
