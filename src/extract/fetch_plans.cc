#include "extract/fetch_plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <utility>

#include "convert/lake_run.h"
#include "extract/fetch_failures.h"
#include "extract/slice_writer.h"
#include "lake/layout.h"

namespace lakegate {
namespace {

template <class Record, class Parse>
Result<std::optional<Record>> find_record(const ObjectStore& store, const ObjectKey& key,
                                          Parse parse) {
  auto blob = store.get(key);
  if (!blob && blob.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!blob) return Failure(std::move(blob).error());
  LAKEGATE_TRY(Record record, parse(blob->bytes, key));
  return record;
}

Result<bool> exists(const ObjectStore& store, const ObjectKey& key) {
  const auto found = store.head(key);
  if (found) return true;
  if (found.error().kind == ErrorKind::kNotFound) return false;
  return Failure(found.error());
}

Instant whole_seconds(Instant instant) {
  return std::chrono::floor<std::chrono::seconds>(instant);
}

// A fetch that cannot be gone on with, and need not be: a later one has been finished since.
bool is_superseded(const std::optional<LastFetch>& last, const Plan& plan) {
  return last && last->scheduled_at > plan.scheduled_at;
}

Result<Plan> new_plan(const ObjectStore& store, const DatasetConfig& dataset,
                      const FetchRequest& request, Instant at) {
  if (request.failed_of.empty()) {
    LAKEGATE_TRY(const auto last, find_last_fetch(store, dataset.name));
    std::optional<Instant> last_finished;
    if (last) last_finished = last->scheduled_at;
    return make_plan(dataset, at, last_finished, store);
  }
  LAKEGATE_TRY(const Plan of, load_plan(store, dataset.name, request.failed_of));
  LAKEGATE_TRY(const auto failed, unanswered_sets(store, of));
  if (failed.empty())
    return invalid_input(
        fmt::format("nothing failed in the fetch {} of {} that has not been answered since: there "
                    "is nothing to ask again",
                    request.failed_of, dataset.name.str()));
  return make_failed_plan(dataset, of, at, failed);
}

}  // namespace

std::string why_not_continued(const SourceConfig& source, const Plan& plan,
                              std::size_t slices_asked) {
  if (plan.source_hash != source.request_hash())
    return "its requests were written down by another `source:` than today's";
  // Where slices have been asked, a new plan would ask for the same again.
  if (source.slice != 0 && source.slice != plan.slice_requests && slices_asked == 0)
    return fmt::format("its slices have {} requests, and `slice:` says {}", plan.slice_requests,
                       source.slice);
  return {};
}

Result<std::vector<ListedFetch>> list_fetches(const ObjectStore& store,
                                              const DatasetName& dataset) {
  const std::string prefix = layout::fetches_prefix(dataset);
  LAKEGATE_TRY(const auto objects, store.list(prefix));
  std::map<std::string, ListedFetch> plans;
  std::map<std::string, bool> has_plan;
  for (const ObjectInfo& object : objects) {
    const std::string below = object.key.str().substr(prefix.size());
    const std::size_t slash = below.find('/');
    if (slash == std::string::npos) continue;
    const std::string id = below.substr(0, slash);
    const std::string_view name = std::string_view(below).substr(slash + 1);
    ListedFetch& fetch = plans[id];
    fetch.plan = id;
    if (name == "plan.ndjson.zst") has_plan[id] = true;
    if (name == "fetch.json") fetch.finished = object.modified;
    if (name.starts_with("slice-")) ++fetch.slices;
  }
  std::vector<ListedFetch> list;
  for (auto& [id, fetch] : plans)
    if (has_plan[id]) list.push_back(std::move(fetch));
  return list;
}

Result<std::string> find_plan(const ObjectStore& store, const DatasetName& dataset,
                              const std::string& beginning) {
  if (beginning.empty())
    return invalid_input(
        fmt::format("the id of the fetch is empty; `lakegate status {}` shows ids", dataset.str()));
  LAKEGATE_TRY(const auto fetches, list_fetches(store, dataset));
  std::vector<std::string> found;
  for (const ListedFetch& fetch : fetches)
    if (fetch.plan.starts_with(beginning)) found.push_back(fetch.plan);
  if (found.size() == 1) return found.front();
  if (found.empty())
    return invalid_input(fmt::format("{} has no fetch {}; `lakegate status {}` shows them",
                                     dataset.str(), beginning, dataset.str()));
  return invalid_input(fmt::format("{} has {} fetches that begin with {}; write more of it",
                                   dataset.str(), found.size(), beginning));
}

Result<Plan> load_plan(const ObjectStore& store, const DatasetName& dataset,
                       const std::string& id) {
  const ObjectKey key = layout::plan_key(dataset, id);
  LAKEGATE_TRY(const Blob blob, store.get(key));
  return plan_from_bytes(blob.bytes, key.str());
}

Result<std::optional<FetchRecord>> find_fetch_record(const ObjectStore& store,
                                                     const DatasetName& dataset,
                                                     const std::string& plan) {
  return find_record<FetchRecord>(store, layout::fetch_record_key(dataset, plan), fetch_from_json);
}

Result<std::optional<LastFetch>> find_last_fetch(const ObjectStore& store,
                                                 const DatasetName& dataset) {
  return find_record<LastFetch>(store, layout::last_fetch_key(dataset), last_fetch_from_json);
}

Result<std::optional<FetchRecord>> newest_fetch(const ObjectStore& store,
                                                const DatasetName& dataset,
                                                std::vector<ListedFetch> fetches) {
  LAKEGATE_TRY(const auto last, find_last_fetch(store, dataset));
  std::erase_if(fetches, [](const ListedFetch& fetch) { return !fetch.finished; });
  std::ranges::stable_sort(fetches, std::greater<>(), &ListedFetch::finished);
  for (const ListedFetch& fetch : fetches) {
    if (last && fetch.plan == last->plan) break;
    LAKEGATE_TRY(auto record, find_fetch_record(store, dataset, fetch.plan));
    if (!record || !record->failed_of.empty()) continue;
    if (!last || record->scheduled_at > last->scheduled_at) return record;
  }
  if (!last) return std::nullopt;
  return find_fetch_record(store, dataset, last->plan);
}

Result<std::optional<SliceRecord>> find_slice_record(const ObjectStore& store,
                                                     const layout::FetchSlice& slice) {
  return find_record<SliceRecord>(store, layout::slice_key(slice), slice_from_json);
}

Result<ChosenPlan> choose_plan(const ObjectStore& store, const DatasetConfig& dataset,
                               const FetchRequest& request, Instant now) {
  ChosenPlan chosen;
  if (request.time) {
    const Instant at = whole_seconds(*request.time);
    const std::string id = plan_id(dataset.name, at, request.failed_of);
    LAKEGATE_TRY(const bool is_there, exists(store, layout::plan_key(dataset.name, id)));
    if (!is_there) {
      LAKEGATE_TRY(chosen.plan, new_plan(store, dataset, request, at));
      chosen.is_new = true;
      return chosen;
    }
    LAKEGATE_TRY(chosen.plan, load_plan(store, dataset.name, id));
    LAKEGATE_TRY(const bool is_done, exists(store, layout::fetch_record_key(dataset.name, id)));
    LAKEGATE_TRY(const auto slices,
                 store.list(layout::fetch_key(dataset.name, id, "slice-").str()));
    const std::string why = why_not_continued(*dataset.source, chosen.plan, slices.size());
    if (is_done && !why.empty())
      chosen.remarks.push_back(fmt::format(
          "the fetch {} of that time stays as it is: {}; fetch with another --time", id, why));
    if (!is_done && !why.empty())
      return invalid_input(fmt::format("the fetch {} of that time cannot go on: {}; fetch with "
                                       "another --time",
                                       id, why),
                           {.file = layout::plan_key(dataset.name, id).str()});
    return chosen;
  }
  LAKEGATE_TRY(const auto fetches, list_fetches(store, dataset.name));
  LAKEGATE_TRY(const auto last, find_last_fetch(store, dataset.name));
  std::optional<Plan> unfinished;
  for (const ListedFetch& fetch : fetches) {
    if (fetch.finished) continue;
    LAKEGATE_TRY(Plan plan, load_plan(store, dataset.name, fetch.plan));
    if (!request.failed_of.empty() && plan.failed_of != request.failed_of) continue;
    const std::string why = why_not_continued(*dataset.source, plan, fetch.slices);
    if (!why.empty()) {
      if (!is_superseded(last, plan))
        chosen.remarks.push_back(fmt::format("the fetch {} stays unfinished: {}", fetch.plan, why));
      continue;
    }
    if (!unfinished || unfinished->scheduled_at < plan.scheduled_at) unfinished = std::move(plan);
  }
  if (unfinished) {
    chosen.plan = std::move(*unfinished);
    return chosen;
  }
  LAKEGATE_TRY(chosen.plan, new_plan(store, dataset, request, whole_seconds(now)));
  chosen.is_new = true;
  return chosen;
}

Result<Plan> put_plan(ObjectStore& store, Plan plan) {
  auto put = store.put_if_absent(layout::plan_key(plan.dataset, plan.id), to_bytes(plan));
  if (!put && put.error().kind == ErrorKind::kConflict)
    return load_plan(store, plan.dataset, plan.id);
  if (!put) return Failure(std::move(put).error());
  return plan;
}

Result<std::vector<SliceState>> slice_states(const ObjectStore& store, const DatasetConfig& dataset,
                                             const Plan& plan) {
  std::vector<SliceState> states(plan.slices());
  LAKEGATE_TRY(const auto objects,
               store.list(layout::fetch_key(dataset.name, plan.id, "slice-").str()));
  std::set<ObjectKey> records;
  for (const ObjectInfo& object : objects) records.insert(object.key);
  for (std::uint64_t number = 1; number <= states.size(); ++number) {
    if (!records.contains(layout::slice_key(slice_of(plan, number)))) continue;
    SliceState& state = states[number - 1];
    LAKEGATE_TRY(auto record, find_slice_record(store, slice_of(plan, number)));
    if (!record) continue;
    if (record->landed.empty()) {
      state = {.asked = std::move(record), .is_curated = true};
      continue;
    }
    const Arrival arrival = fetched_arrival(dataset, {.key = record->landed});
    LAKEGATE_TRY(state.is_curated, exists(store, layout::run_key(dataset.name, arrival.id)));
    if (!state.is_curated) {
      // The record is put first: without the landed object nothing was asked for good.
      LAKEGATE_TRY(const bool has_landed, exists(store, record->landed));
      if (!has_landed) continue;
    }
    state.asked = std::move(record);
  }
  return states;
}

}  // namespace lakegate
