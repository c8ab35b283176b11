// What a fetch writes down is what is read back; and the report beside it.
#include "extract/fetch_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "extract/report.h"

namespace lakegate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const ObjectKey kKey("_lake/fetches/devices/3f2a9c0b11d4/record.json");
const Instant kTime = instant_from_iso("2026-11-23T04:22:44Z").value();
const FetchCounts kCounts = {
    .sets = 3, .failed = 1, .attempts = 7, .replies = 2, .bytes = 1234, .rows = 20};
const FailedSet kFailed = {.n = 1,
                           .parameters = R"({"device":"d\"1"})",
                           .status = 503,
                           .attempts = 5,
                           .reason = "status 503 (five attempts)"};

TEST(FetchRecords, ASliceIsReadBackAsWritten) {
  const SliceRecord slice{.dataset = DatasetName("devices"),
                          .plan = "3f2a9c0b11d4",
                          .slice = 2,
                          .counts = kCounts,
                          .failures = {kFailed},
                          .landed = ObjectKey("landing/devices/x.replies.ndjson.zst"),
                          .landed_size = 99,
                          .asked_at = to_iso(kTime),
                          .duration_ms = 17,
                          .lakegate_version = "1"};
  const auto read = slice_from_json(to_json(slice), kKey);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(to_json(*read), to_json(slice));
  EXPECT_EQ(read->counts, kCounts);
  EXPECT_THAT(read->failures, ElementsAre(kFailed));
}

TEST(FetchRecords, AFetchIsReadBackAsWritten) {
  const FetchRecord fetch{
      .dataset = DatasetName("devices"),
      .plan = "3f2a9c0b11d4",
      .scheduled_at = kTime,
      .failed_of = "0123456789ab",
      .counts = kCounts,
      .failures = {kFailed},
      .slices = {{.slice = 1, .arrival = ArrivalId("a1"), .rows_written = 19, .rows_rejected = 1},
                 {.slice = 2, .arrival = ArrivalId("a2"), .failed = true}},
      .finished_at = to_iso(kTime),
      .lakegate_version = "1"};
  const auto read = fetch_from_json(to_json(fetch), kKey);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(to_json(*read), to_json(fetch));
  EXPECT_TRUE(read->slices[1].failed);
}

TEST(FetchRecords, TellOfWhatWasWorstWhereverItStood) {
  std::vector<FailedSet> worst;
  for (std::uint64_t n = 0; n < 3 * kMostFailuresTold; ++n)
    add_to_worst({.n = n, .attempts = n % 150 == 149 ? 6 : 1}, worst);
  std::vector<std::uint64_t> told;
  for (const FailedSet& failure : worst) told.push_back(failure.n);
  ASSERT_EQ(told.size(), kMostFailuresTold);
  EXPECT_THAT(std::vector(told.begin(), told.begin() + 4), ElementsAre(149, 299, 0, 1));
  EXPECT_EQ(told.back(), kMostFailuresTold - 3);
}

TEST(FetchRecords, WhatIsMissingIsNamed) {
  const auto slice = slice_from_json(R"({"format":1,"dataset":"devices"})", kKey);
  ASSERT_FALSE(slice);
  EXPECT_THAT(slice.error().to_string(), HasSubstr("plan"));
  EXPECT_FALSE(fetch_from_json(R"({"format":2})", kKey));
  EXPECT_FALSE(lease_from_json("[]", kKey));
  EXPECT_FALSE(last_fetch_from_json("", kKey));
}

class Bytes : public ByteSink {
 public:
  Result<void> write(std::span<const std::byte> bytes) override {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  std::string text;
};

TEST(FetchReports, TellWhichSetsFailed) {
  Plan plan{.dataset = DatasetName("devices")};
  plan.sets = ParameterSets({"device", "status"});
  for (const char* device : {"a", "b", "c"}) plan.sets.add({{device, false}, {"7", true}});
  Bytes bytes;
  const std::vector<ReportRow> rows = {{.n = 0, .attempts = 1, .status = 200},
                                       {.n = 1, .attempts = 5, .status = 503, .failure = "no"},
                                       {.n = 2, .attempts = 1, .failure = "no connection"}};
  const auto written = write_report(plan, rows, bytes);
  ASSERT_TRUE(written) << written.error().to_string();
  const auto failed = failed_sets(memory_input("report", bytes.text));
  ASSERT_TRUE(failed) << failed.error().to_string();
  EXPECT_THAT(*failed, ElementsAre(1, 2));
}

TEST(FetchReports, WhatIsNoneIsRefused) {
  EXPECT_FALSE(failed_sets(memory_input("report", "not Parquet")));
}

}  // namespace
}  // namespace lakegate
