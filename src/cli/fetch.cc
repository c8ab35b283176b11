// lakegate fetch DATASET: an API's replies -> landing -> curated -> table.
#include <fmt/format.h>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/fetching.h"
#include "cli/interrupts.h"
#include "cli/lake_session.h"
#include "cli/options.h"
#include "cli/run_report.h"
#include "cli/serving.h"
#include "cli/wiring.h"
#include "extract/request.h"
#include "lake/amounts.h"

namespace lakegate::cli {
namespace fetch_impl {
namespace {

constexpr std::string_view kDetails =
    "Makes the requests of the dataset's `source:` in lake.yaml, lands the replies and runs them\n"
    "like any arrival. The plan of a fetch is written down before its first request; a fetch that\n"
    "was stopped (Ctrl-C, --deadline, a crash) is gone on with by the next `fetch`, which asks\n"
    "again for nothing that is complete. A request that fails is reported and does not stop the\n"
    "others.\n"
    "Exit code 1 where a request failed, or the fetch is not finished.\n"
    "\nExamples:\n"
    "  lakegate fetch devices\n"
    "  lakegate fetch devices --dry-run\n"
    "  lakegate fetch devices --deadline 10m\n"
    "  lakegate fetch devices --failed 3f2a9c\n"
    "  lakegate fetch devices --time 2026-11-23T04:00:00Z\n";

constexpr std::size_t kRequestsShown = 10;

struct Options {
  std::string dataset;
  std::optional<Instant> time;
  std::optional<std::string> failed_of;  // the beginning of a plan's id
  std::optional<std::chrono::milliseconds> deadline;
  bool dry_run = false;
  RunOptions run;
};

Result<Instant> instant_from(const std::string& text) {
  constexpr std::size_t kDay = 10;
  auto instant = instant_from_iso(text.size() == kDay ? text + "T00:00:00Z" : text);
  if (instant) return instant;
  return invalid_input(
      fmt::format("\"{}\" is no time in UTC; write 2026-11-23T04:00:00Z, or a day", text));
}

// The requests that would be made, without their credentials.
Result<int> show_plan(LakeSession& lake, const DatasetConfig& dataset, const FetchRequest& request,
                      Context& context) {
  LAKEGATE_TRY(const ChosenPlan chosen, plan_of(lake, dataset, request));
  const Plan& plan = chosen.plan;
  std::vector<SliceState> slices(plan.slices());
  if (!chosen.is_new) {
    LAKEGATE_TRY(slices, slice_states(*lake.store, dataset, plan));
  }
  LAKEGATE_TRY(const RequestBuilder requests, RequestBuilder::create(*dataset.source));
  for (const std::string& remark : chosen.remarks) context.warning(remark);
  Json shown = Json::array();
  std::size_t to_ask = 0;
  for (std::size_t n = 0; n < plan.sets.size(); ++n) {
    if (slices[n / plan.slice_requests].asked) continue;
    if (++to_ask > kRequestsShown && !context.json()) continue;
    LAKEGATE_TRY(const HttpRequest built, requests.build(plan.sets, n, {}));
    const std::string text = describe(built);
    if (context.json())
      shown.push_back({{"n", n},
                       {"parameters", Json::parse(plan.parameters_json(n), nullptr, false)},
                       {"request", text}});
    else
      context.out.write(text + "\n");
  }
  if (context.json()) {
    print_json(context.out, {{"ok", true},
                             {"lake", lake.location},
                             {"dry_run", true},
                             {"dataset", dataset.name.str()},
                             {"plan", plan.id},
                             {"scheduled_at", to_iso(plan.scheduled_at)},
                             {"is_new", chosen.is_new},
                             {"sets", plan.sets.size()},
                             {"slices", plan.slices()},
                             {"requests", std::move(shown)}});
    return 0;
  }
  if (to_ask > kRequestsShown)
    context.out.write(fmt::format("… and {} more\n", with_commas(to_ask - kRequestsShown)));
  context.out.write(
      fmt::format("{} would be asked for, in {} of at most {}{}; nothing was done\n",
                  counted(to_ask, "parameter set"), counted(plan.slices(), "slice"),
                  with_commas(plan.slice_requests),
                  chosen.is_new ? "" : fmt::format(", going on with the fetch {}", plan.id)));
  return 0;
}

Result<int> fetch(const Options& options, Context& context) {
  const UnwindOnInterrupt unwind;
  FetchChoice choice{.request = {.time = options.time, .failed_of = {}}, .run = options.run};
  if (options.deadline) choice.deadline = std::chrono::steady_clock::now() + *options.deadline;
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  LAKEGATE_TRY(const DatasetConfig* dataset, lake.dataset(options.dataset));
  if (!dataset->source)
    return invalid_input(fmt::format(
        "{} has no `source:` in lake.yaml, so that there is nothing to ask; files that land in "
        "{} are taken by `lakegate run`",
        dataset->name.str(), "landing/" + dataset->landing.text()));
  if (options.failed_of) {
    LAKEGATE_TRY(choice.request.failed_of,
                 find_plan(*lake.store, dataset->name, *options.failed_of));
  }
  if (options.dry_run) return show_plan(lake, *dataset, choice.request, context);

  LAKEGATE_CHECK(lake.store->sweep());
  LAKEGATE_TRY(const auto catalog, open_catalog(lake.location, lake.config));
  RunReport report(context, lake.location);
  const auto done =
      fetch_and_report(lake, *dataset, choice, context, report, [&](const RunRecord& record) {
        if (catalog) register_committed(*catalog, lake, *dataset, record, report);
      });
  if (interrupted()) {
    report.cut_off();
    if (context.json()) report.finish(RunReport::Rejects::kAllowed);
    return kInterruptedCode;
  }
  if (!done) report.error(dataset->name.str(), done.error());
  const auto loaded = load_served(lake, *dataset);
  if (loaded)
    report.loads(dataset->name.str(), *loaded);
  else
    report.load_error(dataset->name.str(), loaded.error());
  return report.finish(RunReport::Rejects::kAllowed);
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_dataset(app, options->dataset, "The dataset, which has a source")->required();
  app.add_option("--failed", options->failed_of,
                 "Only what failed in that fetch; the beginning of its id is enough")
      ->type_name("FETCH");
  add_parsed(
      app, "--time", "TIME",
      [options](const std::string& text) -> Result<void> {
        LAKEGATE_TRY(options->time, instant_from(text));
        return {};
      },
      "The scheduled time (default: what is unfinished, else now)");
  add_parsed(
      app, "--deadline", "DURATION",
      [options](const std::string& text) -> Result<void> {
        LAKEGATE_TRY(options->deadline, parse_duration(text));
        return {};
      },
      "Stop and commit before so much time has passed: 90s, 10m");
  app.add_flag("--dry-run", options->dry_run, "Only show what would be asked");
  add_resources(app, options->run.resources);
  return [options](Context& context) { return fetch(*options, context); };
}

}  // namespace
}  // namespace fetch_impl

Command fetch_command() {
  return {.name = "fetch",
          .arguments = "DATASET",
          .summary = "An API's replies -> landing -> curated -> table",
          .details = fetch_impl::kDetails,
          .everyday = true,
          .define = fetch_impl::define};
}

}  // namespace lakegate::cli
