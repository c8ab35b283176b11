#include "extract/fetch_outcome.h"

#include <chrono>
#include <optional>
#include <utility>

#include "build_info.h"
#include "extract/fetch_failures.h"
#include "lake/layout.h"

namespace lakegate {
namespace {

void tell_of(const SliceRecord& slice, FetchOutcome& outcome) {
  outcome.counts += slice.counts;
  for (const FailedSet& failure : slice.failures) add_to_worst(failure, outcome.failures);
}

// How the run of a slice ended. Nothing: it has not been run.
Result<std::optional<FetchRecord::Slice>> run_of(const ObjectStore& store,
                                                 const DatasetConfig& dataset,
                                                 const SliceRecord& slice) {
  FetchRecord::Slice entry{.slice = slice.slice};
  if (slice.landed.empty()) return entry;
  entry.arrival = fetched_arrival(dataset, {.key = slice.landed}).id;
  const ObjectKey run_key = layout::run_key(dataset.name, entry.arrival);
  if (const auto blob = store.get(run_key); blob) {
    LAKEGATE_TRY(const RunRecord run, run_from_json(blob->bytes, run_key));
    entry.rows_written = run.counts.rows_written;
    entry.rows_rejected = run.counts.rows_rejected;
    return entry;
  } else if (blob.error().kind != ErrorKind::kNotFound) {
    return Failure(blob.error());
  }
  const auto failure = store.head(layout::failure_key(dataset.name, entry.arrival));
  if (!failure && failure.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!failure) return Failure(failure.error());
  entry.failed = true;
  return entry;
}

// {since} of the next fetch. What asked again only for failures moves it on to the fetch that they
// are of, which is news where nothing had been answered there.
Result<void> note_as_last(ObjectStore& store, const Plan& plan) {
  const ObjectKey key = layout::last_fetch_key(plan.dataset);
  LastFetch now{.plan = plan.id, .scheduled_at = plan.scheduled_at};
  for (std::string of = plan.failed_of; !of.empty();) {
    LAKEGATE_TRY(const auto record, find_fetch_record(store, plan.dataset, of));
    if (!record) return {};  // it is not finished, and will note itself
    now = {.plan = of, .scheduled_at = record->scheduled_at};
    of = record->failed_of;
  }
  const std::string mine = to_json(now);
  for (;;) {
    const auto blob = store.get(key);
    if (!blob && blob.error().kind != ErrorKind::kNotFound) return Failure(blob.error());
    if (blob) {
      LAKEGATE_TRY(const LastFetch last, last_fetch_from_json(blob->bytes, key));
      if (last.scheduled_at >= now.scheduled_at) return {};
    }
    auto put = blob ? store.put_if_match(key, mine, blob->tag) : store.put_if_absent(key, mine);
    if (put || put.error().kind != ErrorKind::kConflict) return put;
  }
}

}  // namespace

Result<FetchOutcome> sum_up(ObjectStore& store, const DatasetConfig& dataset, const Plan& plan) {
  FetchOutcome outcome{.plan = plan.id,
                       .failed_of = plan.failed_of,
                       .scheduled_at = plan.scheduled_at,
                       .sets = plan.sets.size(),
                       .slices = plan.slices()};
  LAKEGATE_TRY(const auto states, slice_states(store, dataset, plan));
  std::vector<FetchRecord::Slice> slices;
  for (const SliceState& state : states) {
    if (!state.asked) continue;
    tell_of(*state.asked, outcome);
    LAKEGATE_TRY(const auto run, run_of(store, dataset, *state.asked));
    if (!run) {
      ++outcome.slices_to_run;
      continue;
    }
    slices.push_back(*run);
    if (run->failed) ++outcome.unpublished;
    // Where the replies are not kept, they have served their purpose once the rows are there.
    if (!dataset.source->keep_raw && !run->failed && !state.asked->landed.empty())
      LAKEGATE_CHECK(store.remove(state.asked->landed));
  }
  outcome.unanswered = outcome.counts.failed;
  outcome.slices_left = states.size() - slices.size();
  if (outcome.slices_left > 0) return outcome;
  FetchRecord record{.dataset = plan.dataset,
                     .plan = plan.id,
                     .scheduled_at = plan.scheduled_at,
                     .failed_of = plan.failed_of,
                     .counts = outcome.counts,
                     .failures = outcome.failures,
                     .slices = std::move(slices),
                     .finished_at = to_iso(std::chrono::system_clock::now()),
                     .lakegate_version = std::string(kVersion)};
  // Where nothing at all was answered, the next fetch has the same to ask.
  if (outcome.counts.failed < outcome.counts.sets) LAKEGATE_CHECK(note_as_last(store, plan));
  const auto put =
      store.put_if_absent(layout::fetch_record_key(plan.dataset, plan.id), to_json(record));
  if (!put && put.error().kind != ErrorKind::kConflict) return Failure(put.error());
  outcome.record = std::move(record);
  return outcome;
}

Result<FetchOutcome> finished_before(const ObjectStore& store, const ChosenPlan& chosen,
                                     FetchRecord record) {
  const Plan& plan = chosen.plan;
  FetchOutcome outcome{.plan = plan.id,
                       .failed_of = plan.failed_of,
                       .scheduled_at = plan.scheduled_at,
                       .was_begun = true,
                       .was_finished = true,
                       .sets = plan.sets.size(),
                       .slices = plan.slices(),
                       .counts = record.counts,
                       .failures = record.failures,
                       .remarks = chosen.remarks};
  if (record.counts.failed > 0) {
    LAKEGATE_TRY(const auto unanswered, unanswered_sets(store, plan));
    outcome.unanswered = unanswered.size();
  }
  // A replay may have published them since.
  for (const FetchRecord::Slice& slice : record.slices) {
    if (!slice.failed) continue;
    const auto run = store.head(layout::run_key(plan.dataset, slice.arrival));
    if (!run && run.error().kind != ErrorKind::kNotFound) return Failure(run.error());
    if (!run) ++outcome.unpublished;
  }
  outcome.record = std::move(record);
  return outcome;
}

}  // namespace lakegate
