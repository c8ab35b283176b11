// The catalog in Glue, as moto simulates it.
#include "catalog/glue_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "aws/session.h"
#include "catalog/register.h"
#include "stores/memory_store.h"
#include "unit/catalog/tables.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const char* const kYaml =
    "datasets:\n  sales: {landing: s/*, mode: snapshot, partition_by: country}\n";

class GlueCatalogTest : public testing::Test {
 protected:
  void SetUp() override {
    auto session = AwsSession::open();
    ASSERT_TRUE(session) << session.error().to_string();
    session_ = *session;
    auto glue = session_->service("glue");
    ASSERT_TRUE(glue) << glue.error().to_string();
    glue_ = *glue;
    static std::atomic<int> databases = 0;
    database_ = "db" + std::to_string(databases++);
    ask("CreateDatabase", {{"DatabaseInput", {{"Name", database_}}}});
    catalog_ = make_glue_catalog(glue_, database_);
  }

  // A call of Glue's API by the test itself.
  Json ask(const std::string& operation, Json body) const {
    AwsRequest request;
    request.headers = {{"X-Amz-Target", "AWSGlue." + operation},
                       {"Content-Type", "application/x-amz-json-1.1"}};
    request.body = std::make_shared<const std::string>(body.dump());
    const auto reply = glue_->call(std::move(request));
    EXPECT_TRUE(reply) << reply.error().to_string();
    if (!reply || reply->fault) {
      ADD_FAILURE() << operation << ": " << (reply ? reply->fault->message : "");
      return Json::object();
    }
    return Json::parse(reply->http.body.empty() ? "{}" : reply->http.body);
  }
  Json table(const std::string& name) const {
    return ask("GetTable", {{"DatabaseName", database_}, {"Name", name}}).value("Table", Json());
  }
  std::vector<std::string> tables() const {
    std::vector<std::string> names;
    const Json reply = ask("GetTables", {{"DatabaseName", database_}});
    for (const Json& table : reply.at("TableList")) names.push_back(table.at("Name"));
    return names;
  }
  // The first value of each partition.
  std::vector<std::string> partitions(const std::string& table) const {
    std::vector<std::string> values;
    Json request = {{"DatabaseName", database_}, {"TableName", table}};
    for (;;) {
      const Json reply = ask("GetPartitions", request);
      for (const Json& partition : reply.at("Partitions"))
        values.push_back(partition.at("Values").at(0));
      if (reply.value("NextToken", "").empty()) return values;
      request["NextToken"] = reply.at("NextToken");
    }
  }
  CatalogChanges add(const DatasetTable& table, const std::vector<std::string>& partitions) {
    const auto changes = catalog_->add(table, partitions);
    EXPECT_TRUE(changes) << changes.error().to_string();
    return changes.value_or(CatalogChanges{});
  }

  std::shared_ptr<AwsSession> session_;
  std::shared_ptr<ServiceClient> glue_;
  std::string database_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(GlueCatalogTest, TableViewsAndPartitionsAreMadeOnce) {
  const DatasetTable sales = table_of(kYaml, kSales);
  const CatalogChanges first = add(sales, {"country=DE", "country=a%2Fb"});
  EXPECT_THAT(first.created, ElementsAre("sales", "sales_history", "sales_latest"));
  EXPECT_EQ(first.partitions_added, 2u);
  EXPECT_THAT(partitions("sales"), UnorderedElementsAre("DE", "a/b"));
  EXPECT_EQ(table("sales").at("StorageDescriptor").at("Location"), "s3://b/lake/curated/sales/");
  EXPECT_EQ(table("sales_latest").at("TableType"), "VIRTUAL_VIEW");

  EXPECT_FALSE(add(sales, {"country=DE"}).any());
  catalog_ = make_glue_catalog(glue_, database_);  // as another process
  EXPECT_FALSE(add(sales, {"country=DE", "country=a%2Fb"}).any());
  EXPECT_EQ(add(sales, {"country=FR"}).partitions_added, 1u);
}

TEST_F(GlueCatalogTest, MorePartitionsThanOneRequestTakes) {
  std::vector<std::string> many;
  for (int i = 0; i < 1'250; ++i) many.push_back("country=c" + std::to_string(i));
  EXPECT_EQ(add(table_of(kYaml, kSales), many).partitions_added, 1'250u);
  EXPECT_EQ(partitions("sales").size(), 1'250u);
  const auto repaired =
      catalog_->repair(table_of(kYaml, kSales), {many.begin(), many.begin() + 40});
  ASSERT_TRUE(repaired) << repaired.error().to_string();
  EXPECT_EQ(repaired->partitions_removed, 1'210u);
  EXPECT_EQ(partitions("sales").size(), 40u);
}

TEST_F(GlueCatalogTest, NewColumnsAreAddedAlsoToPartitionsThatWereThere) {
  add(table_of(kYaml, kSales, 1), {"country=DE"});
  Schema grown = kSales;
  grown.fields.push_back({.name = "price", .type = {LogicalType::Kind::kDouble}});
  const CatalogChanges changes = add(table_of(kYaml, grown, 2), {"country=DE"});
  EXPECT_THAT(changes.updated, ElementsAre("sales", "sales_history", "sales_latest"));
  EXPECT_EQ(changes.partitions_added, 0u);
  const Json reply = ask("GetPartitions", {{"DatabaseName", database_}, {"TableName", "sales"}});
  for (const Json& storage : {table("sales").at("StorageDescriptor"),
                              reply.at("Partitions").at(0).at("StorageDescriptor")})
    EXPECT_THAT(storage.at("Columns").dump(), HasSubstr(R"("Name":"price","Type":"double")"));
  // A process that has not seen the new version yet takes nothing away.
  catalog_ = make_glue_catalog(glue_, database_);
  add(table_of(kYaml, kSales, 1), {"country=DE"});
  EXPECT_THAT(table("sales").at("StorageDescriptor").at("Columns").dump(), HasSubstr("price"));
}

TEST_F(GlueCatalogTest, RepairPutsBackWhatSomebodyHasChanged) {
  const DatasetTable sales = table_of(kYaml, kSales);
  add(sales, {"country=DE", "country=FR"});
  ask("DeleteTable", {{"DatabaseName", database_}, {"Name", "sales_latest"}});
  ask("DeletePartition", {{"DatabaseName", database_},
                          {"TableName", "sales"},
                          {"PartitionValues", Json::array({"FR"})}});
  ask("CreatePartition",
      {{"DatabaseName", database_},
       {"TableName", "sales"},
       {"PartitionInput",
        {{"Values", Json::array({"XX"})}, {"StorageDescriptor", Json::object()}}}});
  const auto changes = catalog_->repair(sales, {"country=DE", "country=FR"});
  ASSERT_TRUE(changes) << changes.error().to_string();
  EXPECT_THAT(changes->created, ElementsAre("sales_latest"));
  EXPECT_THAT(changes->updated, IsEmpty());
  EXPECT_EQ(changes->partitions_added, 1u);
  EXPECT_EQ(changes->partitions_removed, 1u);
  EXPECT_THAT(partitions("sales"), UnorderedElementsAre("DE", "FR"));
}

TEST_F(GlueCatalogTest, ProcessesThatRegisterAtOnceDoNotDisturbEachOther) {
  std::vector<std::jthread> processes;
  std::atomic<int> failures = 0;
  for (int p = 0; p < 8; ++p)
    processes.emplace_back([&, p] {
      const auto catalog = make_glue_catalog(glue_, database_);
      for (int i = 0; i < 4; ++i) {
        const auto done = catalog->add(table_of(kYaml, kSales, 1 + i % 2),
                                       {"country=all", "country=p" + std::to_string((p + i) % 5)});
        if (!done) {
          ADD_FAILURE() << done.error().to_string();
          ++failures;
        }
      }
    });
  processes.clear();
  EXPECT_EQ(failures, 0);
  EXPECT_THAT(tables(), UnorderedElementsAre("sales", "sales_history", "sales_latest"));
  EXPECT_THAT(partitions("sales"), UnorderedElementsAre("all", "p0", "p1", "p2", "p3", "p4"));
}

TEST_F(GlueCatalogTest, RunsAndRejectsAreTables) {
  const auto changes = catalog_->add_records("s3://b/lake");
  ASSERT_TRUE(changes) << changes.error().to_string();
  EXPECT_THAT(tables(),
              UnorderedElementsAre("lakegate_runs", "lakegate_reject_lines", "lakegate_rejects"));
  EXPECT_FALSE(catalog_->add_records("s3://b/lake")->any());
}

TEST_F(GlueCatalogTest, AMissingDatabaseIsSaidWithItsCure) {
  const auto done = make_glue_catalog(glue_, "nowhere")->add(table_of(kYaml, kSales), {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(done.error().message, HasSubstr("aws glue create-database"));
}

TEST_F(GlueCatalogTest, OtherPartitionColumnsAreNotForced) {
  add(table_of(kYaml, kSales), {"country=DE"});
  const auto done = catalog_->add(table_of("datasets:\n  sales: {landing: s/*}\n", kSales), {});
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("has other partition columns"));
  EXPECT_THAT(partitions("sales"), ElementsAre("DE"));
}

TEST_F(GlueCatalogTest, ARunIsRegisteredByTheSchemaThatTheLakeRemembers) {
  const auto memory = make_memory_store();
  ObjectStore& store = *memory;
  DatasetConfig dataset;
  dataset.name = DatasetName("d");
  RunRecord run;
  run.outputs = {
      {.key = ObjectKey("curated/d/dt=2026-01-01/a.parquet"), .partition = "dt=2026-01-01"},
      {.key = ObjectKey("curated/d/dt=2026-01-01/b.parquet"), .partition = "dt=2026-01-01"}};
  EXPECT_EQ(register_run(*catalog_, store, "s3://b", dataset, run).error().kind,
            ErrorKind::kNotFound);
  const RememberedSchema remembered = {{{.version = 1, .schema = kSales, .because = "first"}}};
  ASSERT_TRUE(store.put(ObjectKey("_lake/schemas/d.json"), to_json(remembered)));
  const auto changes = register_run(*catalog_, store, "s3://b", dataset, run);
  ASSERT_TRUE(changes) << changes.error().to_string();
  EXPECT_EQ(changes->partitions_added, 1u);
  EXPECT_THAT(partitions("d"), ElementsAre("2026-01-01"));
  EXPECT_FALSE(register_run(*catalog_, store, "s3://b", dataset, run)->any());

  const auto synced = sync_dataset(*catalog_, store, "s3://b", dataset, {});
  ASSERT_TRUE(synced) << synced.error().to_string();
  EXPECT_EQ(synced->partitions_removed, 1u);
}

}  // namespace
}  // namespace lakegate
