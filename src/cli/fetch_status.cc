#include "cli/fetch_status.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/amounts.h"
#include "extract/fetch_plans.h"
#include "lake/layout.h"

namespace lakegate::cli {
namespace {

// What cost most comes first.
std::vector<FailedSet> worst_first(std::vector<FailedSet> failures) {
  std::ranges::stable_sort(failures, std::greater<>(), &FailedSet::attempts);
  return failures;
}

}  // namespace

Result<FetchStatus> fetch_status(const ObjectStore& store, const DatasetConfig& dataset) {
  FetchStatus status;
  const ObjectKey last_key = layout::last_fetch_key(dataset.name);
  if (const auto blob = store.get(last_key); blob) {
    LAKEGATE_TRY(const LastFetch last, last_fetch_from_json(blob->bytes, last_key));
    LAKEGATE_TRY(status.last, find_fetch_record(store, dataset.name, last.plan));
  } else if (blob.error().kind != ErrorKind::kNotFound) {
    return Failure(blob.error());
  }
  LAKEGATE_TRY(const auto fetches, list_fetches(store, dataset.name));
  for (const ListedFetch& fetch : fetches) {
    if (fetch.is_finished) continue;
    LAKEGATE_TRY(const Plan plan, load_plan(store, dataset.name, fetch.plan));
    status.unfinished.push_back({.plan = plan.id,
                                 .scheduled_at = plan.scheduled_at,
                                 .sets = plan.sets.size(),
                                 .slices = plan.slices(),
                                 .slices_asked = fetch.slices});
  }
  std::ranges::sort(status.unfinished, {}, &FetchStatus::Unfinished::scheduled_at);
  return status;
}

Json json_of(const FetchStatus& status) {
  Json last;
  if (status.last) {
    const FetchRecord& fetch = *status.last;
    Json failures = Json::array();
    for (const FailedSet& failed : worst_first(fetch.failures)) failures.push_back(json_of(failed));
    last = {{"plan", fetch.plan},
            {"scheduled_at", to_iso(fetch.scheduled_at)},
            {"finished_at", fetch.finished_at},
            {"sets", fetch.counts.sets},
            {"failed", fetch.counts.failed},
            {"attempts", fetch.counts.attempts},
            {"replies", fetch.counts.replies},
            {"reply_bytes", fetch.counts.bytes},
            {"failures", std::move(failures)}};
  }
  Json unfinished = Json::array();
  for (const FetchStatus::Unfinished& fetch : status.unfinished)
    unfinished.push_back({{"plan", fetch.plan},
                          {"scheduled_at", to_iso(fetch.scheduled_at)},
                          {"sets", fetch.sets},
                          {"slices", fetch.slices},
                          {"slices_asked", fetch.slices_asked}});
  return {{"last", std::move(last)}, {"unfinished", std::move(unfinished)}};
}

void tell(const std::string& dataset, const FetchStatus& status, std::size_t most_failures,
          Context& context) {
  if (status.last) {
    const FetchRecord& fetch = *status.last;
    const FetchCounts& counts = fetch.counts;
    context.out.write(fmt::format("\n{}: last fetch {} of {}: {}, {} failed, {} in {}\n", dataset,
                                  fetch.plan, short_time(to_iso(fetch.scheduled_at)),
                                  counted(counts.sets, "parameter set"), with_commas(counts.failed),
                                  bytes_text(counts.bytes), counted(counts.attempts, "request")));
    const auto failures = worst_first(fetch.failures);
    for (std::size_t i = 0; i < failures.size() && i < most_failures; ++i)
      context.out.write(
          fmt::format("  {}: {} ({})\n", failures[i].parameters, failures[i].reason,
                      counted(static_cast<std::uint64_t>(failures[i].attempts), "attempt")));
    if (failures.size() > most_failures)
      context.out.write(
          fmt::format("  … and {} more\n", with_commas(counts.failed - most_failures)));
    if (counts.failed > 0)
      context.note(fmt::format("`lakegate fetch {} --failed {}` asks again for what failed",
                               dataset, fetch.plan));
  }
  for (const FetchStatus::Unfinished& fetch : status.unfinished)
    context.warning(
        fmt::format("{}: the fetch {} of {} is not finished: {} of {} asked; `lakegate fetch {}` "
                    "goes on with it",
                    dataset, fetch.plan, short_time(to_iso(fetch.scheduled_at)),
                    with_commas(fetch.slices_asked), counted(fetch.slices, "slice"), dataset));
}

}  // namespace lakegate::cli
