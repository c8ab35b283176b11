#include "convert/orphans.h"

#include <algorithm>
#include <limits>
#include <set>

#include "convert/lake_run.h"
#include "lake/layout.h"

namespace lakegate {
namespace {

constexpr int kEveryGeneration = std::numeric_limits<int>::max();
// Where leases exclude nobody, an attempt may be at work until its function's time is up (15
// minutes), or on somebody's laptop. Until a claim is older, it is not taken for abandoned.
constexpr std::chrono::hours kLongestAttempt(24);

std::string rewrites_folder(const DatasetName& dataset) {
  return "_lake/rewrites/" + dataset.str() + "/";
}

ObjectKey rewrite_key(const DatasetName& dataset, const ArrivalId& arrival) {
  return ObjectKey(rewrites_folder(dataset) + arrival.str());
}

Result<void> remove_except(ObjectStore& store, const DatasetName& dataset, const ArrivalId& arrival,
                           const std::set<ObjectKey>& keep, int last_generation) {
  for (const std::string_view zone : {layout::kCurated, layout::kRejected}) {
    LAKEGATE_TRY(auto objects, store.list(std::string(zone) + dataset.str() + "/"));
    for (const ObjectInfo& object : objects) {
      const auto generation = layout::generation_of(object.key, arrival);
      if (generation && *generation <= last_generation && !keep.contains(object.key))
        LAKEGATE_CHECK(store.remove(object.key));
    }
  }
  return {};
}

Result<bool> is_there(const ObjectStore& store, const ObjectKey& key) {
  const auto found = store.head(key);
  if (!found && found.error().kind != ErrorKind::kNotFound) return Failure(found.error());
  return found.has_value();
}

// Whether a run of this arrival may still be committed, or has been: where leases exclude nobody,
// it may have landed and been claimed after landing/ was listed.
Result<bool> is_alive(const ObjectStore& store, const Arrival& arrival) {
  const auto landed = store.head(arrival.key);
  if (!landed && landed.error().kind != ErrorKind::kNotFound) return Failure(landed.error());
  const bool is_fetched = layout::fetched_at(arrival.key) && arrival.version == kFetchedVersion;
  if (landed && (is_fetched ||
                 (landed->version == arrival.version && landed->modified == arrival.arrived_at)))
    return true;
  // Looked at last: replies that are not kept go when this has come.
  return is_there(store, layout::run_key(arrival.dataset, arrival.id));
}

Result<void> remove_unnamed(ObjectStore& store, const RunRecord& record, int last_generation) {
  std::set<ObjectKey> keep;
  for (const OutputFile& file : record.outputs) keep.insert(file.key);
  for (const OutputFile& file : record.rejects) keep.insert(file.key);
  return remove_except(store, record.arrival.dataset, record.arrival.id, keep, last_generation);
}

Failure rewritten_meanwhile(const Arrival& arrival) {
  return fail(ErrorKind::kConflict,
              "another process has rewritten or cleaned up this arrival meanwhile; nothing was "
              "changed here, run the command again",
              {.file = arrival.key.str()});
}

}  // namespace

Result<void> check_not_rewritten(const Blob& now, const RunRecord& record) {
  const ObjectKey key = layout::run_key(record.arrival.dataset, record.arrival.id);
  LAKEGATE_TRY(const RunRecord read, run_from_json(now.bytes, key));
  if (read.generation != record.generation) return rewritten_meanwhile(record.arrival);
  return {};
}

Result<int> next_generation(const ObjectStore& store, const RunRecord& record) {
  const ObjectKey key = layout::claim_key(record.arrival.dataset, record.arrival.id);
  const auto blob = store.get(key);
  if (!blob && blob.error().kind == ErrorKind::kNotFound) return record.generation + 1;
  if (!blob) return Failure(blob.error());
  LAKEGATE_TRY(const Claim claim, claim_from_json(blob->bytes, key));
  return std::max(record.generation, claim.generation) + 1;
}

Result<void> begin_rewrite(ObjectStore& store, const Arrival& arrival) {
  return store.put(rewrite_key(arrival.dataset, arrival.id), arrival.id.str());
}

Result<void> end_rewrite(ObjectStore& store, const RunRecord& record, int last) {
  LAKEGATE_CHECK(remove_unnamed(store, record, last));
  return store.remove(rewrite_key(record.arrival.dataset, record.arrival.id));
}

// The record is written anew, with another blank, before what it does not name goes: a rewrite that
// is still alive, whose files these are, thereby finds another record than it began with, and is
// not committed. Leases do not keep it away, as stores without leases give one to everybody.
Result<void> settle_rewrite(ObjectStore& store, const DatasetName& dataset,
                            const ArrivalId& arrival) {
  const ObjectKey run_key = layout::run_key(dataset, arrival);
  const auto blob = store.get(run_key);
  if (!blob && blob.error().kind == ErrorKind::kNotFound) return {};  // a run: not committed yet
  if (!blob) return Failure(blob.error());
  LAKEGATE_TRY(const RunRecord record, run_from_json(blob->bytes, run_key));
  std::string fenced = blob->bytes;
  fenced.insert(fenced.find_last_not_of('\n') + 1, " ");
  const auto put = store.put_if_match(run_key, fenced, blob->tag);
  if (!put && put.error().kind == ErrorKind::kConflict) return {};  // committed just now: not dead
  if (!put) return Failure(put.error());
  LAKEGATE_CHECK(remove_unnamed(store, record, kEveryGeneration));
  return store.remove(rewrite_key(dataset, arrival));
}

Result<void> commit_rewrite(ObjectStore& store, const RunRecord& next, const std::string& tag) {
  const ObjectKey key = layout::run_key(next.arrival.dataset, next.arrival.id);
  const auto put = store.put_if_match(key, to_json(next), tag);
  if (put) return end_rewrite(store, next, next.generation);
  if (put.error().kind != ErrorKind::kConflict) return Failure(put.error());
  LAKEGATE_CHECK(settle_rewrite(store, next.arrival.dataset, next.arrival.id));
  return rewritten_meanwhile(next.arrival);
}

Result<void> finish_rewrites(ObjectStore& store, const DatasetName& dataset) {
  LAKEGATE_TRY(auto marks, store.list(rewrites_folder(dataset)));
  for (const ObjectInfo& mark : marks) {
    const ArrivalId arrival(mark.key.str().substr(mark.key.str().rfind('/') + 1));
    LAKEGATE_CHECK(settle_rewrite(store, dataset, arrival));
  }
  return {};
}

Result<std::vector<Claim>> give_up_abandoned(ObjectStore& store, const DatasetName& dataset,
                                             const std::vector<Arrival>& landed, const Lease& held,
                                             Instant now) {
  const std::string folder = layout::claim_key(dataset, ArrivalId("x")).str();
  LAKEGATE_TRY(auto claims, store.list(folder.substr(0, folder.rfind('/') + 1)));
  const std::string runs_key = layout::run_key(dataset, ArrivalId("x")).str();
  LAKEGATE_TRY(auto runs, store.list(runs_key.substr(0, runs_key.rfind('/') + 1)));
  std::set<std::string> settled;  // "<arrival id>.json"
  for (const ObjectInfo& run : runs)
    settled.insert(run.key.str().substr(run.key.str().rfind('/') + 1));
  for (const Arrival& arrival : landed) settled.insert(arrival.id.str() + ".json");

  std::vector<Claim> given_up;
  for (const ObjectInfo& object : claims) {
    if (settled.contains(object.key.str().substr(object.key.str().rfind('/') + 1))) continue;
    if (!held.is_exclusive() && now - object.modified < kLongestAttempt) continue;
    LAKEGATE_TRY(const Blob blob, store.get(object.key));
    LAKEGATE_TRY(Claim claim, claim_from_json(blob.bytes, object.key));
    LAKEGATE_TRY(const bool alive, is_alive(store, claim.arrival));
    if (alive) continue;
    LAKEGATE_CHECK(remove_except(store, dataset, claim.arrival.id, {}, kEveryGeneration));
    LAKEGATE_CHECK(store.remove(rewrite_key(dataset, claim.arrival.id)));
    LAKEGATE_CHECK(store.remove(object.key));
    given_up.push_back(std::move(claim));
  }
  return given_up;
}

}  // namespace lakegate
