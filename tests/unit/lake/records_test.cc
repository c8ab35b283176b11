#include "lake/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lake/reject.h"
#include "lake/utf8.h"

namespace lakegate {
namespace {

using nlohmann::ordered_json;
using testing::HasSubstr;

Arrival an_arrival() {
  Arrival arrival;
  arrival.dataset = DatasetName("sales");
  arrival.key = ObjectKey("landing/sales/north/ä \"1\".csv");
  arrival.version = "deadbeef";
  arrival.size = 18'446'744'073'709'551'615ULL;
  arrival.arrived_at = *instant_from_iso("2026-11-23T04:22:44.000000001Z");
  arrival.captures = {{"store", "north"}, {"date", "2024-01-02"}};
  arrival.id = ArrivalId("0123456789abcdef0123");
  return arrival;
}

RunRecord a_run() {
  RunRecord run;
  run.arrival = an_arrival();
  run.generation = 2;
  run.schema_version = 3;
  run.config_hash = "c0ffee";
  run.input_sha256 = "1234";
  run.counts = {.rows_in = 10, .rows_written = 7, .rows_rejected = 3};
  run.outputs = {{.key = ObjectKey("curated/sales/dt=2026-11-23/a.parquet"),
                  .partition = "dt=2026-11-23",
                  .rows = 7,
                  .size = 99,
                  .sha256 = "ab"}};
  run.rejects = {{.key = ObjectKey("rejected/a.ndjson"),
                  .partition = "",
                  .rows = 3,
                  .size = 5,
                  .sha256 = "cd"}};
  run.started_at = "2026-11-23T04:22:45.000000000Z";
  run.duration_ms = 12;
  run.lakegate_version = "0.1.0";
  return run;
}

TEST(Records, RunComesBackAsItWas) {
  const RunRecord run = a_run();
  const std::string json = to_json(run);
  const auto back = run_from_json(json, ObjectKey("k"));
  ASSERT_TRUE(back.has_value()) << back.error().to_string();
  EXPECT_EQ(back->arrival, run.arrival);
  EXPECT_EQ(back->counts, run.counts);
  EXPECT_EQ(back->outputs, run.outputs);
  EXPECT_EQ(back->rejects, run.rejects);
  EXPECT_EQ(to_json(*back), json);
}

TEST(Records, ScriptsFindTheCountsAtTheTop) {
  const auto json = ordered_json::parse(to_json(a_run()));
  EXPECT_EQ(json.begin().key(), "format");
  EXPECT_EQ(json["format"], 1);
  EXPECT_EQ(json["rows_in"], 10);
  EXPECT_EQ(json["rows_written"], 7);
  EXPECT_EQ(json["rows_rejected"], 3);
  EXPECT_EQ(json["arrival"]["arrived_at"], "2026-11-23T04:22:44.000000001Z");
  EXPECT_EQ(json["arrival"]["captures"]["store"], "north");
  EXPECT_THAT(to_json(a_run()), testing::EndsWith("}\n"));
}

TEST(Records, OthersComeBackAsTheyWere) {
  Claim claim{.arrival = an_arrival(),
              .schema_version = 4,
              .config_hash = "x",
              .generation = 2,
              .lakegate_version = "1.2.3"};
  claim.arrival.captures.clear();
  const auto claim_back = claim_from_json(to_json(claim), ObjectKey("k"));
  ASSERT_TRUE(claim_back.has_value()) << claim_back.error().to_string();
  EXPECT_EQ(claim_back->arrival, claim.arrival);
  EXPECT_EQ(to_json(*claim_back), to_json(claim));

  FailureRecord failure;
  failure.arrival = an_arrival();
  failure.error = {
      ErrorKind::kInvalidInput, "bad \x1b thing", {.file = "a.csv", .line = 3, .column = 7}};
  failure.counts = {.rows_in = 5, .rows_written = 0, .rows_rejected = 2};
  failure.rejects_kept = 2;
  const auto failure_back = failure_from_json(to_json(failure), ObjectKey("k"));
  ASSERT_TRUE(failure_back.has_value()) << failure_back.error().to_string();
  EXPECT_EQ(failure_back->error.to_string(), failure.error.to_string());
  EXPECT_EQ(failure_back->error.kind, ErrorKind::kInvalidInput);
  EXPECT_EQ(to_json(*failure_back), to_json(failure));

  const LoadRecord load{.table = TableName("T"),
                        .dataset = DatasetName("sales"),
                        .arrival = ArrivalId("0123456789abcdef0123"),
                        .generation = 1,
                        .rows_read = 10,
                        .rows_written = 6,
                        .rows_superseded = 3,
                        .rows_rejected = 1,
                        .rows_removed = 2,
                        .finished_at = "2026-11-23T04:22:45.000000000Z",
                        .lakegate_version = "0.1.0"};
  const auto load_back = load_from_json(to_json(load), ObjectKey("k"));
  ASSERT_TRUE(load_back.has_value()) << load_back.error().to_string();
  EXPECT_EQ(to_json(*load_back), to_json(load));
}

// Every field of a run, taken away and given a wrong type in turn, is refused under its own name.
TEST(Records, EveryFieldIsNeededAndTyped) {
  const auto whole = ordered_json::parse(to_json(a_run()));
  for (const auto& [name, value] : whole.items()) {
    ordered_json without = whole;
    without.erase(name);
    auto read = run_from_json(without.dump(), ObjectKey("_lake/runs/x.json"));
    ASSERT_FALSE(read.has_value()) << name;
    EXPECT_THAT(read.error().to_string(), HasSubstr("\"" + name));
    EXPECT_EQ(read.error().where.file, "_lake/runs/x.json");
    ordered_json wrong = whole;
    wrong[name] = true;
    read = run_from_json(wrong.dump(), ObjectKey("k"));
    ASSERT_FALSE(read.has_value()) << name;
    EXPECT_THAT(read.error().message, HasSubstr("\"" + name + "\""));
  }
}

TEST(Records, Refuses) {
  const auto run = ordered_json::parse(to_json(a_run()));
  const auto with = [&](const char* pointer, ordered_json value) {
    ordered_json changed = run;
    changed[ordered_json::json_pointer(pointer)] = std::move(value);
    return changed.dump();
  };
  const std::pair<std::string, const char*> cases[] = {
      {"", "not JSON"},
      {"{\"format\": 1,\n oops", "not JSON"},
      {"[]", "not a JSON object"},
      {with("/format", 2), "format 2"},
      {with("/rows_in", 11), "do not add up"},
      {with("/rows_in", -1), "\"rows_in\""},
      {with("/rows_in", 1.5), "\"rows_in\""},
      {with("/generation", 3'000'000'000), "\"generation\""},
      {with("/outputs/0/rows", "7"), "\"outputs[0].rows\""},
      {with("/outputs/0", 7), "\"outputs[0]\""},
      {with("/arrival/arrived_at", "yesterday"), "\"arrival.arrived_at\""},
      {with("/arrival/captures/store", 7), "\"arrival.captures.store\""},
  };
  for (const auto& [json, message] : cases) {
    const auto read = run_from_json(json, ObjectKey("k"));
    ASSERT_FALSE(read.has_value()) << json;
    EXPECT_THAT(read.error().message, HasSubstr(message));
  }
  const auto broken = run_from_json("{\"format\": 1,\n oops", ObjectKey("k"));
  EXPECT_EQ(broken.error().where.line, 2U);
}

TEST(Records, RejectsAsLines) {
  const Reject reject{.row = 2,
                      .line = 3,
                      .offset = 8,
                      .column = "x",
                      .reason = RejectReason::kTypeMismatch,
                      .message = "not an int64",
                      .raw = "2,\"a\n\""};
  EXPECT_EQ(to_ndjson(reject),
            R"({"row":2,"line":3,"offset":8,"column":"x","reason":"type_mismatch",)"
            R"("message":"not an int64","raw":"2,\"a\n\""})");
  const Reject bytes{.row = 1,
                     .line = 1,
                     .offset = 0,
                     .column = "",
                     .reason = RejectReason::kInvalidUtf8,
                     .message = "byte \xe9",
                     .raw = "2,caf\xe9"};
  const auto json = nlohmann::ordered_json::parse(to_ndjson(bytes));
  EXPECT_FALSE(json.contains("raw"));
  EXPECT_EQ(json["raw_base64"], "MixjYWbp");
  EXPECT_TRUE(json["column"].is_null());
  EXPECT_FALSE(json.contains("raw_was_cut"));
}

TEST(Records, ARejectCutInsideACharacterStaysText) {
  Reject reject{.raw = "abc\xE2\x82", .raw_was_cut = true};
  auto json = nlohmann::ordered_json::parse(to_ndjson(reject));
  EXPECT_EQ(json["raw"], "abc");
  EXPECT_EQ(json["raw_was_cut"], true);
  reject.raw_was_cut = false;
  json = nlohmann::ordered_json::parse(to_ndjson(reject));
  EXPECT_TRUE(json.contains("raw_base64"));
}

TEST(Records, EveryReasonHasItsOwnName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(RejectReason::kNumberOutOfRange); ++i)
    names.insert(to_string(static_cast<RejectReason>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(RejectReason::kNumberOutOfRange) + 1);
}

TEST(Utf8, AcceptsAllOfItAndNothingElse) {
  for (const char* text : {"", "abc", "é", "€", "\U0001F600", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xE2\x82x", "\xFF"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

}  // namespace
}  // namespace lakegate
