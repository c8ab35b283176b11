#include "catalog/ddl.h"

#include <gmock/gmock.h>

#include "unit/catalog/tables.h"

namespace lakegate {
namespace {

using testing::HasSubstr;
using testing::Not;

const char* const kUpsert =
    "datasets:\n  sales: {landing: s/*, mode: upsert, key: [id, country], partition_by: country}\n";

TEST(Ddl, Athena) {
  const auto ddl = dataset_ddl(table_of(kUpsert, kSales), Engine::kAthena);
  ASSERT_TRUE(ddl) << ddl.error().to_string();
  EXPECT_EQ(*ddl, R"(-- sales: every row that the dataset ever had
CREATE EXTERNAL TABLE IF NOT EXISTS `sales` (
  `id` bigint,
  `at` timestamp,
  `_arrival_id` string,
  `_arrived_at` timestamp,
  `_row` bigint)
PARTITIONED BY (
  `country` string)
STORED AS PARQUET
LOCATION 's3://b/lake/curated/sales/';

-- again whenever partitions were added
MSCK REPAIR TABLE `sales`;

CREATE OR REPLACE VIEW "sales_history" AS
SELECT "id", "country", "at", "_arrival_id", "_arrived_at", "_row"
FROM "sales";

CREATE OR REPLACE VIEW "sales_latest" AS
SELECT "id", "country", "at"
FROM (
  SELECT *, row_number() OVER (
    PARTITION BY "id", "country"
    ORDER BY "_arrived_at" DESC, "_arrival_id" DESC, "_row" DESC) AS "_newest"
  FROM "sales") AS newest
WHERE "_newest" = 1;
)");
}

TEST(Ddl, SparkSnapshotWithoutFolders) {
  const auto ddl =
      dataset_ddl(table_of("datasets:\n  d: {landing: d/*, mode: snapshot, partition_by: []}\n",
                           {{{.name = "v", .type = type_of("struct<a: list<timestamp>>")}}}, 1,
                           "s3a://b/it's/"),
                  Engine::kSpark);
  ASSERT_TRUE(ddl) << ddl.error().to_string();
  EXPECT_EQ(*ddl, R"(-- d: every row that the dataset ever had
CREATE TABLE IF NOT EXISTS `d` (
  `v` STRUCT<`a`: ARRAY<TIMESTAMP_NTZ>>,
  `_arrival_id` STRING,
  `_arrived_at` TIMESTAMP,
  `_row` BIGINT)
USING PARQUET
LOCATION 's3a://b/it\'s/curated/d/';

CREATE OR REPLACE VIEW `d_history` AS
SELECT `v`, `_arrival_id`, `_arrived_at`, `_row`
FROM `d`;

-- needs lakegate_runs
CREATE OR REPLACE VIEW `d_latest` AS
SELECT `v`
FROM `d`
WHERE `_arrival_id` IN (
  SELECT max_by(arrival.id, concat(arrival.arrived_at, '/', arrival.id))
  FROM `lakegate_runs`
  WHERE arrival.dataset = 'd'
  GROUP BY arrival.key);
)");
}

TEST(Ddl, DuckDbReadsFilesOfEveryVersionOfTheSchema) {
  const auto ddl = dataset_ddl(
      table_of("datasets:\n  d: {landing: d/*}\n", kSales, 1, "/data/lake"), Engine::kDuckDb);
  ASSERT_TRUE(ddl) << ddl.error().to_string();
  EXPECT_THAT(
      *ddl,
      HasSubstr("SELECT \"id\", \"country\", \"at\", \"_arrival_id\", \"_arrived_at\", \"_row\", "
                "\"dt\"\nFROM read_parquet('/data/lake/curated/d/**/*.parquet', union_by_name = "
                "true, hive_partitioning = true, hive_types = {\"dt\": VARCHAR});\n"));
  EXPECT_THAT(*ddl, HasSubstr("CREATE OR REPLACE VIEW \"d_latest\" AS\nSELECT \"id\", \"country\", "
                              "\"at\", \"dt\"\nFROM \"d\";\n"));
}

TEST(Ddl, WithoutLineageThereIsNoLatestOfASnapshot) {
  const auto ddl = dataset_ddl(
      table_of("datasets:\n  d: {landing: d/*, mode: snapshot, lineage: false}\n", kSales),
      Engine::kDuckDb);
  ASSERT_TRUE(ddl);
  EXPECT_THAT(*ddl, Not(HasSubstr("VIEW \"d_latest\"")));
  EXPECT_THAT(*ddl, HasSubstr("-- no d_latest: without lineage"));
}

TEST(Ddl, AthenaReadsRecordsAsLinesOfJson) {
  EXPECT_THAT(runs_ddl("s3://b/lake", Engine::kAthena),
              HasSubstr("ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\nLOCATION "
                        "'s3://b/lake/_lake/runs/';\n"));
  const std::string rejects = rejects_ddl("s3://b/lake/", Engine::kAthena);
  EXPECT_THAT(rejects, HasSubstr("LOCATION 's3://b/lake/rejected/';\n"));
  EXPECT_THAT(rejects,
              HasSubstr("WHERE regexp_like(\"$path\", '-[0-9a-f]{20}(-g[0-9]+)?[.]ndjson$');\n"));
}

}  // namespace
}  // namespace lakegate
