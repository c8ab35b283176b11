// Which plans of a dataset there are, which one a fetch is to go on with, and how far it has come.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "extract/fetch_records.h"
#include "extract/plan.h"
#include "lake/error.h"
#include "lake/layout.h"
#include "stores/object_store.h"

namespace lakegate {

// What a listing tells of a plan.
struct ListedFetch {
  std::string plan;
  std::optional<Instant> finished;  // when its record was put; nothing: it is not
  std::size_t slices = 0;           // with a record
};
// By id; ids say nothing about order.
Result<std::vector<ListedFetch>> list_fetches(const ObjectStore& store, const DatasetName& dataset);

// The one plan whose id begins so. kInvalidInput: none, or several.
Result<std::string> find_plan(const ObjectStore& store, const DatasetName& dataset,
                              const std::string& beginning);

Result<Plan> load_plan(const ObjectStore& store, const DatasetName& dataset, const std::string& id);
// Nothing: it is not finished.
Result<std::optional<FetchRecord>> find_fetch_record(const ObjectStore& store,
                                                     const DatasetName& dataset,
                                                     const std::string& plan);
// What {since} of the next fetch is of. Nothing: no fetch has had an answer yet.
Result<std::optional<LastFetch>> find_last_fetch(const ObjectStore& store,
                                                 const DatasetName& dataset);
// The newest of `fetches` that is finished and was not for failures alone, whether or not anything
// was answered. Nothing: there is none.
Result<std::optional<FetchRecord>> newest_fetch(const ObjectStore& store,
                                                const DatasetName& dataset,
                                                std::vector<ListedFetch> fetches);
Result<std::optional<SliceRecord>> find_slice_record(const ObjectStore& store,
                                                     const layout::FetchSlice& slice);

// Why today's configuration cannot go on with a plan of which so many slices are asked; empty: it
// can. A plan that is begun keeps its slices, whatever `slice:` says by then.
std::string why_not_continued(const SourceConfig& source, const Plan& plan,
                              std::size_t slices_asked);

// What is to be fetched.
struct FetchRequest {
  // The plan of this scheduled time, whether or not it has been begun. Nothing: one that was begun
  // and is not finished (the newest), else a new one of now.
  std::optional<Instant> time;
  std::string failed_of;  // a plan: only what failed in it; empty: everything
};

struct ChosenPlan {
  Plan plan;
  bool is_new = false;  // not in the lake yet
  std::vector<std::string> remarks;
};
// Reads, and writes nothing. `dataset` has a source; `now` is of the clock.
Result<ChosenPlan> choose_plan(const ObjectStore& store, const DatasetConfig& dataset,
                               const FetchRequest& request, Instant now);
// Puts it if it is absent. The plan that is there now: another process may have been first.
Result<Plan> put_plan(ObjectStore& store, Plan plan);

// How far a slice is. Asked: nothing of it is to be asked again.
struct SliceState {
  std::optional<SliceRecord> asked;
  bool is_curated = false;  // its run record is there, or nothing was landed
};
// By slice, from the first.
Result<std::vector<SliceState>> slice_states(const ObjectStore& store, const DatasetConfig& dataset,
                                             const Plan& plan);

}  // namespace lakegate
