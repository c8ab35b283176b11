#include "cli/fetch_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "cli/amounts.h"
#include "extract/fetch_failures.h"
#include "extract/fetch_plans.h"

namespace lakegate::cli {
namespace {

// Older ones are a matter for the reports.
constexpr std::size_t kEarlierLookedAt = 20;

// Where each fetch goes on from the last one, nobody asks for an earlier one's failures again but
// by name.
Result<std::vector<FetchStatus::Earlier>> earlier_failures(const ObjectStore& store,
                                                           const DatasetName& dataset,
                                                           const std::string& last,
                                                           std::vector<ListedFetch> fetches) {
  std::vector<FetchStatus::Earlier> earlier;
  std::erase_if(fetches, [](const ListedFetch& fetch) { return !fetch.finished; });
  std::ranges::sort(fetches, std::greater<>(), &ListedFetch::finished);
  if (fetches.size() > kEarlierLookedAt) fetches.resize(kEarlierLookedAt);
  for (const ListedFetch& fetch : fetches) {
    if (fetch.plan == last) continue;
    LAKEGATE_TRY(const auto record, find_fetch_record(store, dataset, fetch.plan));
    if (!record || !record->failed_of.empty() || record->counts.failed == 0) continue;
    LAKEGATE_TRY(const Plan plan, load_plan(store, dataset, fetch.plan));
    LAKEGATE_TRY(const auto unanswered, unanswered_sets(store, plan));
    // Where nothing had an answer, {since} stayed, and the next fetch asked for the same.
    if (!unanswered.empty() && unanswered.size() < plan.sets.size())
      earlier.push_back({.plan = plan.id,
                         .scheduled_at = plan.scheduled_at,
                         .sets = plan.sets.size(),
                         .unanswered = unanswered.size()});
  }
  std::ranges::sort(earlier, {}, &FetchStatus::Earlier::scheduled_at);
  return earlier;
}

}  // namespace

Result<FetchStatus> fetch_status(const ObjectStore& store, const DatasetConfig& dataset) {
  FetchStatus status;
  LAKEGATE_TRY(const auto fetches, list_fetches(store, dataset.name));
  LAKEGATE_TRY(status.last, newest_fetch(store, dataset.name, fetches));
  if (status.last && status.last->counts.failed > 0) {
    LAKEGATE_TRY(const Plan plan, load_plan(store, dataset.name, status.last->plan));
    LAKEGATE_TRY(const auto unanswered, unanswered_sets(store, plan));
    status.unanswered = unanswered.size();
    std::erase_if(status.last->failures, [&](const FailedSet& failed) {
      return !std::ranges::binary_search(unanswered, failed.n);
    });
  }
  if (dataset.source->since && status.last) {
    LAKEGATE_TRY(status.earlier, earlier_failures(store, dataset.name, status.last->plan, fetches));
  }
  for (const ListedFetch& fetch : fetches) {
    if (fetch.finished) continue;
    LAKEGATE_TRY(const Plan plan, load_plan(store, dataset.name, fetch.plan));
    const std::string why = why_not_continued(*dataset.source, plan, fetch.slices);
    if (!why.empty() && status.last && status.last->scheduled_at > plan.scheduled_at) continue;
    status.unfinished.push_back({.plan = plan.id,
                                 .scheduled_at = plan.scheduled_at,
                                 .sets = plan.sets.size(),
                                 .slices = plan.slices(),
                                 .slices_asked = fetch.slices,
                                 .why_not_continued = why});
  }
  std::ranges::sort(status.unfinished, {}, &FetchStatus::Unfinished::scheduled_at);
  return status;
}

Json json_of(const FetchStatus& status) {
  Json last;
  if (status.last) {
    const FetchRecord& fetch = *status.last;
    Json failures = Json::array();
    for (const FailedSet& failed : fetch.failures) failures.push_back(json_of(failed));
    last = {{"plan", fetch.plan},
            {"scheduled_at", to_iso(fetch.scheduled_at)},
            {"finished_at", fetch.finished_at},
            {"sets", fetch.counts.sets},
            {"failed", fetch.counts.failed},
            {"unanswered", status.unanswered},
            {"attempts", fetch.counts.attempts},
            {"replies", fetch.counts.replies},
            {"reply_bytes", fetch.counts.bytes},
            {"failures", std::move(failures)}};
  }
  Json earlier = Json::array();
  for (const FetchStatus::Earlier& fetch : status.earlier)
    earlier.push_back({{"plan", fetch.plan},
                       {"scheduled_at", to_iso(fetch.scheduled_at)},
                       {"sets", fetch.sets},
                       {"unanswered", fetch.unanswered}});
  Json unfinished = Json::array();
  for (const FetchStatus::Unfinished& fetch : status.unfinished)
    unfinished.push_back(
        {{"plan", fetch.plan},
         {"scheduled_at", to_iso(fetch.scheduled_at)},
         {"sets", fetch.sets},
         {"slices", fetch.slices},
         {"slices_asked", fetch.slices_asked},
         {"why_not_continued",
          fetch.why_not_continued.empty() ? Json() : Json(fetch.why_not_continued)}});
  return {{"last", std::move(last)},
          {"earlier", std::move(earlier)},
          {"unfinished", std::move(unfinished)}};
}

void tell(const std::string& dataset, const FetchStatus& status, std::size_t most_failures,
          Context& context) {
  if (status.last) {
    const FetchRecord& fetch = *status.last;
    const FetchCounts& counts = fetch.counts;
    const std::uint64_t answered = counts.failed - status.unanswered;
    context.out.write(
        fmt::format("\n{}: last fetch {} of {}: {}, {} failed{}, {} in {}\n", dataset, fetch.plan,
                    short_time(to_iso(fetch.scheduled_at)), counted(counts.sets, "parameter set"),
                    with_commas(counts.failed),
                    answered > 0 ? fmt::format(" ({} answered since)", with_commas(answered)) : "",
                    bytes_text(counts.bytes), counted(counts.attempts, "request")));
    const std::size_t shown = std::min(fetch.failures.size(), most_failures);
    for (std::size_t i = 0; i < shown; ++i) {
      const FailedSet& failed = fetch.failures[i];
      context.out.write(
          fmt::format("  {}: {} ({})\n", failed.parameters, failed.reason,
                      counted(static_cast<std::uint64_t>(failed.attempts), "attempt")));
    }
    if (status.unanswered > shown)
      context.out.write(fmt::format("  … and {} more\n", with_commas(status.unanswered - shown)));
    if (status.unanswered > 0)
      context.note(fmt::format("`lakegate fetch {} --failed {}` asks again for what failed",
                               dataset, fetch.plan));
  }
  for (const FetchStatus::Earlier& fetch : status.earlier)
    context.warning(fmt::format(
        "{}: {} of {} of the fetch {} of {} had no answer; `lakegate fetch {} --failed {}` asks "
        "again",
        dataset, with_commas(fetch.unanswered), counted(fetch.sets, "parameter set"), fetch.plan,
        short_time(to_iso(fetch.scheduled_at)), dataset, fetch.plan));
  for (const FetchStatus::Unfinished& fetch : status.unfinished) {
    const std::string asked = fmt::format("{} of {} asked", with_commas(fetch.slices_asked),
                                          counted(fetch.slices, "slice"));
    const std::string what = fmt::format("{}: the fetch {} of {}", dataset, fetch.plan,
                                         short_time(to_iso(fetch.scheduled_at)));
    if (fetch.why_not_continued.empty())
      context.warning(fmt::format("{} is not finished: {}; `lakegate fetch {}` goes on with it",
                                  what, asked, dataset));
    else
      context.warning(
          fmt::format("{} stays unfinished, {}: {}; `lakegate fetch {}` begins a new one", what,
                      asked, fetch.why_not_continued, dataset));
  }
}

}  // namespace lakegate::cli
