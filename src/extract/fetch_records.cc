#include "extract/fetch_records.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "lake/json_text.h"
#include "lake/record_reader.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;

// Of all records of a fetch; docs/fetch.md says what a change of it means.
constexpr int kFormat = 1;

std::string print(const Json& json) {
  return json_pages(json) + "\n";
}

template <class Record>
Result<Record> finish(Record record, const RecordReader& reader) {
  if (reader.error()) return Failure(*reader.error());
  return record;
}

Json json_of(const FetchCounts& counts) {
  return {{"sets", counts.sets},       {"failed", counts.failed}, {"attempts", counts.attempts},
          {"replies", counts.replies}, {"bytes", counts.bytes},   {"rows", counts.rows}};
}

FetchCounts counts_from(RecordReader reader) {
  FetchCounts counts;
  counts.sets = reader.number("sets");
  counts.failed = reader.number("failed");
  counts.attempts = reader.number("attempts");
  counts.replies = reader.number("replies");
  counts.bytes = reader.number("bytes");
  counts.rows = reader.number("rows");
  return counts;
}

Json json_of(const std::vector<FailedSet>& failures) {
  Json list = Json::array();
  for (const FailedSet& failure : failures)
    list.push_back({{"n", failure.n},
                    {"parameters", failure.parameters},
                    {"status", failure.status},
                    {"attempts", failure.attempts},
                    {"reason", failure.reason}});
  return list;
}

std::vector<FailedSet> failures_from(RecordReader& reader) {
  std::vector<FailedSet> failures;
  for (RecordReader& each : reader.objects("failures"))
    failures.push_back({.n = each.number("n"),
                        .parameters = each.text("parameters"),
                        .status = each.small_number("status"),
                        .attempts = each.small_number("attempts"),
                        .reason = each.text("reason")});
  return failures;
}

}  // namespace

FetchCounts& FetchCounts::operator+=(const FetchCounts& other) {
  sets += other.sets;
  failed += other.failed;
  attempts += other.attempts;
  replies += other.replies;
  bytes += other.bytes;
  rows += other.rows;
  return *this;
}

void add_to_worst(FailedSet failure, std::vector<FailedSet>& worst) {
  const auto is_worse = [](const FailedSet& a, const FailedSet& b) {
    return a.attempts != b.attempts ? a.attempts > b.attempts : a.n < b.n;
  };
  const auto place = std::ranges::upper_bound(worst, failure, is_worse);
  if (place == worst.end() && worst.size() == kMostFailuresTold) return;
  worst.insert(place, std::move(failure));
  if (worst.size() > kMostFailuresTold) worst.pop_back();
}

std::string to_json(const SliceRecord& slice) {
  return print({{"format", kFormat},
                {"dataset", slice.dataset.str()},
                {"plan", slice.plan},
                {"slice", slice.slice},
                {"counts", json_of(slice.counts)},
                {"failures", json_of(slice.failures)},
                {"landed", slice.landed.str()},
                {"landed_size", slice.landed_size},
                {"asked_at", slice.asked_at},
                {"duration_ms", slice.duration_ms},
                {"lakegate_version", slice.lakegate_version}});
}

Result<SliceRecord> slice_from_json(std::string_view json, const ObjectKey& key) {
  RecordReader reader(json, key.str(), kFormat);
  SliceRecord slice;
  slice.dataset = DatasetName(reader.text("dataset"));
  slice.plan = reader.text("plan");
  slice.slice = reader.number("slice");
  slice.counts = counts_from(reader.object("counts"));
  slice.failures = failures_from(reader);
  slice.landed = ObjectKey(reader.text("landed"));
  slice.landed_size = reader.number("landed_size");
  slice.asked_at = reader.text("asked_at");
  slice.duration_ms = reader.number("duration_ms");
  slice.lakegate_version = reader.text("lakegate_version");
  return finish(std::move(slice), reader);
}

std::string to_json(const FetchRecord& fetch) {
  Json slices = Json::array();
  for (const FetchRecord::Slice& slice : fetch.slices)
    slices.push_back({{"slice", slice.slice},
                      {"arrival", slice.arrival.str()},
                      {"outcome", slice.failed ? "failed" : "committed"},
                      {"rows_written", slice.rows_written},
                      {"rows_rejected", slice.rows_rejected}});
  return print({{"format", kFormat},
                {"dataset", fetch.dataset.str()},
                {"plan", fetch.plan},
                {"scheduled_at", to_iso(fetch.scheduled_at)},
                {"failed_of", fetch.failed_of},
                {"counts", json_of(fetch.counts)},
                {"failures", json_of(fetch.failures)},
                {"slices", std::move(slices)},
                {"finished_at", fetch.finished_at},
                {"lakegate_version", fetch.lakegate_version}});
}

Result<FetchRecord> fetch_from_json(std::string_view json, const ObjectKey& key) {
  RecordReader reader(json, key.str(), kFormat);
  FetchRecord fetch;
  fetch.dataset = DatasetName(reader.text("dataset"));
  fetch.plan = reader.text("plan");
  fetch.scheduled_at = reader.instant("scheduled_at");
  fetch.failed_of = reader.text("failed_of");
  fetch.counts = counts_from(reader.object("counts"));
  fetch.failures = failures_from(reader);
  for (RecordReader& each : reader.objects("slices")) {
    const std::string outcome = each.text("outcome");
    if (outcome != "failed" && outcome != "committed")
      each.refuse("\"slices.outcome\" is neither committed nor failed");
    fetch.slices.push_back({.slice = each.number("slice"),
                            .arrival = ArrivalId(each.text("arrival")),
                            .failed = outcome == "failed",
                            .rows_written = each.number("rows_written"),
                            .rows_rejected = each.number("rows_rejected")});
  }
  fetch.finished_at = reader.text("finished_at");
  fetch.lakegate_version = reader.text("lakegate_version");
  return finish(std::move(fetch), reader);
}

std::string to_json(const LastFetch& last) {
  return print(
      {{"format", kFormat}, {"plan", last.plan}, {"scheduled_at", to_iso(last.scheduled_at)}});
}

Result<LastFetch> last_fetch_from_json(std::string_view json, const ObjectKey& key) {
  RecordReader reader(json, key.str(), kFormat);
  LastFetch last;
  last.plan = reader.text("plan");
  last.scheduled_at = reader.instant("scheduled_at");
  return finish(std::move(last), reader);
}

std::string to_json(const LeaseRecord& lease) {
  return print(
      {{"format", kFormat}, {"holder", lease.holder}, {"expires_at", to_iso(lease.expires_at)}});
}

Result<LeaseRecord> lease_from_json(std::string_view json, const ObjectKey& key) {
  RecordReader reader(json, key.str(), kFormat);
  LeaseRecord lease;
  lease.holder = reader.text("holder");
  lease.expires_at = reader.instant("expires_at");
  return finish(std::move(lease), reader);
}

}  // namespace lakegate
