// A whole fetch on a store in memory, against an API in memory: what lands, what is asked again,
// and a fault at every step.
#include <arrow/api.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "extract/fetch.h"
#include "fakes/faulty_store.h"
#include "fakes/scripted_api.h"
#include "formats/parquet/reader.h"
#include "lake/layout.h"
#include "stores/memory_store.h"

namespace lakegate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

// Ten devices in slices of three: four slices, the last of one.
constexpr const char* kDevices = R"(
datasets:
  devices:
    source:
      url: https://api.example.com/devices/{device}
      for_each:
        device: {from: 0, to: 9}
      add: {device: "{device}"}
      slice: 3
      limits: {retries: 0, concurrency: 4}
)";

Config config_of(const std::string& yaml) {
  auto config = parse_config({.text = yaml, .file = "lake.yaml", .env = {}, .variables = {}});
  EXPECT_TRUE(config) << (config ? "" : config.error().to_string());
  return config.value_or(Config{});
}

std::string target_of(int device) {
  return fmt::format("/devices/{}", device);
}

class Fetch : public ::testing::Test {
 protected:
  Result<FetchOutcome> fetch(ObjectStore& store, FetchOptions options = {}) {
    options.run.resources.threads = 1;
    return run_fetch(store, config_.datasets[0], request_,
                     {.secrets = secrets_.get(),
                      .make_client = [this](const HttpOptions&) { return api_.client(); },
                      .holder = fmt::format("test {}", ++fetches_),
                      .is_gone = [](const std::string&) { return true; }},
                     options);
  }
  FetchOutcome fetched(FetchOptions options = {}) {
    auto outcome = fetch(*store_, std::move(options));
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().to_string());
    return outcome.value_or(FetchOutcome{});
  }

  std::vector<std::string> keys(std::string_view prefix) {
    std::vector<std::string> found;
    const auto objects = store_->list(prefix).value();
    for (const ObjectInfo& object : objects) found.push_back(object.key.str());
    return found;
  }
  // What fetching is for, and must not depend on how it went.
  std::map<std::string, std::string> rows_and_replies() {
    std::map<std::string, std::string> all;
    for (const std::string_view prefix : {"landing/", "curated/", "rejected/"})
      for (const std::string& key : keys(prefix))
        all[key] = store_->get(ObjectKey(key)).value().bytes;
    return all;
  }
  // The device of every curated row, in the order of the files.
  std::vector<std::int64_t> devices() {
    std::vector<std::int64_t> all;
    for (const std::string& key : keys("curated/")) {
      const auto batches = open_parquet_batches(store_->open(ObjectKey(key)).value()).value();
      while (const auto batch = batches->next().value()) {
        const auto column =
            std::dynamic_pointer_cast<arrow::Int64Array>(batch->GetColumnByName("device"));
        for (std::int64_t row = 0; column && row < column->length(); ++row)
          all.push_back(column->Value(row));
      }
    }
    return all;
  }
  void clear_lake() {
    for (const std::string& key : keys("")) ASSERT_TRUE(store_->remove(ObjectKey(key)));
  }

  std::unique_ptr<ObjectStore> store_ = make_memory_store();
  std::unique_ptr<SecretSource> secrets_ = local_secrets();
  Config config_ = config_of(kDevices);
  FetchRequest request_{.time = instant_from_iso("2026-11-23T04:00:00Z").value(), .failed_of = {}};
  std::set<std::string> broken_;  // targets that answer 404
  ScriptedApi api_{[this](const HttpRequest& request) -> std::optional<Result<HttpReply>> {
    if (broken_.contains(request.target)) return json_reply(R"({"error":"gone"})", 404);
    return json_reply(fmt::format(R"({{"path":"{}","values":[1,2,3]}})", request.target));
  }};
  int fetches_ = 0;
};

const std::vector<std::int64_t> kTen = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

TEST_F(Fetch, LandsSlicesOfThePlanAndCuratesEveryRow) {
  const FetchOutcome outcome = fetched();
  EXPECT_TRUE(outcome.finished());
  EXPECT_EQ(outcome.counts.sets, 10U);
  EXPECT_EQ(outcome.counts.rows, 10U);
  EXPECT_EQ(outcome.slices_asked, 4U);
  const std::string name = "landing/devices/20261123T040000Z-" + outcome.plan;
  EXPECT_THAT(keys("landing/"),
              ElementsAre(name + "-0001.replies.ndjson.zst", name + "-0002.replies.ndjson.zst",
                          name + "-0003.replies.ndjson.zst", name + "-0004.replies.ndjson.zst"));
  EXPECT_THAT(keys("curated/devices/dt=2026-11-23/"), SizeIs(4));
  auto rows = devices();
  std::ranges::sort(rows);
  EXPECT_EQ(rows, kTen);
  // A listing finds the same arrivals, and they are done.
  const auto landed = find_landed(*store_, config_, std::nullopt, false);
  ASSERT_TRUE(landed);
  EXPECT_THAT(landed->unmatched, IsEmpty());
  const auto finished = finished_arrivals(*store_, DatasetName("devices")).value();
  EXPECT_THAT(landed->arrivals, SizeIs(4));
  for (const Arrival& arrival : landed->arrivals) EXPECT_TRUE(finished.contains(arrival.id.str()));
}

TEST_F(Fetch, RowsOfAFileStandInThePlansOrder) {
  fetched();
  for (const std::string& key : keys("curated/")) {
    SCOPED_TRACE(key);
    const auto batches = open_parquet_batches(store_->open(ObjectKey(key)).value()).value();
    const auto batch = batches->next().value();
    const auto column =
        std::dynamic_pointer_cast<arrow::Int64Array>(batch->GetColumnByName("device"));
    ASSERT_TRUE(column);
    for (std::int64_t row = 1; row < column->length(); ++row)
      EXPECT_EQ(column->Value(row), column->Value(row - 1) + 1);
  }
}

TEST_F(Fetch, AFinishedPlanIsNotAskedAgain) {
  fetched();
  api_.forget();
  const FetchOutcome again = fetched();
  EXPECT_TRUE(again.was_finished);
  EXPECT_EQ(again.counts.sets, 10U);
  EXPECT_THAT(api_.asked(), IsEmpty());
}

TEST_F(Fetch, StoppedThreeTimesItFinishesWithEveryRowOnce) {
  std::atomic<int> left = 0;
  const auto stop_after = [&](int sets) {
    left = sets;
    return FetchOptions{.interrupted = [&] { return left <= 0; },
                        .progress = {},
                        .ran = [&](const RunOutcome&) -> Result<void> {
                          --left;
                          return {};
                        }};
  };
  int stopped = 0;
  for (; stopped < 3; ++stopped) {
    const auto outcome = fetch(*store_, stop_after(1));
    ASSERT_TRUE(outcome) << outcome.error().to_string();
    if (outcome->finished()) break;
  }
  EXPECT_TRUE(fetched().finished());
  auto rows = devices();
  std::ranges::sort(rows);
  EXPECT_EQ(rows, kTen);
}

TEST_F(Fetch, NoParameterOfACompleteSliceIsAskedAgain) {
  request_.time.reset();
  std::atomic<bool> stop = false;
  const auto first = fetch(*store_, {.interrupted = [&] { return stop.load(); },
                                     .progress = {},
                                     .ran = [&](const RunOutcome&) -> Result<void> {
                                       stop = true;
                                       return {};
                                     }});
  ASSERT_TRUE(first) << first.error().to_string();
  std::map<std::string, int> complete;
  for (std::uint64_t slice = 1; slice <= 4; ++slice) {
    const auto record = find_slice_record(
        *store_, {DatasetName("devices"), first->plan, first->scheduled_at, slice});
    ASSERT_TRUE(record);
    if (*record)
      for (int n = 0; n < 3; ++n)
        complete.emplace(target_of(static_cast<int>(slice - 1) * 3 + n), 1);
  }
  ASSERT_THAT(complete, ::testing::Not(IsEmpty()));
  api_.forget();
  const FetchOutcome second = fetched();
  EXPECT_EQ(second.plan, first->plan);
  EXPECT_TRUE(second.was_begun);
  EXPECT_TRUE(second.finished());
  for (const auto& [target, times] : api_.asked())
    EXPECT_FALSE(complete.contains(target)) << target;
}

TEST_F(Fetch, WhatFailsIsReportedAndAskedForAgainAlone) {
  broken_ = {target_of(2), target_of(7)};
  const FetchOutcome outcome = fetched();
  EXPECT_TRUE(outcome.finished());
  EXPECT_EQ(outcome.counts.failed, 2U);
  ASSERT_THAT(outcome.failures, SizeIs(2));
  EXPECT_EQ(outcome.failures[0].parameters, R"({"device":2})");
  EXPECT_EQ(outcome.failures[0].status, 404);
  EXPECT_EQ(outcome.failures[1].n, 7U);
  EXPECT_THAT(devices(), SizeIs(8));

  broken_.clear();
  api_.forget();
  request_ = {.time = instant_from_iso("2026-11-23T05:00:00Z").value(), .failed_of = outcome.plan};
  const FetchOutcome again = fetched();
  EXPECT_TRUE(again.finished());
  EXPECT_THAT(api_.asked(), ElementsAre(Pair(target_of(2), 1), Pair(target_of(7), 1)));
  auto rows = devices();
  std::ranges::sort(rows);
  EXPECT_EQ(rows, kTen);
}

TEST_F(Fetch, APageThatIsNotJsonFailsItsSetWhichLandsNoOtherPage) {
  config_ = config_of(R"(
datasets:
  devices:
    source:
      url: https://api.example.com/devices/{device}
      for_each: {device: {from: 0, to: 2}}
      records: /rows
      add: {device: "{device}"}
      paginate: {by: next, at: /next}
    max_rejects: 50%
)");
  bool is_broken = true;
  ScriptedApi api([&](const HttpRequest& request) -> std::optional<Result<HttpReply>> {
    const bool is_second = request.target.ends_with("?page=2");
    if (is_second && is_broken && request.target.starts_with(target_of(1)))
      return json_reply("<html>");
    return json_reply(
        is_second ? R"({"rows":[{"x":2}]})"
                  : fmt::format(R"({{"rows":[{{"x":1}}],"next":"{}?page=2"}})", request.target));
  });
  const auto fetch_now = [&] {
    auto outcome = run_fetch(*store_, config_.datasets[0], request_,
                             {.secrets = secrets_.get(),
                              .make_client = [&](const HttpOptions&) { return api.client(); },
                              .holder = fmt::format("test {}", ++fetches_),
                              .is_gone = [](const std::string&) { return true; }},
                             {});
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().to_string());
    return outcome.value_or(FetchOutcome{});
  };
  const FetchOutcome outcome = fetch_now();
  ASSERT_THAT(outcome.failures, SizeIs(1));
  EXPECT_EQ(outcome.failures[0].n, 1U);
  EXPECT_THAT(outcome.failures[0].reason, HasSubstr("not JSON"));
  EXPECT_EQ(outcome.unanswered, 1U);
  EXPECT_THAT(devices(), ElementsAre(0, 0, 2, 2));

  is_broken = false;
  const Instant later = instant_from_iso("2026-11-23T05:00:00Z").value();
  request_ = {.time = later, .failed_of = outcome.plan};
  EXPECT_EQ(fetch_now().unanswered, 0U);
  auto rows = devices();
  std::ranges::sort(rows);
  EXPECT_THAT(rows, ElementsAre(0, 0, 1, 1, 2, 2));
}

TEST_F(Fetch, ASliceWithoutAnyAnswerLandsNothing) {
  broken_ = {target_of(9)};
  const FetchOutcome outcome = fetched();
  EXPECT_TRUE(outcome.finished());
  EXPECT_THAT(keys("landing/"), SizeIs(3));
}

TEST_F(Fetch, WithoutKeepRawTheRepliesAreGoneWhenTheRowsAreThere) {
  config_ = config_of(std::string(kDevices) + "      keep_raw: false\n");
  const FetchOutcome outcome = fetched();
  EXPECT_TRUE(outcome.finished());
  EXPECT_THAT(keys("landing/"), IsEmpty());
  EXPECT_THAT(devices(), SizeIs(10));
}

TEST_F(Fetch, AFaultAtAnyStepIsRepairedByTheNextFetch) {
  for (const bool keep_raw : {true, false}) {
    if (!keep_raw) config_ = config_of(std::string(kDevices) + "      keep_raw: false\n");
    clear_lake();
    FaultyStore counting(*store_);
    ASSERT_TRUE(fetch(counting));
    const std::uint64_t steps = counting.steps();
    const auto undisturbed = rows_and_replies();
    ASSERT_GT(steps, 20U);

    using Fault = FaultyStore::Fault;
    for (const Fault fault : {Fault::kFail, Fault::kLostReply, Fault::kCrash, Fault::kCrashAfter}) {
      for (std::uint64_t step = 1; step <= steps; ++step) {
        clear_lake();
        FaultyStore faulty(*store_);
        faulty.set_fault(fault, step);
        static_cast<void>(fetch(faulty));
        SCOPED_TRACE(testing::Message() << "fault " << static_cast<int>(fault) << " at step "
                                        << step << ": " << faulty.struck());
        const auto repaired = fetch(*store_);
        ASSERT_TRUE(repaired) << repaired.error().to_string();
        EXPECT_TRUE(repaired->finished());
        EXPECT_EQ(rows_and_replies(), undisturbed);
      }
    }
  }
}

TEST_F(Fetch, TwoOfOnePlanExcludeEachOther) {
  std::atomic<bool> tried = false;
  const auto other = [&]() -> Result<void> {
    if (tried.exchange(true)) return {};
    const auto second =
        run_fetch(*store_, config_.datasets[0], request_,
                  {.secrets = secrets_.get(),
                   .make_client = [this](const HttpOptions&) { return api_.client(); },
                   .holder = "another",
                   .is_gone = {}},
                  {});
    EXPECT_FALSE(second);
    if (!second) {
      EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
      EXPECT_THAT(second.error().message, HasSubstr("test 1 is at work on this fetch"));
    }
    return {};
  };
  fetched({.progress = {}, .ran = [&](const RunOutcome&) { return other(); }});
  EXPECT_TRUE(tried);
}

}  // namespace
}  // namespace lakegate
