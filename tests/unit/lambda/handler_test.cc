// The function on a lake in memory: what each event brings about, what is answered, what is logged.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "lake/layout.h"
#include "lambda/handler.h"
#include "stores/memory_store.h"
#include "tables/memory_tables.h"

namespace lakegate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

const char* const kLakeYaml = R"(
datasets:
  sales:
    landing: sales/*.csv
    max_rejects: 1
    schema:
      - {name: id, type: int64}
      - {name: v, type: text}
    serve: {table: Sales, key: [id]}
  plain:
    landing: plain/*.csv
)";

Json s3_record(const std::string& key, const std::string& bucket = "b") {
  return {{"eventVersion", "2.1"},
          {"eventName", "ObjectCreated:Put"},
          {"s3", {{"bucket", {{"name", bucket}}}, {"object", {{"key", key}}}}}};
}
std::string s3_event(const std::string& key, const std::string& bucket = "b") {
  return Json({{"Records", Json::array({s3_record(key, bucket)})}}).dump();
}
std::string queue_event(const std::vector<std::string>& bodies) {
  Json records = Json::array();
  for (std::size_t i = 0; i < bodies.size(); ++i)
    records.push_back({{"messageId", "m" + std::to_string(i + 1)},
                       {"body", bodies[i]},
                       {"eventSource", "aws:sqs"}});
  return Json({{"Records", records}}).dump();
}

// The handler owns its store; the test keeps looking into it.
class Shared : public ObjectStore {
 public:
  explicit Shared(std::shared_ptr<ObjectStore> store) : store_(std::move(store)) {}
  std::string describe() const override { return store_->describe(); }
  Result<std::vector<ObjectInfo>> list(std::string_view p) const override {
    return store_->list(p);
  }
  Result<ObjectInfo> head(const ObjectKey& k) const override { return store_->head(k); }
  Result<std::shared_ptr<Input>> open(const ObjectKey& k) const override {
    if (on_open) on_open();
    return store_->open(k);
  }
  Result<Blob> get(const ObjectKey& k) const override { return store_->get(k); }
  Result<std::unique_ptr<PendingObject>> create(const ObjectKey& k) override {
    return store_->create(k);
  }
  Result<void> put(const ObjectKey& k, std::string_view b) override { return store_->put(k, b); }
  Result<void> put_if_absent(const ObjectKey& k, std::string_view b) override {
    return store_->put_if_absent(k, b);
  }
  Result<void> put_if_match(const ObjectKey& k, std::string_view b, const std::string& t) override {
    return store_->put_if_match(k, b, t);
  }
  Result<void> remove(const ObjectKey& k) override { return store_->remove(k); }
  Result<std::unique_ptr<Lease>> lease(std::string_view n) override { return store_->lease(n); }
  Result<std::unique_ptr<Lease>> try_lease(std::string_view n) override {
    return store_->try_lease(n);
  }
  Result<void> sweep() override { return store_->sweep(); }

  std::function<void()> on_open;

 private:
  std::shared_ptr<ObjectStore> store_;
};

// Tables that outlive the handler.
class Borrowed : public TableServer {
 public:
  explicit Borrowed(TableServer& tables) : tables_(tables) {}
  std::string describe() const override { return tables_.describe(); }
  Result<std::unique_ptr<Table>> open(const TableDefinition& d) override { return tables_.open(d); }

 private:
  TableServer& tables_;
};

class HandlerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    put("lake.yaml", kLakeYaml);
    start(LakeName{.bucket = "b", .prefix = "lake/"});
  }

  void start(std::optional<LakeName> name, Environment variables = {}) {
    auto store = std::make_unique<Shared>(store_);
    shared_ = store.get();
    log_.clear();
    LakeTools tools{
        .store = nullptr,
        .name = std::move(name),
        .config = {.env = {}, .variables = variables},
        .resources = {.threads = 1},
        .open_tables = [this](const std::string&,
                              const std::string&) -> Result<std::unique_ptr<TableServer>> {
          return std::make_unique<Borrowed>(*tables_);
        },
        .announce = [this](const RunRecord& record) -> Result<void> {
          announced_.push_back(record.arrival.id.str());
          if (announcing_fails_) return fail(ErrorKind::kRetryable, "no bus");
          return {};
        },
        .register_run = [this](const ObjectStore&, const Config&, const DatasetConfig& dataset,
                               const RunRecord& record) -> Result<void> {
          registered_.push_back(fmt::format("{} {}", dataset.name.str(), record.generation));
          if (registering_fails_) return fail(ErrorKind::kRetryable, "no catalog");
          return {};
        }};
    handler_ = std::make_unique<Handler>(
        std::move(store), std::move(tools),
        HandlerOptions{.function = "convert",
                       .margins = margins_,
                       .secrets = Secrets(variables),
                       .log = [this](std::string_view line) { log_.emplace_back(line); }});
  }

  void put(const std::string& key, const std::string& content) {
    ASSERT_TRUE(store_->put(ObjectKey(key), content));
  }

  Result<std::string> handle(const std::string& event,
                             std::optional<std::chrono::milliseconds> left = std::nullopt) {
    Invocation invocation{.request_id = "request-1", .trace_id = {}, .deadline = std::nullopt};
    if (left) invocation.deadline = Deadline::Clock::now() + *left;
    return handler_->handle(event, invocation);
  }
  // Of an event that no queue brought: the outcome of its one task.
  std::string outcome(const std::string& event) {
    const auto answer = handle(event);
    if (!answer) return "error: " + answer.error().to_string();
    const Json json = Json::parse(*answer);
    EXPECT_THAT(json["tasks"], SizeIs(1));
    return json["tasks"][0]["outcome"];
  }
  std::vector<std::string> failed_messages(const std::string& event) {
    const auto answer = handle(event);
    EXPECT_TRUE(answer) << (answer ? "" : answer.error().to_string());
    std::vector<std::string> ids;
    if (!answer) return ids;
    const Json json = Json::parse(*answer);
    for (const auto& failure : json.at("batchItemFailures"))
      ids.push_back(failure.at("itemIdentifier"));
    return ids;
  }
  std::vector<std::string> keys(std::string_view prefix) {
    std::vector<std::string> found;
    const auto objects = store_->list(prefix).value();
    for (const ObjectInfo& object : objects) found.push_back(object.key.str());
    return found;
  }
  Json logged(std::size_t i) { return Json::parse(log_.at(i)); }

  std::shared_ptr<ObjectStore> store_ = make_memory_store();
  std::unique_ptr<MemoryTables> tables_ = make_memory_tables();
  Shared* shared_ = nullptr;
  std::unique_ptr<Handler> handler_;
  std::vector<std::string> log_, announced_, registered_;
  bool announcing_fails_ = false, registering_fails_ = false;
  Margins margins_;
};

TEST_F(HandlerTest, LandingIsConvertedOnceAndItsRunRecordIsLoadedOnce) {
  put("landing/sales/a b.csv", "id,v\n1,x\n2,y\n");
  EXPECT_EQ(outcome(s3_event("lake/landing/sales/a+b.csv")), "committed");
  EXPECT_THAT(keys("curated/"), SizeIs(1));
  EXPECT_THAT(tables_->rows(TableName("Sales")), IsEmpty()) << "loading is the run record's matter";
  const auto everything = keys("");
  EXPECT_EQ(outcome(s3_event("lake/landing/sales/a+b.csv")), "already_done");
  EXPECT_EQ(keys(""), everything);

  const auto runs = keys("_lake/runs/");
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(outcome(s3_event("lake/" + runs[0])), "loaded");
  EXPECT_THAT(tables_->rows(TableName("Sales")), SizeIs(2));
  EXPECT_EQ(outcome(s3_event("lake/" + runs[0])), "already_loaded");
}

TEST_F(HandlerTest, WhatLakegateWroteItselfIsAcknowledgedAndIgnored) {
  for (const char* key : {"curated/sales/dt=2020-01-01/a-0123.parquet", "rejected/sales/x.ndjson",
                          "_lake/claims/sales/0.json", "_lake/failures/sales/0.json",
                          "_lake/schemas/sales.json", "_lake/loads/Sales/0.json", "lake.yaml",
                          "landing/sales/.hidden.csv", "landing/sales/a.csv.tmp"})
    EXPECT_EQ(outcome(s3_event("lake/" + std::string(key))), "ignored") << key;
}

TEST_F(HandlerTest, WhatIsNotOfThisLakeIsRefused) {
  EXPECT_THAT(outcome(s3_event("lake/landing/sales/a.csv", "other")),
              HasSubstr("s3://other/lake/landing/sales/a.csv is not in the lake s3://b/lake/"));
  EXPECT_THAT(outcome(s3_event("lakes/landing/sales/a.csv")), HasSubstr("is not in the lake"));
  EXPECT_THAT(outcome(s3_event("landing/sales/a.csv")), HasSubstr("is not in the lake"));
  EXPECT_THAT(outcome(s3_event("lake/elsewhere/a.csv")), HasSubstr("neither in landing/"));
  EXPECT_THAT(outcome(R"({"run": {"lake": "s3://b/lakes", "key": "landing/sales/a.csv"}})"),
              HasSubstr("the message is about the lake s3://b/lakes"));
}

TEST_F(HandlerTest, ADirectoryStandsForAnyBucket) {
  start(std::nullopt);
  put("landing/plain/a.csv", "x\n1\n");
  EXPECT_EQ(outcome(s3_event("landing/plain/a.csv", "whatever")), "committed");
}

TEST_F(HandlerTest, AMissingObjectIsNoSuccess) {
  EXPECT_THAT(outcome(s3_event("lake/landing/sales/gone.csv")), HasSubstr("error:"));
  EXPECT_THAT(outcome(s3_event("lake/_lake/runs/sales/0123.json")), HasSubstr("error:"));
  EXPECT_THAT(failed_messages(queue_event({s3_event("lake/landing/sales/gone.csv")})),
              ElementsAre("m1"));
}

TEST_F(HandlerTest, AnObjectOfNoDatasetIsNoSuccess) {
  put("landing/unknown/a.csv", "x\n1\n");
  EXPECT_THAT(outcome(s3_event("lake/landing/unknown/a.csv")), HasSubstr("belongs to no dataset"));
}

TEST_F(HandlerTest, WithoutLakeYamlEachFolderIsADataset) {
  ASSERT_TRUE(store_->remove(ObjectKey("lake.yaml")));
  put("landing/My Sales/a.csv", "x\n1\n");
  EXPECT_EQ(outcome(s3_event("lake/landing/My+Sales/a.csv")), "committed");
  const auto runs = keys("_lake/runs/my_sales/");
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(outcome(s3_event("lake/" + runs[0])), "ignored") << "it is served from no table";
}

TEST_F(HandlerTest, AMessageFailsIfAnyOfItsRecordsFails) {
  put("landing/plain/a.csv", "x\n1\n");
  put("landing/plain/b.csv", "x\n1\n");
  const std::string good = s3_event("lake/landing/plain/a.csv");
  const std::string mixed =
      Json({{"Records",
             {s3_record("lake/landing/plain/b.csv"), s3_record("lake/landing/plain/gone.csv")}}})
          .dump();
  EXPECT_THAT(failed_messages(queue_event({good, mixed, "poison", good})), ElementsAre("m2", "m3"));
  EXPECT_THAT(keys("_lake/runs/plain/"), SizeIs(2)) << "what could be done was done";
  EXPECT_THAT(failed_messages(queue_event({good})), IsEmpty());
}

TEST_F(HandlerTest, BadInputFailsFromItsRecordOnEveryDelivery) {
  put("landing/sales/bad.csv", "id,v\nx,1\ny,2\nz,3\n");
  const std::string event = queue_event({s3_event("lake/landing/sales/bad.csv")});
  EXPECT_THAT(failed_messages(event), ElementsAre("m1"));
  EXPECT_EQ(logged(0)["outcome"], "failed");
  EXPECT_THAT(keys("_lake/failures/sales/"), Not(IsEmpty()));
  int reads = 0;
  shared_->on_open = [&] { ++reads; };
  EXPECT_THAT(failed_messages(event), ElementsAre("m1"));
  EXPECT_EQ(logged(1)["outcome"], "failed_before");
  EXPECT_EQ(reads, 0) << "no work is repeated";
  EXPECT_THAT(keys("curated/"), IsEmpty());
}

TEST_F(HandlerTest, NothingIsBegunTenSecondsBeforeTheDeadline) {
  put("landing/plain/a.csv", "x\n1\n");
  const std::string message = s3_event("lake/landing/plain/a.csv");
  const auto answer = handle(queue_event({message, message}), std::chrono::milliseconds(9'900));
  ASSERT_TRUE(answer);
  EXPECT_THAT(Json::parse(*answer)["batchItemFailures"], SizeIs(2));
  EXPECT_THAT(keys("_lake/"), IsEmpty());
  EXPECT_EQ(logged(0)["outcome"], "not_begun");
  EXPECT_EQ(handle(message, std::chrono::milliseconds(9'900)).error().kind, ErrorKind::kRetryable);
}

TEST_F(HandlerTest, WorkStopsBeforeTheDeadlineAndPublishesNothing) {
  put("landing/plain/a.csv", "x\n1\n");
  const std::string message = s3_event("lake/landing/plain/a.csv");
  margins_ = {.to_begin = std::chrono::milliseconds(100), .to_stop = std::chrono::milliseconds(50)};
  start(LakeName{.bucket = "b", .prefix = "lake/"});
  // Enough to begin; but opening the object takes until the time is over.
  shared_->on_open = [] { std::this_thread::sleep_for(std::chrono::milliseconds(500)); };
  const auto answer = handle(message, std::chrono::milliseconds(500));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(keys("curated/"), IsEmpty());
  EXPECT_THAT(keys("_lake/"), IsEmpty());
  shared_->on_open = nullptr;
  EXPECT_EQ(outcome(message), "committed") << "the next invocation has a deadline of its own";
}

TEST_F(HandlerTest, RunsABacklogAndReplaysIt) {
  put("landing/plain/a.csv", "x\n1\n");
  put("landing/plain/b.csv", "x\n2\n");
  put("landing/sales/bad.csv", "id,v\nx,1\ny,2\nz,3\n");
  EXPECT_FALSE(handle(R"({"run": {}})")) << "one arrival is bad";
  EXPECT_THAT(keys("_lake/runs/plain/"), SizeIs(2));
  EXPECT_EQ(outcome(R"({"run": {"dataset": "plain"}})"), "ignored") << "nothing new";
  EXPECT_THAT(outcome(R"({"run": {"dataset": "plains"}})"), HasSubstr("no dataset \"plains\""));
  const auto replayed = handle(R"({"replay": {"dataset": "plain"}})");
  ASSERT_TRUE(replayed) << replayed.error().to_string();
  EXPECT_THAT(Json::parse(*replayed)["tasks"], SizeIs(2));
  log_.clear();
  EXPECT_FALSE(handle(R"({"replay": {"dataset": "sales", "failed": true}})"));
  EXPECT_EQ(logged(0)["outcome"], "failed") << "tried again, not failed before";
}

TEST_F(HandlerTest, WhatAUserWouldBeWarnedOfIsLogged) {
  put("landing/plain/a.csv", "x,x\n1,2\n");
  ASSERT_EQ(outcome(s3_event("lake/landing/plain/a.csv")), "committed");
  EXPECT_EQ(logged(0)["level"], "WARN");
  ASSERT_THAT(logged(0)["remarks"], SizeIs(1));
  EXPECT_THAT(logged(0)["remarks"][0].get<std::string>(), HasSubstr("x_2"));
  put("landing/plain/b.csv", "x,y\n1,2\n");
  ASSERT_EQ(outcome(s3_event("lake/landing/plain/b.csv")), "committed");
  EXPECT_EQ(logged(1)["level"], "INFO");
  EXPECT_FALSE(logged(1).contains("remarks"));
}

TEST_F(HandlerTest, TellsOthersAtLeastOnce) {
  put("landing/plain/a.csv", "x\n1\n");
  const std::string event = s3_event("lake/landing/plain/a.csv");
  announcing_fails_ = true;
  EXPECT_THAT(outcome(event), HasSubstr("no bus"));
  announcing_fails_ = false;
  EXPECT_EQ(outcome(event), "already_done");
  EXPECT_THAT(announced_, SizeIs(2));
}

TEST_F(HandlerTest, RegistersInTheCatalogAtLeastOnce) {
  put("landing/plain/a.csv", "x\n1\n");
  const std::string event = s3_event("lake/landing/plain/a.csv");
  registering_fails_ = true;
  EXPECT_THAT(outcome(event), HasSubstr("no catalog"));
  registering_fails_ = false;
  EXPECT_EQ(outcome(event), "already_done");
  EXPECT_THAT(announced_, SizeIs(1)) << "nobody is told before it can be queried";
  EXPECT_EQ(outcome(R"({"replay": {"dataset": "plain"}})"), "replayed");
  EXPECT_THAT(registered_, ElementsAre("plain 1", "plain 1", "plain 1"));
  EXPECT_THAT(announced_, SizeIs(2));
}

TEST_F(HandlerTest, LogsALineWithMetricsForEachTask) {
  put("landing/sales/a.csv", "id,v\n1,x\nno,y\n");
  ASSERT_EQ(outcome(s3_event("lake/landing/sales/a.csv")), "committed");
  ASSERT_EQ(outcome(s3_event("lake/landing/sales/a.csv")), "already_done");
  ASSERT_THAT(log_, SizeIs(2));
  EXPECT_TRUE(log_[0].ends_with("\n"));
  const Json first = logged(0);
  EXPECT_EQ(first["request_id"], "request-1");
  EXPECT_EQ(first["function"], "convert");
  EXPECT_EQ(first["dataset"], "sales");
  EXPECT_EQ(first["rows_in"], 2);
  EXPECT_EQ(first["rows_written"], 1);
  EXPECT_EQ(first["rows_rejected"], 1);
  EXPECT_EQ(first["bytes_in"], 14);
  EXPECT_EQ(first["cold_start"], 1);
  const Json& metrics = first["_aws"]["CloudWatchMetrics"][0];
  EXPECT_EQ(metrics["Namespace"], "lakegate");
  EXPECT_EQ(metrics["Dimensions"], Json::parse(R"([["dataset"], []])"));
  for (const auto& metric : metrics["Metrics"])
    EXPECT_TRUE(first[metric["Name"].get<std::string>()].is_number()) << metric;
  EXPECT_EQ(logged(1)["cold_start"], 0);
  EXPECT_FALSE(logged(1).contains("_aws")) << "a repetition is not counted twice";
}

TEST_F(HandlerTest, SecretsOfTheEnvironmentLeaveNowhere) {
  const std::string canary = "can\"ary/5up3rs3cret";
  // An error message quotes the configuration, and that has the secret in it.
  start(LakeName{.bucket = "b", .prefix = ""}, {{"DB_PASSWORD", canary}});
  put("lake.yaml", "datasets:\n  sales:\n    landing: 'sales/{${DB_PASSWORD}'\n");
  put("landing/sales/a.csv", "x\n1\n");
  const auto answer = handle(s3_event("landing/sales/a.csv"));
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().to_string(), Not(HasSubstr("5up3rs3cret")));
  EXPECT_THAT(answer.error().to_string(), HasSubstr("***"));
  ASSERT_THAT(log_, SizeIs(1));
  EXPECT_THAT(log_[0], Not(HasSubstr("5up3rs3cret")));
}

}  // namespace
}  // namespace lakegate
