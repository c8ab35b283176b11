#include "catalog/glue_tables.h"

#include <gmock/gmock.h>

#include "unit/catalog/tables.h"

namespace lakegate::glue {
namespace {

using testing::HasSubstr;

const DatasetTable& sales() {
  static const DatasetTable table = table_of(
      "datasets:\n  sales: {landing: s/*, mode: snapshot, partition_by: country}\n", kSales, 3);
  return table;
}

TEST(GlueTables, ADatasetIsAnExternalTableOfParquet) {
  EXPECT_EQ(dataset_input(sales()), Json::parse(R"({
    "Name": "sales",
    "StorageDescriptor": {
      "Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "at", "Type": "timestamp"},
                  {"Name": "_arrival_id", "Type": "string"},
                  {"Name": "_arrived_at", "Type": "timestamp"}, {"Name": "_row", "Type": "bigint"}],
      "Location": "s3://b/lake/curated/sales/",
      "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
      "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
      "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"}}},
    "PartitionKeys": [{"Name": "country", "Type": "string"}],
    "TableType": "EXTERNAL_TABLE",
    "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet", "lakegate.schema_version": "3"}
  })"));
}

TEST(GlueTables, APartitionHasItsFolderAndTheColumnsOfTheTable) {
  const Json input = partition_input(sales(), {"a/b"}, "country=a%2Fb");
  EXPECT_EQ(input.at("Values"), Json::parse(R"(["a/b"])"));
  EXPECT_EQ(input.at("StorageDescriptor").at("Location"),
            "s3://b/lake/curated/sales/country=a%2Fb/");
  EXPECT_EQ(input.at("StorageDescriptor").at("Columns"),
            dataset_input(sales()).at("StorageDescriptor").at("Columns"));
}

// The form in which Athena keeps its views in Glue: Presto's, a comment with JSON in base64.
TEST(GlueTables, AViewIsAQueryInBase64) {
  const Json input = view_input("db", "v", "SELECT 1 AS \"a\"", {{"a", "int", "integer"}});
  EXPECT_EQ(input.at("TableType"), "VIRTUAL_VIEW");
  EXPECT_EQ(input.at("ViewExpandedText"), "/* Presto View */");
  EXPECT_EQ(input.at("Parameters").at("presto_view"), "true");
  // {"originalSql":"SELECT 1 AS \"a\"","catalog":"awsdatacatalog","schema":"db",
  //  "columns":[{"name":"a","type":"integer"}]}, by base64(1)
  EXPECT_EQ(input.at("ViewOriginalText"),
            "/* Presto View: "
            "eyJvcmlnaW5hbFNxbCI6IlNFTEVDVCAxIEFTIFwiYVwiIiwiY2F0YWxvZyI6ImF3c2RhdGFjYXRhbG9nIiwic2"
            "NoZW1hIjoiZGIiLCJjb2x1bW5zIjpbeyJuYW1lIjoiYSIsInR5cGUiOiJpbnRlZ2VyIn1dfQ== */");
  EXPECT_EQ(input.at("StorageDescriptor").at("Columns"),
            Json::parse(R"([{"Name": "a", "Type": "int"}])"));
}

TEST(GlueTables, ViewsHaveAColumnForEachOfTheirQuery) {
  const Json latest = latest_input("db", sales());
  std::vector<std::string> names;
  for (const Json& column : latest.at("StorageDescriptor").at("Columns"))
    names.push_back(column.at("Name"));
  EXPECT_THAT(names, testing::ElementsAre("id", "country", "at"));
}

TEST(GlueTables, TypesOfRecordsHaveNoBackquotes) {
  for (const Json& input : {runs_input("s3://b/l"), reject_lines_input("s3://b/l")})
    EXPECT_EQ(input.dump().find('`'), std::string::npos);
  EXPECT_EQ(runs_input("s3://b/l").at("StorageDescriptor").at("Location"), "s3://b/l/_lake/runs/");
}

// What Glue adds to a table of its own accord.
Json existing(const DatasetTable& table) {
  Json json = dataset_input(table);
  json["DatabaseName"] = "db";
  json["CreateTime"] = 1;
  json["VersionId"] = "4";
  json["StorageDescriptor"]["Compressed"] = false;
  return json;
}

TEST(GlueMerge, WhatIsAsWantedIsLeftAlone) {
  const auto update = merged(existing(sales()), dataset_input(sales()));
  ASSERT_TRUE(update);
  EXPECT_FALSE(*update);
}

TEST(GlueMerge, ANewColumnIsAddedAndWhatOthersHaveAddedStays) {
  Json before = existing(sales());
  before["Description"] = "ours since 2019";
  before["Parameters"]["team"] = "sales";
  DatasetTable grown = sales();
  grown.schema_version = 4;
  grown.columns.insert(grown.columns.begin() + 2,
                       {.name = "price", .type = {LogicalType::Kind::kDouble}});
  const auto update = merged(before, dataset_input(grown));
  ASSERT_TRUE(update);
  ASSERT_TRUE(*update);
  EXPECT_EQ((*update)->at("Description"), "ours since 2019");
  EXPECT_EQ((*update)->at("Parameters").at("team"), "sales");
  EXPECT_EQ((*update)->at("Parameters").at("lakegate.schema_version"), "4");
  EXPECT_EQ((*update)->at("StorageDescriptor").at("Columns").at(2).at("Name"), "price");
  EXPECT_FALSE((*update)->contains("CreateTime"));  // no part of a TableInput
}

TEST(GlueMerge, ATableOfANewerSchemaKeepsItsColumns) {
  DatasetTable newer = sales();
  newer.schema_version = 10;
  newer.columns.push_back({.name = "z", .type = {LogicalType::Kind::kText}});
  const auto update = merged(existing(newer), dataset_input(sales()));
  ASSERT_TRUE(update);
  EXPECT_FALSE(*update);
}

TEST(GlueMerge, AColumnThatSomebodyHasChangedIsRepaired) {
  Json before = existing(sales());
  before["StorageDescriptor"]["Columns"][0]["Type"] = "string";
  const auto update = merged(before, dataset_input(sales()));
  ASSERT_TRUE(update);
  ASSERT_TRUE(*update);
  EXPECT_EQ((*update)->at("StorageDescriptor").at("Columns").at(0).at("Type"), "bigint");
}

TEST(GlueMerge, OtherPartitionColumnsCannotBeChanged) {
  DatasetTable other = sales();
  other.partitions.at(0).name = "dt";
  const auto update = merged(existing(other), dataset_input(sales()));
  ASSERT_FALSE(update);
  EXPECT_EQ(update.error().kind, ErrorKind::kConflict);
  EXPECT_THAT(update.error().message, HasSubstr("has other partition columns"));
}

}  // namespace
}  // namespace lakegate::glue
