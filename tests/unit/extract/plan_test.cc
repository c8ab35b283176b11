#include "extract/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "stores/memory_store.h"

namespace lakegate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Instant kAt = *instant_from_iso("2026-11-23T04:22:44.9Z");

DatasetConfig dataset_of(const std::string& source) {
  return parse_config({.text = "datasets:\n  d:\n    source: {" + source + "}\n",
                       .file = "lake.yaml",
                       .env = {},
                       .variables = {}})
      .value()
      .datasets.at(0);
}

Result<Plan> plan_of(const std::string& source) {
  return make_plan(dataset_of(source), kAt, {}, *make_memory_store());
}

const std::string kSource =
    "url: 'https://api.example.com/{device}/{n}?s={since}&u={until}', since: {start: 2026-01-01}, "
    "for_each: {device: [a, \"b\\n\\\"ü\"], n: [1.50, -2, '3']}";

void expect_same(const Plan& a, const Plan& b) {
  EXPECT_EQ(a.dataset, b.dataset);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.scheduled_at, b.scheduled_at);
  EXPECT_EQ(a.since, b.since);
  EXPECT_EQ(a.source_hash, b.source_hash);
  EXPECT_EQ(a.slice_requests, b.slice_requests);
  EXPECT_EQ(a.failed_of, b.failed_of);
  EXPECT_TRUE(a.sets == b.sets);
}

TEST(Plan, SaysWhatEveryVariableIs) {
  const Plan plan = plan_of(kSource).value();
  EXPECT_EQ(plan.scheduled_at, *instant_from_iso("2026-11-23T04:22:44Z"));
  EXPECT_THAT(plan.sets.names(), ElementsAre("device", "n", "since", "until"));
  ASSERT_EQ(plan.sets.size(), 6U);
  EXPECT_EQ(
      plan.parameters_json(0),
      R"({"device":"a","n":1.50,"since":"2026-01-01T00:00:00Z","until":"2026-11-23T04:22:44Z"})");
  EXPECT_EQ(plan.parameters_json(5),
            "{\"device\":\"b\\n\\\"ü\",\"n\":\"3\",\"since\":\"2026-01-01T00:00:00Z\",\"until\":"
            "\"2026-11-23T04:22:44Z\"}");
  EXPECT_EQ(plan.sets.find(1, "n")->text, "-2");
  EXPECT_EQ(plan.sets.find(1, "m"), nullptr);
}

TEST(Plan, IsTheSameAfterBytes) {
  for (const std::string& source : {kSource, std::string("url: 'https://api.example.com/'")}) {
    const Plan plan = plan_of(source).value();
    const std::string bytes = to_bytes(plan);
    EXPECT_EQ(bytes, to_bytes(plan_of(source).value())) << "not a function of its input";
    const auto again = plan_from_bytes(bytes, "plan");
    ASSERT_TRUE(again) << again.error().to_string();
    expect_same(*again, plan);
  }
}

TEST(Plan, OfManySetsIsSmallAndTheSameAfterBytes) {
  const Plan plan =
      plan_of(
          "url: 'https://a.example.com/{a}/{b}', slice: 1000, for_each: {a: {from: 1, to: 1000}, "
          "b: {from: 1, to: 300}}")
          .value();
  EXPECT_EQ(plan.sets.size(), 300'000U);
  EXPECT_EQ(plan.slices(), 300U);
  const auto again = plan_from_bytes(to_bytes(plan), "plan");
  ASSERT_TRUE(again);
  expect_same(*again, plan);
  EXPECT_EQ(again->parameters_json(299'999), R"({"a":1000,"b":300})");
}

TEST(Plan, IdsDependOnDatasetTimeAndWhatFailed) {
  const std::string id = plan_id(DatasetName("d"), kAt, "");
  EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{12}"));
  EXPECT_EQ(id, plan_of(kSource)->id);
  EXPECT_EQ(plan_id(DatasetName("d"), kAt + std::chrono::milliseconds(50), ""), id);
  EXPECT_NE(plan_id(DatasetName("e"), kAt, ""), id);
  EXPECT_NE(plan_id(DatasetName("d"), kAt + std::chrono::seconds(1), ""), id);
  EXPECT_NE(plan_id(DatasetName("d"), kAt, id), id);
}

TEST(Plan, AsksAgainForWhatFailed) {
  const DatasetConfig dataset = dataset_of(kSource);
  const Plan first = plan_of(kSource).value();
  const Instant later = kAt + std::chrono::hours(1);
  const std::array<std::size_t, 2> failed = {1, 4};
  const Plan again = make_failed_plan(dataset, first, later, failed).value();
  EXPECT_EQ(again.failed_of, first.id);
  EXPECT_EQ(again.id, plan_id(dataset.name, later, first.id));
  ASSERT_EQ(again.sets.size(), 2U);
  EXPECT_EQ(again.parameters_json(0), first.parameters_json(1)) << "since and until included";
  EXPECT_EQ(again.parameters_json(1), first.parameters_json(4));
  expect_same(plan_from_bytes(to_bytes(again), "plan").value(), again);
  EXPECT_FALSE(make_failed_plan(dataset, first, later, {}));
  const std::array<std::size_t, 1> beyond = {6};
  EXPECT_FALSE(make_failed_plan(dataset, first, later, beyond));
}

TEST(Plan, HasItsLimits) {
  const auto many = plan_of(
      "url: 'https://a.example.com/{a}/{b}', for_each: {a: {from: 1, to: 2000}, b: {from: 1, to: "
      "2000}}");
  ASSERT_FALSE(many);
  EXPECT_THAT(many.error().message, HasSubstr("more than 1000000 requests"));
  const auto slices =
      plan_of("url: 'https://a.example.com/{a}', slice: 1, for_each: {a: {from: 1, to: 20000}}");
  ASSERT_FALSE(slices);
  EXPECT_THAT(slices.error().message, HasSubstr("write slice: 3 or more"));
}

TEST(Plan, RefusesBytesThatAreNone) {
  const std::string bytes = to_bytes(plan_of(kSource).value());
  EXPECT_FALSE(plan_from_bytes("", "plan"));
  EXPECT_FALSE(plan_from_bytes("{}", "plan"));
  for (std::size_t length : {std::size_t{1}, bytes.size() / 2, bytes.size() - 1})
    EXPECT_FALSE(plan_from_bytes(bytes.substr(0, length), "plan")) << length;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
    const auto read = plan_from_bytes(flipped, "plan");
    if (read) expect_same(*read, plan_of(kSource).value());  // a bit that says nothing
  }
}

}  // namespace
}  // namespace lakegate
