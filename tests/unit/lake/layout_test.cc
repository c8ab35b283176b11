#include "lake/layout.h"

#include <gtest/gtest.h>

#include "lake/arrival.h"
#include "lake/partition.h"

namespace lakegate {
namespace {

using namespace layout;

TEST(Layout, StemOfALandedName) {
  const std::pair<const char*, const char*> cases[] = {
      {"landing/equipment/russia_losses.csv", "russia-losses"},
      {"landing/a/b.csv.gz", "b"},
      {"landing/a/B.CSV", "B"},
      {"landing/a/b.json.zst", "b"},
      {"landing/a/2024.01.02.parquet", "2024.01.02"},
      {"landing/a/b.csv.csv", "b.csv"},
      {"landing/a/no_suffix", "no-suffix"},
      {"landing/a/--x.csv", "x"},
      {"landing/a/Größe 1.csv", "Gr--e-1"},
      {"landing/a/日本.csv", "file"},
      {"landing/a/x.gz", "x"},
  };
  for (const auto& [key, stem] : cases) EXPECT_EQ(output_stem(ObjectKey(key)), stem) << key;
  const std::string long_name = "landing/a/" + std::string(250, 'x') + ".csv";
  EXPECT_LE(output_stem(ObjectKey(long_name)).size() + 60, 255U);
}

TEST(Layout, Keys) {
  OutputName name{.dataset = DatasetName("sales"),
                  .partition = "dt=2026-11-23",
                  .stem = "a",
                  .arrival = ArrivalId("0123456789abcdef0123")};
  EXPECT_EQ(curated_key(name).str(), "curated/sales/dt=2026-11-23/a-0123456789abcdef0123.parquet");
  EXPECT_EQ(rejected_key(name).str(), "rejected/sales/dt=2026-11-23/a-0123456789abcdef0123.ndjson");
  EXPECT_EQ(rejected_copy_key(name, ObjectKey("landing/sales/a.NDJSON.gz")).str(),
            "rejected/sales/dt=2026-11-23/a-0123456789abcdef0123.landed.ndjson.gz");
  name.partition.clear();
  name.generation = 2;
  name.part = 7;
  EXPECT_EQ(curated_key(name).str(), "curated/sales/a-0123456789abcdef0123-g2-007.parquet");
  EXPECT_EQ(claim_key(name.dataset, name.arrival).str(),
            "_lake/claims/sales/0123456789abcdef0123.json");
  EXPECT_EQ(run_key(name.dataset, name.arrival).str(),
            "_lake/runs/sales/0123456789abcdef0123.json");
  EXPECT_EQ(failure_key(name.dataset, name.arrival).str(),
            "_lake/failures/sales/0123456789abcdef0123.json");
  EXPECT_EQ(failure_rejects_key(name.dataset, name.arrival).str(),
            "_lake/failures/sales/0123456789abcdef0123.ndjson");
  EXPECT_EQ(schema_key(name.dataset).str(), "_lake/schemas/sales.json");
}

TEST(Layout, OutputsAreOfTheArrivalThatTheirNameEndsWith) {
  const ArrivalId id("3f2a9c0d11e24b57a890");
  const auto generation = [&](const std::string& name) {
    return layout::generation_of(ObjectKey("curated/d/dt=2026-01-01/" + name), id);
  };
  for (const int number : {1, 2, 12})
    for (const int part : {0, 1, 1234})
      EXPECT_EQ(layout::generation_of(layout::curated_key({.dataset = DatasetName("d"),
                                                           .partition = "",
                                                           .stem = "a",
                                                           .arrival = id,
                                                           .generation = number,
                                                           .part = part}),
                                      id),
                number);
  EXPECT_EQ(generation("a-" + id.str() + ".ndjson"), 1);
  EXPECT_EQ(generation("a-" + id.str() + "-00112233445566778899.parquet"), std::nullopt);
  EXPECT_EQ(generation("a-" + id.str() + "-g2-00112233445566778899.parquet"), std::nullopt);
  EXPECT_EQ(generation("a-00112233445566778899.parquet"), std::nullopt);
}

TEST(Layout, LoadKeysStayInsideTheirFolder) {
  const ArrivalId id("0123456789abcdef0123");
  EXPECT_EQ(load_key(TableName("prod_Sales.v1"), id).str(),
            "_lake/loads/prod_Sales.v1/0123456789abcdef0123.json");
  EXPECT_EQ(load_key(TableName(".."), id).str(), "_lake/loads/%2E%2E/0123456789abcdef0123.json");
  EXPECT_EQ(load_key(TableName("a/b"), id).str(), "_lake/loads/a%2Fb/0123456789abcdef0123.json");
}

TEST(Layout, IgnoredKeys) {
  for (const char* key :
       {"landing/_x/a.csv", "landing/a/.b.csv", "landing/a/_SUCCESS", "landing/a/b.csv.filepart",
        "landing/a/b.tmp", "landing/a/", "landing/", "landing/.git/a/b", "landing/a/b.TMP"})
    EXPECT_TRUE(is_ignored_landing_key(ObjectKey(key))) << key;
  for (const char* key :
       {"landing/a/b.csv", "landing/a_b/c_.csv", "landing/a/tmp", "landing/a.csv"})
    EXPECT_FALSE(is_ignored_landing_key(ObjectKey(key))) << key;
}

TEST(Partition, FoldersAreEncodedAsHiveDoes) {
  const std::pair<const char*, const char*> cases[] = {
      {"plain", "c=plain"},
      {"with blank", "c=with blank"},
      {"a/b", "c=a%2Fb"},
      {"x=y", "c=x%3Dy"},
      {"100%", "c=100%25"},
      {"ü", "c=ü"},
      {"a:b", "c=a%3Ab"},
      {"..", "c=%2E%2E"},
      {".", "c=%2E"},
      {"a.b", "c=a.b"},
      {"quo'te", "c=quo%27te"},
      {"tab\t", "c=tab%09"},
      {"del\x7F", "c=del%7F"},
      {"{[]^\\", "c=%7B%5B%5D%5E%5C"},
      {"__HIVE_DEFAULT_PARTITION__", "c=%5F_HIVE_DEFAULT_PARTITION__"},
  };
  for (const auto& [value, folder] : cases) EXPECT_EQ(partition_folder("c", value), folder);
  EXPECT_EQ(partition_folder("a=b", ""), "a%3Db=");
}

TEST(Partition, TimeUnits) {
  const std::string iso = "2026-11-23T04:22:44.123456789Z";
  EXPECT_EQ(truncate_iso(iso, TimeUnit::kYear), "2026");
  EXPECT_EQ(truncate_iso(iso, TimeUnit::kMonth), "2026-11");
  EXPECT_EQ(truncate_iso(iso, TimeUnit::kDay), "2026-11-23");
  EXPECT_EQ(truncate_iso(iso, TimeUnit::kHour), "2026-11-23T04");
  EXPECT_EQ(time_unit_from("hour"), TimeUnit::kHour);
  EXPECT_EQ(time_unit_from("week"), std::nullopt);
}

TEST(ArrivalId, DependsOnEveryFieldAndOnTheirBorders) {
  const auto at = *instant_from_iso("2026-11-23T04:22:44.123456789Z");
  const auto id = [&](const char* dataset, const char* key, const char* version, std::uint64_t size,
                      Instant time) {
    return make_arrival_id(DatasetName(dataset), ObjectKey(key), version, size, time).str();
  };
  const std::string base = id("d", "landing/a", "v", 1, at);
  EXPECT_EQ(base.size(), 20U);
  EXPECT_EQ(base, id("d", "landing/a", "v", 1, at));
  EXPECT_NE(base, id("e", "landing/a", "v", 1, at));
  EXPECT_NE(base, id("d", "landing/b", "v", 1, at));
  EXPECT_NE(base, id("d", "landing/a", "w", 1, at));
  EXPECT_NE(base, id("d", "landing/a", "v", 2, at));
  EXPECT_NE(base, id("d", "landing/a", "v", 1, at + std::chrono::nanoseconds(1)));
  EXPECT_NE(id("d", "ab", "c", 1, at), id("d", "a", "bc", 1, at));
  // Ids name files that outlive the process: this value must never change.
  EXPECT_EQ(base, "b97f54cc53bb240d3996");
}

}  // namespace
}  // namespace lakegate
