// The run of an arrival on a store in memory: commit, repetition, failure, and a fault at every
// step.
#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "convert/lake_run.h"
#include "convert/orphans.h"
#include "fakes/faulty_store.h"
#include "fakes/scratch_folder.h"
#include "formats/parquet/reader.h"
#include "lake/layout.h"
#include "stores/local_store.h"
#include "stores/memory_store.h"

namespace lakegate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Kind = RunOutcome::Kind;

Config config_of(const std::string& yaml) {
  auto config = parse_config({.text = yaml, .file = "lake.yaml", .env = {}, .variables = {}});
  EXPECT_TRUE(config) << (config ? "" : config.error().to_string());
  return config.value_or(Config{});
}

const char* const kSales = R"(
datasets:
  sales:
    landing: sales/*.csv
    max_rejects: 1
)";

class RunArrival : public ::testing::Test {
 protected:
  void land(const std::string& name, const std::string& content) {
    ASSERT_TRUE(store_->put(ObjectKey("landing/sales/" + name), content));
  }

  Arrival arrival(const std::string& name) {
    auto landed = find_landed(*store_, config_, std::nullopt, true);
    EXPECT_TRUE(landed);
    for (const Arrival& a : landed->arrivals)
      if (a.key.str() == "landing/sales/" + name) return a;
    ADD_FAILURE() << name << " has not landed";
    return {};
  }

  Result<RunOutcome> run(const std::string& name) { return run(*store_, arrival(name)); }
  Result<RunOutcome> run(ObjectStore& store, const Arrival& a, bool retry_failed = false) {
    return run_arrival(store, config_.datasets[0], a,
                       {.resources = {.threads = 1}, .retry_failed = retry_failed});
  }

  std::vector<std::string> keys(std::string_view prefix) {
    std::vector<std::string> found;
    const auto objects = store_->list(prefix).value();
    for (const ObjectInfo& object : objects) found.push_back(object.key.str());
    return found;
  }

  // Everything that contracts say must be equal: all objects but the clock's fields in run records.
  std::map<std::string, std::string> contents() {
    std::map<std::string, std::string> all;
    const auto objects = store_->list("").value();
    for (const ObjectInfo& object : objects) {
      std::string bytes = store_->get(object.key).value().bytes;
      if (object.key.str().starts_with("_lake/runs/")) {
        RunRecord record = run_from_json(bytes, object.key).value();
        record.started_at = "";
        record.duration_ms = 0;
        bytes = to_json(record);
      }
      all[object.key.str()] = bytes;
    }
    return all;
  }

  std::unique_ptr<ObjectStore> store_ = make_memory_store();
  Config config_ = config_of(kSales);
};

TEST_F(RunArrival, CommitsRowsRejectsSchemaClaimAndRecord) {
  land("a.csv", "id,amount\n1,2.5\n2,\n3\n");
  const auto outcome = run("a.csv");
  ASSERT_TRUE(outcome) << outcome.error().to_string();
  ASSERT_EQ(outcome->kind, Kind::kCommitted);
  EXPECT_EQ(outcome->record->counts, (Counts{3, 2, 1}));
  EXPECT_EQ(outcome->record->schema_version, 1);
  const std::string id = outcome->record->arrival.id.str();
  EXPECT_THAT(keys("_lake/runs/"), ElementsAre("_lake/runs/sales/" + id + ".json"));
  EXPECT_THAT(keys("_lake/claims/"), ElementsAre("_lake/claims/sales/" + id + ".json"));
  EXPECT_THAT(keys("_lake/schemas/"), ElementsAre("_lake/schemas/sales.json"));
  ASSERT_THAT(keys("rejected/"), SizeIs(1));
  EXPECT_THAT(store_->get(ObjectKey(keys("rejected/")[0]))->bytes, HasSubstr("too_few_columns"));
  ASSERT_THAT(keys("curated/"), SizeIs(1));

  auto contents = parquet_contents(store_->open(ObjectKey(keys("curated/")[0])).value());
  ASSERT_TRUE(contents);
  EXPECT_EQ(contents->rows, 2U);
  EXPECT_EQ(contents->metadata.at("lakegate.source_key"), "landing/sales/a.csv");
  EXPECT_EQ(contents->metadata.at("lakegate.arrival_id"), id);
  EXPECT_EQ(contents->metadata.at("lakegate.schema_version"), "1");
  EXPECT_EQ(contents->schema->field_names(),
            (std::vector<std::string>{"id", "amount", "_arrival_id", "_arrived_at", "_row"}));
}

TEST_F(RunArrival, ARedeliveryDoesNothing) {
  land("a.csv", "id\n1\n");
  ASSERT_EQ(run("a.csv")->kind, Kind::kCommitted);
  const auto before = contents();
  EXPECT_EQ(run("a.csv")->kind, Kind::kAlreadyDone);
  EXPECT_EQ(contents(), before);
}

TEST_F(RunArrival, AFailurePublishesNothingAndWaitsForAChange) {
  land("bad.csv", "id,x\n1,1\n2\n3\n4,4\n");
  const auto outcome = run("bad.csv");
  ASSERT_TRUE(outcome);
  ASSERT_EQ(outcome->kind, Kind::kFailed);
  EXPECT_THAT(outcome->failure->error.message, HasSubstr("2 of 4 rows were rejected"));
  EXPECT_EQ(outcome->failure->rejects_kept, 2U);
  const auto kept =
      store_->get(layout::failure_rejects_key(DatasetName("sales"), outcome->failure->arrival.id));
  ASSERT_TRUE(kept) << kept.error().to_string();
  EXPECT_EQ(std::ranges::count(kept->bytes, '\n'), 2);
  EXPECT_TRUE(keys("curated/").empty());
  EXPECT_TRUE(keys("rejected/").empty());
  EXPECT_TRUE(keys("_lake/runs/").empty());
  EXPECT_TRUE(keys("_lake/claims/").empty());
  EXPECT_TRUE(keys("_lake/schemas/").empty());
  EXPECT_EQ(run("bad.csv")->kind, Kind::kFailedBefore);

  config_.datasets[0].max_rejects.count = 2;
  const auto again = run("bad.csv");
  ASSERT_EQ(again->kind, Kind::kCommitted);
  EXPECT_TRUE(keys("_lake/failures/").empty());
}

TEST_F(RunArrival, AnEmptyFileIsRefusedWithItsName) {
  land("empty.csv", "");
  const auto outcome = run("empty.csv");
  ASSERT_EQ(outcome->kind, Kind::kFailed);
  EXPECT_EQ(outcome->failure->error.where.file, "landing/sales/empty.csv");
}

TEST_F(RunArrival, TypesAreFrozenByTheFirstArrival) {
  land("a.csv", "id,v\n1,1\n");
  ASSERT_EQ(run("a.csv")->kind, Kind::kCommitted);
  land("b.csv", "id,v,extra\n1,x,2020-01-01\n2,2,2020-01-02\n");
  const auto outcome = run("b.csv");
  ASSERT_EQ(outcome->kind, Kind::kCommitted);
  EXPECT_EQ(outcome->record->counts, (Counts{2, 1, 1}));
  EXPECT_EQ(outcome->record->schema_version, 2);
  const auto schema = load_schema(*store_, DatasetName("sales")).value()->remembered;
  EXPECT_EQ(to_string(schema.current().schema.find("v")->type), "int64");
  EXPECT_EQ(to_string(schema.current().schema.find("extra")->type), "date");
  EXPECT_THAT(store_->get(ObjectKey(keys("rejected/")[0]))->bytes, HasSubstr("widen"));
}

// At every step of a run, the process dies, or a reply is lost, or the step fails; then a clean
// run. The lake is then the same as if nothing had happened.
TEST_F(RunArrival, AnyFaultIsRepairedByTheNextRun) {
  const std::string content = "id,amount,when\n1,2.5,2020-01-01\n2,x,2020-01-02\n3\n";
  land("a.csv", content);
  const Arrival a = arrival("a.csv");
  FaultyStore counting(*store_);
  ASSERT_EQ(run(counting, a)->kind, Kind::kCommitted);
  const std::uint64_t steps = counting.steps();
  const auto undisturbed = contents();
  ASSERT_GT(steps, 5U);

  using Fault = FaultyStore::Fault;
  for (const Fault fault : {Fault::kFail, Fault::kLostReply, Fault::kCrash, Fault::kCrashAfter}) {
    for (std::uint64_t step = 1; step <= steps; ++step) {
      const auto objects = store_->list("").value();
      for (const ObjectInfo& object : objects) {
        const bool stays =
            object.key.str().starts_with("landing/") || object.key.str() == "_lake/index.json";
        if (!stays) {
          EXPECT_TRUE(store_->remove(object.key));
        }
      }
      FaultyStore faulty(*store_);
      faulty.set_fault(fault, step);
      static_cast<void>(run(faulty, a));
      SCOPED_TRACE(testing::Message() << "fault " << static_cast<int>(fault) << " at step " << step
                                      << ": " << faulty.struck());
      const auto repaired = run(*store_, a);
      ASSERT_TRUE(repaired) << repaired.error().to_string();
      EXPECT_EQ(contents(), undisturbed);
    }
  }
}

TEST_F(RunArrival, ReplayGivesTheSameBytesOrANewGeneration) {
  land("a.csv", "id,v\n1,1\n2,2\n");
  const auto first = run("a.csv");
  const auto before = contents();
  auto replayed = replay_arrival(*store_, config_.datasets[0], *first->record, {});
  ASSERT_TRUE(replayed) << replayed.error().to_string();
  EXPECT_TRUE(replayed->same_bytes);
  EXPECT_EQ(contents(), before);

  config_ = config_of(std::string(kSales) + "    lineage: false\n");
  replayed = replay_arrival(*store_, config_.datasets[0], *first->record, {});
  ASSERT_TRUE(replayed) << replayed.error().to_string();
  EXPECT_FALSE(replayed->same_bytes);
  EXPECT_EQ(replayed->generation, 2);
  ASSERT_THAT(keys("curated/"), SizeIs(1));
  EXPECT_THAT(keys("curated/")[0], HasSubstr("-g2.parquet"));
  EXPECT_TRUE(keys("_lake/rewrites/").empty());
  EXPECT_TRUE(verify_run(*store_, *replayed->run.record).value().empty());

  land("a.csv", "id,v\n3,3\n");
  EXPECT_EQ(replay_arrival(*store_, config_.datasets[0], *replayed->run.record, {}).error().kind,
            ErrorKind::kNotFound);
}

TEST_F(RunArrival, ReplayNeverReplacesRowsByNothing) {
  land("a.csv", "id,v\n1,x\n");
  const auto first = run("a.csv");
  const auto before = contents();
  config_ = config_of(std::string(kSales) +
                      "    schema: [{name: id, type: int64}, {name: v, type: bool}]\n");
  ASSERT_TRUE(store_->remove(layout::schema_key(DatasetName("sales"))));
  const auto replayed = replay_arrival(*store_, config_.datasets[0], *first->record, {});
  ASSERT_FALSE(replayed);
  EXPECT_THAT(replayed.error().message, HasSubstr("all 1 rows would be rejected"));
  EXPECT_EQ(keys("curated/"), std::vector{first->record->outputs[0].key.str()});
  EXPECT_TRUE(verify_run(*store_, *first->record).value().empty());
}

TEST_F(RunArrival, ReplayCapturesWithThePatternOfToday) {
  land("north.csv", "id\n1\n");
  const auto first = run("north.csv");
  const auto replay_with = [&](const std::string& landing) {
    config_ =
        config_of("datasets:\n  sales:\n    landing: " + landing + "\n    partition_by: [store]\n");
    return replay_arrival(*store_, config_.datasets[0], *first->record, {});
  };
  const auto other = replay_with("\"{store}/x.csv\"");
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("does not match its key"));
  const auto replayed = replay_with("\"sales/{store}.csv\"");
  ASSERT_TRUE(replayed) << replayed.error().to_string();
  EXPECT_THAT(keys("curated/"), ElementsAre(HasSubstr("curated/sales/store=north/")));
  EXPECT_EQ(replayed->run.record->arrival.captures.at("store"), "north");
}

// Stores without leases: a clean-up, here, comes between a rewrite's files and its record.
TEST_F(RunArrival, ARewriteThatWasCleanedUpIsNotCommitted) {
  land("a.csv", "id\n1\n");
  const RunRecord record = *run("a.csv")->record;
  const ObjectKey key = layout::run_key(record.arrival.dataset, record.arrival.id);
  const std::string tag = store_->get(key)->tag;
  RunRecord next = record;
  next.generation = 2;
  next.outputs[0].key = layout::curated_key({.dataset = record.arrival.dataset,
                                             .partition = next.outputs[0].partition,
                                             .stem = "a",
                                             .arrival = record.arrival.id,
                                             .generation = 2});
  ASSERT_TRUE(begin_rewrite(*store_, record.arrival));
  ASSERT_TRUE(store_->put(next.outputs[0].key, "rows"));
  ASSERT_TRUE(finish_rewrites(*store_, record.arrival.dataset));
  EXPECT_EQ(keys("curated/"), std::vector{record.outputs[0].key.str()});

  ASSERT_TRUE(store_->put(next.outputs[0].key, "rows"));  // published after the clean-up
  const auto committed = commit_rewrite(*store_, next, tag);
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(keys("curated/"), std::vector{record.outputs[0].key.str()});
  EXPECT_TRUE(keys("_lake/rewrites/").empty());
  EXPECT_TRUE(
      verify_run(*store_, list_runs(*store_, record.arrival.dataset)->at(0)).value().empty());
}

// A function of the version before, or of another lake.yaml, is at work on the same arrival and
// comes in at any step; it may die at any of its own, and so may the one that it came in on. Both
// messages are delivered again.
class TwoConfigurations : public RunArrival,
                          public ::testing::WithParamInterface<FaultyStore::Fault> {};

TEST_P(TwoConfigurations, LeaveTheFilesOfOne) {
  const auto config_with = [](const std::string& lineage) {
    return config_of("datasets:\n  sales:\n    landing: sales/*.csv\n    lineage: " + lineage +
                     "\n    max_rejects: 1\n");
  };
  const Config ours = config_with("true"), theirs = config_with("false");
  const auto run_with = [](ObjectStore& in, const Config& config, const Arrival& a) {
    return run_arrival(in, config.datasets[0], a, {.resources = {.threads = 1}});
  };
  std::uint64_t steps = 1, their_steps = 0;
  for (std::uint64_t dies_at = 0; dies_at <= their_steps + 1; ++dies_at) {
    for (std::uint64_t at = 1; at <= steps + 1; ++at) {
      SCOPED_TRACE(testing::Message() << "at step " << at << ", theirs dies at " << dies_at);
      store_ = make_memory_store();
      land("a.csv", "id,s\n1,x\n2,y\n3\n");
      const Arrival a = arrival("a.csv");
      FaultyStore store(*store_);
      store.set_meanwhile(GetParam(), at, [&] {
        FaultyStore other(*store_);
        other.set_fault(FaultyStore::Fault::kCrash, dies_at);
        const auto done = run_with(other, theirs, a);
        EXPECT_EQ(done.has_value(), !other.crashed());
        their_steps = std::max(their_steps, other.steps());
      });
      const auto done = run_with(store, ours, a);
      EXPECT_EQ(done.has_value(), !store.crashed());
      steps = std::max(steps, store.steps());
      for (const Config* config : {&ours, &theirs}) {
        const auto again = run_with(*store_, *config, a);
        ASSERT_TRUE(again) << again.error().to_string();
        EXPECT_TRUE(again->record);
      }

      const auto records = list_runs(*store_, a.dataset).value();
      ASSERT_THAT(records, SizeIs(1));
      EXPECT_THAT(verify_run(*store_, records[0]).value(), testing::IsEmpty());
      std::vector<std::string> named;
      for (const auto* files : {&records[0].outputs, &records[0].rejects})
        for (const OutputFile& file : *files) named.push_back(file.key.str());
      std::vector<std::string> there = keys("curated/");
      for (const std::string& key : keys("rejected/")) there.push_back(key);
      EXPECT_THAT(there, testing::UnorderedElementsAreArray(named));
      EXPECT_TRUE(keys("_lake/rewrites/").empty());
    }
  }
  EXPECT_GT(their_steps, 5U);
  EXPECT_GT(steps, 5U);
}

INSTANTIATE_TEST_SUITE_P(AndOurs, TwoConfigurations,
                         ::testing::Values(FaultyStore::Fault::kNone, FaultyStore::Fault::kCrash,
                                           FaultyStore::Fault::kCrashAfter));

// An output that landed again has the first arrival's id in its stem.
TEST_F(RunArrival, OrphansAreThoseOfTheArrivalAlone) {
  land("a.csv", "id\n1\n");
  const RunRecord first = *run("a.csv")->record;
  const std::string stem = "a-" + first.arrival.id.str();
  land(stem + ".csv", "id\n2\n");
  const RunRecord second = *run(stem + ".csv")->record;
  ASSERT_TRUE(
      store_->put(ObjectKey("curated/sales/a-" + first.arrival.id.str() + "-g2-001.parquet"), ""));
  ASSERT_TRUE(end_rewrite(*store_, first, 2));
  EXPECT_THAT(keys("curated/"), testing::UnorderedElementsAre(first.outputs[0].key.str(),
                                                              second.outputs[0].key.str()));
}

// As of another user, with mode 0600. (Not to be had from a file system by tests that run as root.)
class UnreadableStore : public FaultyStore {
 public:
  using FaultyStore::FaultyStore;
  Result<std::shared_ptr<Input>> open(const ObjectKey& key) const override {
    if (key.str() == unreadable) return system_failure(EACCES, "open", key.str());
    return FaultyStore::open(key);
  }
  std::string unreadable;
};

TEST_F(RunArrival, AFileThatCannotBeReadHoldsNobodyUp) {
  const ScratchFolder folder;
  store_ = open_local_store(folder.path()).value();
  land("a.csv", "id\n1\n");
  land("b.csv", "id\n2\n");
  const Arrival known = arrival("b.csv");
  land("a.csv", "id\n11\n");
  UnreadableStore store(*store_);
  store.unreadable = "landing/sales/a.csv";
  const auto landed = find_landed(store, config_, std::nullopt, true);
  ASSERT_TRUE(landed) << landed.error().to_string();
  ASSERT_THAT(landed->unreadable, SizeIs(1));
  EXPECT_EQ(landed->unreadable[0].dataset.str(), "sales");
  EXPECT_THAT(landed->unreadable[0].error.to_string(), HasSubstr("landing/sales/a.csv"));
  ASSERT_THAT(landed->arrivals, SizeIs(1));
  EXPECT_EQ(landed->arrivals[0].id, known.id);
  store.unreadable.clear();
  EXPECT_THAT(find_landed(store, config_, std::nullopt, true)->arrivals, SizeIs(2));
}

TEST_F(RunArrival, ValuesThatHoldSeparatorsKeepTheirPartition) {
  config_ = config_of("datasets:\n  sales:\n    landing: sales/*.csv\n    partition_by: [a, b]\n");
  land("a.csv", "a,b,c\nx\x1fy,z,1\nx,y\x1fz,2\n");
  const auto done = run("a.csv");
  ASSERT_EQ(done->kind, Kind::kCommitted) << done->failure->error.to_string();
  EXPECT_THAT(done->record->outputs, SizeIs(2));
}

TEST_F(RunArrival, WidenRewritesTheHistoryAndSurvivesACrashAtAnyStep) {
  land("a.csv", "id,v\n1,1\n2,2\n");
  ASSERT_EQ(run("a.csv")->kind, Kind::kCommitted);
  land("b.csv", "id,v\n3,3\n");
  ASSERT_EQ(run("b.csv")->kind, Kind::kCommitted);
  const DatasetName sales("sales");
  const LogicalType to = *type_from("double");
  EXPECT_THAT(plan_widen(*store_, sales, "v", *type_from("date")).error().message,
              HasSubstr("it can become"));
  EXPECT_THAT(plan_widen(*store_, sales, "w", to).error().message, HasSubstr("no column w"));

  for (std::uint64_t step = 1;; ++step) {
    SCOPED_TRACE(testing::Message() << "crash at step " << step);
    FaultyStore faulty(*store_);
    faulty.set_fault(FaultyStore::Fault::kCrash, step);
    auto plan = plan_widen(faulty, sales, "v", to);
    ASSERT_TRUE(plan) << plan.error().to_string();
    const auto widened = widen(faulty, config_.datasets[0], *plan, {.threads = 1});
    ASSERT_TRUE(finish_rewrites(*store_, sales));
    EXPECT_THAT(keys("curated/"), SizeIs(2));
    const auto records = list_runs(*store_, sales).value();
    for (const RunRecord& record : records)
      EXPECT_TRUE(verify_run(*store_, record).value().empty());
    if (!faulty.crashed()) {
      EXPECT_TRUE(widened);
      break;
    }
    ASSERT_LT(step, 100U);
  }
  for (const std::string& key : keys("curated/")) {
    const auto contents = parquet_contents(store_->open(ObjectKey(key)).value());
    EXPECT_EQ(contents->schema->GetFieldByName("v")->type()->ToString(), "double") << key;
    EXPECT_EQ(contents->metadata.at("lakegate.schema_version"), "2");
  }
}

class NobodysLease : public Lease {
 public:
  bool is_exclusive() const override { return false; }
};

TEST_F(RunArrival, AnAbandonedAttemptLeavesNothing) {
  land("a.csv", "id\n1\n");
  const Arrival a = arrival("a.csv");
  FaultyStore counting(*store_);
  ASSERT_TRUE(run(counting, a));
  for (const std::string& key : keys("_lake/runs/")) ASSERT_TRUE(store_->remove(ObjectKey(key)));
  ASSERT_THAT(keys("curated/"), SizeIs(1));  // published, and then died before the record

  land("a.csv", "id\n2\n");
  const auto landed = find_landed(*store_, config_, std::nullopt, true);
  const std::string before_claim = store_->get(layout::claim_key(a.dataset, a.id))->bytes;
  const Instant claimed = store_->head(layout::claim_key(a.dataset, a.id))->modified;
  const auto give_up = [&](const Lease& held, std::chrono::hours later) {
    return give_up_abandoned(*store_, a.dataset, landed->arrivals, held, claimed + later);
  };
  // Where leases exclude nobody it may be alive, the key having been replaced meanwhile.
  const NobodysLease nobodys;
  const auto before = keys("");
  EXPECT_THAT(give_up(nobodys, std::chrono::hours(23)).value(), testing::IsEmpty());
  EXPECT_EQ(keys(""), before);
  EXPECT_THAT(give_up(Lease(), std::chrono::hours(0)).value(), SizeIs(1));
  ASSERT_TRUE(store_->put(layout::claim_key(a.dataset, a.id), before_claim));
  EXPECT_THAT(give_up(nobodys, std::chrono::hours(25)).value(), SizeIs(1));
  EXPECT_TRUE(keys("curated/").empty());
  EXPECT_TRUE(keys("_lake/claims/").empty());
}

// Where leases exclude nobody, another process may have begun with what landed after the listing.
TEST_F(RunArrival, AnAttemptAtWhatHasLandedSinceIsNotAbandoned) {
  const auto landed = find_landed(*store_, config_, std::nullopt, true);
  land("a.csv", "id\n1\n");
  ASSERT_TRUE(run("a.csv"));
  for (const std::string& key : keys("_lake/runs/")) ASSERT_TRUE(store_->remove(ObjectKey(key)));
  const auto before = keys("");  // published, and about to be committed

  const auto given_up = give_up_abandoned(*store_, DatasetName("sales"), landed->arrivals, Lease(),
                                          std::chrono::system_clock::now());
  ASSERT_TRUE(given_up) << given_up.error().to_string();
  EXPECT_THAT(*given_up, testing::IsEmpty());
  EXPECT_EQ(keys(""), before);
}

TEST_F(RunArrival, ContentThatReturnsIsANewArrival) {
  land("a.csv", "id\n1\n");
  const Arrival first = arrival("a.csv");
  land("a.csv", "id\n2\n");
  const Arrival second = arrival("a.csv");
  land("a.csv", "id\n1\n");
  const Arrival third = arrival("a.csv");
  EXPECT_NE(first.id, second.id);
  EXPECT_NE(first.id, third.id);
}

}  // namespace
}  // namespace lakegate
