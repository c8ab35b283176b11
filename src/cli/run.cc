// lakegate run: everything new -> curated -> tables.
#include <fmt/format.h>

#include <chrono>

#include "cli/backlog.h"
#include "cli/commands.h"
#include "cli/fetching.h"
#include "cli/interrupts.h"
#include "cli/lake_session.h"
#include "cli/options.h"
#include "cli/progress_bar.h"
#include "cli/run_report.h"
#include "cli/serving.h"
#include "cli/wiring.h"
#include "convert/lake_run.h"
#include "convert/orphans.h"

namespace lakegate::cli {
namespace run_impl {
namespace {

constexpr std::string_view kDetails =
    "Takes every file under landing/ that has not been run yet, oldest first, writes its rows "
    "under\n"
    "curated/ and into the dataset's table. A file is run once; a changed file is a new arrival.\n"
    "Rows that do not fit go to rejected/, and fail the file only where they exceed max_rejects.\n"
    "Datasets with a `source:` are fetched first, as by `lakegate fetch`; not under --watch.\n"
    "Several processes may run on one lake. Without lake.yaml each folder of landing/ is a "
    "dataset.\n"
    "\nExamples:\n"
    "  lakegate run\n"
    "  lakegate run orders --dry-run\n"
    "  lakegate run --watch --lake /data/lake\n"
    "  lakegate run --lake s3://bucket/lake --enqueue "
    "https://sqs.eu-central-1.amazonaws.com/123456789012/landings\n"
    "  lakegate run --strict --format json > result.json\n";

constexpr auto kSlowPoll = std::chrono::seconds(30);  // finds what no event tells
constexpr auto kSettled = std::chrono::milliseconds(100);
constexpr int kMostWaitsToSettle = 20;

struct Options {
  std::string dataset, queue;
  bool watch = false, dry_run = false, strict = false, no_fetch = false;
  RunOptions run;
};

// What a round of the run works with.
struct Round {
  LakeSession& lake;
  const Options& options;
  Context& context;
  RunReport& report;
  Catalog* catalog = nullptr;         // null where the lake has none
  LandingWatcher* watcher = nullptr;  // null unless --watch
  bool landed_meanwhile = false;

  ObjectStore& store() const { return *lake.store; }
};

Failure interruption() {
  return fail(ErrorKind::kPermanent, "interrupted");
}

Result<Landed> look(Round& round, const std::optional<DatasetName>& only) {
  LAKEGATE_TRY(Landed landed, find_landed(round.store(), round.lake.config, only, true));
  // Whatever the listing has seen, its writer's events are there by now.
  if (round.watcher != nullptr) {
    LAKEGATE_TRY(const auto woken, round.watcher->wait(std::chrono::milliseconds(0)));
    round.landed_meanwhile =
        round.landed_meanwhile || woken == LandingWatcher::Woken::kSomethingLanded;
    std::erase_if(landed.unmatched,
                  [&](const ObjectKey& key) { return round.watcher->is_being_written(key); });
    std::erase_if(landed.unreadable, [&](const Landed::Unreadable& file) {
      if (round.watcher->is_being_written(ObjectKey(file.error.where.file))) return true;
      const bool has_changed = file.error.kind == ErrorKind::kConflict;
      round.landed_meanwhile = round.landed_meanwhile || has_changed;
      return has_changed;
    });
  }
  return landed;
}

Result<void> run_one(Round& round, const DatasetConfig& dataset, const Arrival& arrival) {
  if (interrupted()) return interruption();
  if (round.watcher != nullptr && round.watcher->is_being_written(arrival.key)) return {};
  Progress progress;
  RunOptions options = round.options.run;
  options.resources.progress = &progress;
  const auto outcome = [&] {
    const ProgressBar bar(round.context, short_key(arrival.key), progress);
    return run_arrival(round.store(), dataset, arrival, options);
  }();
  if (!outcome) {
    const bool has_changed = outcome.error().kind == ErrorKind::kConflict ||
                             outcome.error().kind == ErrorKind::kNotFound;
    if (has_changed && round.watcher != nullptr) {  // the next round takes what it has become
      round.landed_meanwhile = true;
      return {};
    }
    if (!has_changed) return Failure(outcome.error());
    round.report.error(dataset.name.str(), outcome.error());
    return {};
  }
  round.report.arrival(*outcome);
  if (round.catalog != nullptr && outcome->record)
    register_committed(*round.catalog, round.lake, dataset, *outcome->record, round.report);
  return {};
}

Result<void> run_dataset(Round& round, const DatasetConfig& dataset, const Landed& landed,
                         const Lease& held) {
  ObjectStore& store = round.store();
  LAKEGATE_CHECK(finish_rewrites(store, dataset.name));
  LAKEGATE_CHECK(give_up_abandoned(store, dataset.name, landed.arrivals, held,
                                   std::chrono::system_clock::now()));
  LAKEGATE_TRY(const auto finished, finished_arrivals(store, dataset.name));
  for (const Arrival& arrival : landed.arrivals)
    if (arrival.dataset == dataset.name && !finished.contains(arrival.id.str()))
      LAKEGATE_CHECK(run_one(round, dataset, arrival));
  const auto loaded = load_served(round.lake, dataset);
  if (loaded)
    round.report.loads(dataset.name.str(), *loaded);
  else if (!interrupted())
    round.report.load_error(dataset.name.str(), loaded.error());
  return {};
}

void run_and_report(Round& round, const DatasetConfig& dataset, const Landed& landed,
                    const Lease& held) {
  const auto done = run_dataset(round, dataset, landed, held);
  if (!done && !interrupted()) round.report.error(dataset.name.str(), done.error());
}

// Datasets with a source ask for what is new before what has landed is looked at.
void fetch_from_sources(Round& round, const std::optional<DatasetName>& only) {
  if (round.options.no_fetch || round.watcher != nullptr) return;
  for (const DatasetConfig& dataset : round.lake.config.datasets) {
    if (!dataset.source || (only && dataset.name != *only) || interrupted()) continue;
    const auto done = fetch_and_report(
        round.lake, dataset, {.run = round.options.run, .runs_what_landed = true}, round.context,
        round.report, [&](const RunRecord& record) {
          if (round.catalog != nullptr)
            register_committed(*round.catalog, round.lake, dataset, record, round.report);
        });
    if (!done && !interrupted()) round.report.error(dataset.name.str(), done.error());
  }
}

// Each dataset by one process at a time: first those that nobody holds, then the others, whose
// files are looked at again when their turn has come.
Result<void> run_datasets(Round& round) {
  ObjectStore& store = round.store();
  std::optional<DatasetName> only;
  if (!round.options.dataset.empty()) {
    LAKEGATE_TRY(const DatasetConfig* dataset, round.lake.dataset(round.options.dataset));
    only = dataset->name;
  }
  LAKEGATE_CHECK(store.sweep());
  fetch_from_sources(round, only);
  LAKEGATE_TRY(const Landed landed, look(round, only));
  if (!only) round.report.unmatched(landed.unmatched);
  for (const auto& [dataset, error] : landed.unreadable) round.report.error(dataset.str(), error);
  std::vector<const DatasetConfig*> held_by_others;
  for (const DatasetConfig& dataset : round.lake.config.datasets) {
    if (only && dataset.name != *only) continue;
    LAKEGATE_TRY(const auto lease, try_to_hold(store, dataset.name));
    if (lease)
      run_and_report(round, dataset, landed, *lease);
    else
      held_by_others.push_back(&dataset);
  }
  for (const DatasetConfig* dataset : held_by_others) {
    LAKEGATE_TRY(const auto lease, hold(store, dataset->name));
    LAKEGATE_TRY(const Landed now, look(round, dataset->name));
    run_and_report(round, *dataset, now, *lease);
  }
  return {};
}

Result<int> run_once(const Options& options, Context& context) {
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  if (options.dry_run || !options.queue.empty())
    return handle_backlog(lake,
                          {.dataset = options.dataset,
                           .queue = options.queue,
                           .dry_run = options.dry_run,
                           .retry_failed = options.run.retry_failed},
                          context);
  if (lake.config.datasets.empty())
    context.warning(
        fmt::format("{} has no dataset: no lake.yaml names one, and nothing is under "
                    "landing/; is it the right place?",
                    lake.store->describe()));
  LAKEGATE_TRY(const auto catalog, open_catalog(lake.location, lake.config));
  RunReport report(context, lake.location);
  Round round{lake, options, context, report, catalog.get()};
  const auto done = run_datasets(round);
  if (interrupted()) return kInterruptedCode;
  if (!done) return Failure(done.error());
  return report.finish(options.strict ? RunReport::Rejects::kFail : RunReport::Rejects::kAllowed);
}

// Until a burst of files has landed, but not for ever.
Result<void> wait_for_more(LandingWatcher& watcher) {
  LAKEGATE_TRY(auto woken, watcher.wait(kSlowPoll));
  for (int i = 0; i < kMostWaitsToSettle && woken == LandingWatcher::Woken::kSomethingLanded; ++i) {
    LAKEGATE_TRY(woken, watcher.wait(kSettled));
  }
  return {};
}

Result<int> watch(const Options& options, Context& context) {
  LAKEGATE_TRY(LakeSession first, open_lake(context));  // what is wrong with it ends the program
  LAKEGATE_TRY(auto watcher, watch_landing(first.location));
  const WakeOnInterrupt wake(*watcher);
  context.note(fmt::format("watching {}/landing; Ctrl-C ends it", first.location));
  for (bool is_first = true; !interrupted(); is_first = false) {
    auto lake = open_lake(context);  // anew: lake.yaml may have been edited, a folder been made
    bool again = false;
    if (lake) {
      RunReport report(context, lake->location);
      LAKEGATE_TRY(const auto catalog, open_catalog(lake->location, lake->config));
      if (!is_first) report.keep_quiet_of_earlier_failures();
      Round round{*lake, options, context, report, catalog.get(), watcher.get()};
      if (auto done = run_datasets(round); !done && !interrupted()) {
        if (is_first) return Failure(std::move(done).error());
        context.failed(done.error());
      }
      again = round.landed_meanwhile;
      if (!report.is_empty()) report.finish(RunReport::Rejects::kAllowed);
    } else {
      context.failed(lake.error());
    }
    if (!again && !interrupted()) LAKEGATE_CHECK(wait_for_more(*watcher));
  }
  return kInterruptedCode;
}

Result<int> run(const Options& options, Context& context) {
  if (options.watch && options.dry_run)
    return invalid_input("--watch and --dry-run exclude each other");
  if (options.watch && !options.queue.empty())
    return invalid_input(
        "--watch and --enqueue exclude each other: events tell the function of what lands");
  const UnwindOnInterrupt unwind;
  return options.watch ? watch(options, context) : run_once(options, context);
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_dataset(app, options->dataset, "Only this one");
  app.add_flag("--watch", options->watch, "Go on, and take files as they are completely written");
  app.add_flag("--dry-run", options->dry_run, "Only show what would be run");
  app.add_flag("--no-fetch", options->no_fetch, "Ask no API, not even of datasets with a source");
  app.add_option("--enqueue", options->queue,
                 "Send what is new to a queue of SQS, for the function on AWS Lambda, instead of "
                 "running it here")
      ->type_name("QUEUE_URL");
  app.add_flag("--strict", options->strict, "Exit code 1 if any row was rejected");
  app.add_flag("--retry-failed", options->run.retry_failed,
               "Also what failed before and has not changed");
  add_resources(app, options->run.resources);
  return [options](Context& context) { return run(*options, context); };
}

}  // namespace
}  // namespace run_impl

Command run_command() {
  return {.name = "run",
          .arguments = "[DATASET]",
          .summary = "Everything new: landing -> curated -> tables",
          .details = run_impl::kDetails,
          .everyday = true,
          .define = run_impl::define};
}

}  // namespace lakegate::cli
