// A fetch inside one invocation, and its continuation in the next.
#include <fmt/format.h>

#include <utility>

#include "lake/layout.h"
#include "lambda/lake_tasks.h"

namespace lakegate {
namespace {

using Outcome = TaskReport::Outcome;

// A fetch that takes more invocations wants a larger function, or a plan of fewer requests.
constexpr int kMostContinuations = 10;

}  // namespace

Result<void> LakeTasks::run(const FetchEvent& event) {
  LAKEGATE_CHECK(check_lake(event.lake));
  LAKEGATE_TRY(const DatasetConfig* dataset, this->dataset(event.dataset));
  current().dataset = dataset->name.str();
  if (!dataset->source)
    return invalid_input(fmt::format("{} has no `source:` in lake.yaml", event.dataset));
  if (!tools_.fetch.secrets) return invalid_input("this function fetches nothing");
  FetchTools tools{.secrets = tools_.fetch.secrets.get(), .signer = tools_.fetch.signer.get()};
  tools.make_client = tools_.fetch.make_client;
  tools.holder = tools_.holder;
  Reports runs;  // of slices, told by the fetch's own thread
  const auto ran = [&](const RunOutcome& outcome) -> Result<void> {
    describe(runs.emplace_back(), outcome);
    return outcome.record ? tell(*dataset, *outcome.record) : Result<void>();
  };
  const auto fetched =
      run_fetch(*tools_.store, *dataset, {.time = event.time, .failed_of = event.failed_of}, tools,
                {.run = {.resources = tools_.resources},
                 .deadline = deadline_.stop_at(),
                 .interrupted = [&] { return deadline_.must_stop().has_value(); },
                 .progress = {},
                 .ran = ran});
  // The fetch's own report comes last: it is the one that an error belongs to.
  runs.push_back(std::move(current()));
  reports_ = std::move(runs);
  if (!fetched) return Failure(fetched.error());
  TaskReport& report = current();
  report.plan = fetched->plan;
  report.sets = fetched->counts.sets;
  report.sets_failed = fetched->counts.failed;
  report.requests = fetched->counts.attempts;
  report.bytes_in = fetched->counts.bytes;
  report.remarks = fetched->remarks;
  if (!fetched->finished()) return hand_on(event, *fetched);
  if (fetched->counts.sets > 0 && fetched->unanswered == fetched->counts.sets)
    return fail(
        ErrorKind::kPermanent,
        fmt::format("all {} parameter sets failed; the worst of them: {}", fetched->counts.sets,
                    fetched->failures.empty() ? "" : fetched->failures.front().reason));
  // On every delivery, so that slices which an earlier invocation could not publish are not
  // forgotten with it; until they have been published after all, by a replay.
  if (fetched->unpublished > 0)
    return invalid_input(
        fmt::format("{} of {} slices were asked and not published; `lakegate status` shows why",
                    fetched->unpublished, fetched->slices));
  report.outcome = fetched->was_finished ? Outcome::kAlreadyDone : Outcome::kFetched;
  return {};
}

Result<void> LakeTasks::hand_on(const FetchEvent& event, const FetchOutcome& outcome) {
  const std::string left =
      fmt::format("{} of {} slices are left", outcome.slices_left, outcome.slices);
  if (outcome.slices_asked == 0 && outcome.slices_run == 0)
    return fail(ErrorKind::kRetryable,
                fmt::format("{}, and not one was completed in this invocation; give the function "
                            "more time{}",
                            left, outcome.is_any_asked() ? "" : ", or write a smaller `slice:`"));
  if (event.continuation >= kMostContinuations)
    return fail(ErrorKind::kPermanent,
                fmt::format("{} after {} continuations; `lakegate fetch {}` goes on with it", left,
                            event.continuation, event.dataset));
  if (!tools_.invoke_again)
    return fail(ErrorKind::kRetryable, left + "; the same event again goes on with them");
  FetchEvent next = event;
  next.time = outcome.scheduled_at;  // that very plan
  next.failed_of = outcome.failed_of;
  ++next.continuation;
  LAKEGATE_CHECK(tools_.invoke_again(to_json(next)));
  // This event has its successor: delivered again, it would begin a second chain.
  for (TaskReport& slice : reports_) slice.is_answered_later = true;
  current().outcome = Outcome::kContinued;
  current().why = left;
  return {};
}

}  // namespace lakegate
