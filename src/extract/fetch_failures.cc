#include "extract/fetch_failures.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "extract/fetch_plans.h"
#include "extract/report.h"
#include "extract/slice_writer.h"
#include "lake/layout.h"

namespace lakegate {
namespace {

// Every set that failed in the slices that were asked.
Result<std::vector<std::size_t>> failed_in(const ObjectStore& store, const Plan& plan) {
  std::vector<std::size_t> failed;
  for (std::uint64_t number = 1; number <= plan.slices(); ++number) {
    const layout::FetchSlice slice = slice_of(plan, number);
    LAKEGATE_TRY(const auto record, find_slice_record(store, slice));
    if (!record || record->counts.failed == 0) continue;
    LAKEGATE_TRY(auto report, store.open(layout::slice_report_key(slice)));
    LAKEGATE_TRY(const auto of_slice, failed_sets(std::move(report)));
    failed.insert(failed.end(), of_slice.begin(), of_slice.end());
  }
  return failed;
}

// The parameter sets that fetches of a plan's failures, and of theirs, have had answers to.
Result<std::set<std::string>> answered_again(const ObjectStore& store, const DatasetName& dataset,
                                             const std::string& of) {
  std::map<std::string, std::string> failed_of;  // by plan
  LAKEGATE_TRY(const auto fetches, list_fetches(store, dataset));
  const auto its = std::ranges::find(fetches, of, &ListedFetch::plan);
  const bool is_finished = its != fetches.end() && its->finished;
  for (const ListedFetch& fetch : fetches) {
    if (!fetch.finished || fetch.plan == of) continue;
    // What failed was known when the fetch was over, unless it still goes on.
    if (is_finished && *fetch.finished < *its->finished) continue;
    LAKEGATE_TRY(const auto record, find_fetch_record(store, dataset, fetch.plan));
    if (record && !record->failed_of.empty()) failed_of.emplace(fetch.plan, record->failed_of);
  }
  std::set<std::string> answered;
  std::vector<std::string> todo = {of};
  while (!todo.empty()) {
    const std::string parent = std::move(todo.back());
    todo.pop_back();
    for (const auto& [id, its_parent] : failed_of) {
      if (its_parent != parent) continue;
      todo.push_back(id);
      LAKEGATE_TRY(const Plan plan, load_plan(store, dataset, id));
      LAKEGATE_TRY(const auto failed, failed_in(store, plan));
      for (std::size_t n = 0; n < plan.sets.size(); ++n)
        if (!std::ranges::binary_search(failed, n)) answered.insert(plan.parameters_json(n));
    }
  }
  return answered;
}

}  // namespace

Result<std::vector<std::size_t>> unanswered_sets(const ObjectStore& store, const Plan& plan) {
  LAKEGATE_TRY(auto failed, failed_in(store, plan));
  if (failed.empty()) return failed;
  LAKEGATE_TRY(const auto answered, answered_again(store, plan.dataset, plan.id));
  std::erase_if(failed, [&](std::size_t n) { return answered.contains(plan.parameters_json(n)); });
  return failed;
}

}  // namespace lakegate
