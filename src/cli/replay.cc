// lakegate replay DATASET: arrivals done again from what landed.
#include <fmt/format.h>

#include "cli/amounts.h"
#include "cli/commands.h"
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
namespace replay_impl {
namespace {

constexpr std::string_view kDetails =
    "Every arrival of the dataset, failed ones included, whose landed file is still that version;\n"
    "or one, by the beginning of its id; or only the failed ones. Under the same configuration "
    "and\n"
    "schema the same bytes come out, which repairs what was lost; under another a new generation\n"
    "(-g2) is committed, and then the superseded files are deleted.\n"
    "\nExamples:\n"
    "  lakegate replay orders\n"
    "  lakegate replay orders 3f2a\n"
    "  lakegate replay orders --failed\n";

struct Options {
  std::string dataset, arrival;
  bool all = false, failed = false;
  RunOptions run;
};

class Replay {
 public:
  Replay(LakeSession& lake, const DatasetConfig& dataset, const Options& options, Context& context)
      : lake_(lake), dataset_(dataset), options_(options), context_(context) {}

  Result<int> run() {
    ObjectStore& store = *lake_.store;
    LAKEGATE_TRY(catalog_, open_catalog(lake_.location, lake_.config));
    LAKEGATE_TRY(const auto lease, hold(store, dataset_.name));
    LAKEGATE_CHECK(store.sweep());
    LAKEGATE_CHECK(finish_rewrites(store, dataset_.name));
    LAKEGATE_TRY(const auto runs, list_runs(store, dataset_.name));
    if (!options_.failed)
      for (const RunRecord& record : runs)
        if (is_wanted(record.arrival)) LAKEGATE_CHECK(replay(record));
    LAKEGATE_TRY(const Landed landed,
                 find_landed(store, lake_.config, dataset_.name, /*remember_index=*/true));
    LAKEGATE_TRY(const auto failures, list_failures(store, dataset_.name));
    for (const FailureRecord& failure : failures)
      for (const auto& [dataset, error] : landed.unreadable)
        if (failure.arrival.key.str() == error.where.file && is_wanted(failure.arrival))
          failed_ = context_.failed(error);
    for (const FailureRecord& failure : failures)
      for (const Arrival& arrival : landed.arrivals)
        if (arrival.id == failure.arrival.id && is_wanted(arrival)) LAKEGATE_CHECK(retry(arrival));
    load();
    return finish();
  }

 private:
  // What was replayed stays so, whatever becomes of the table.
  void load() {
    const auto loaded = load_served(lake_, dataset_);
    if (!loaded) {
      failed_ = context_.failed(loaded.error());
      return;
    }
    for (const LoadFailure& failure : loaded->failures)
      failed_ = context_.failed(with_file(failure.error, failure.arrival.key.str()));
  }

  void tell_catalog(const RunRecord& record) {
    if (!catalog_) return;
    const auto told = register_committed(*catalog_, lake_, dataset_, record);
    if (!told) failed_ = context_.failed(told.error());
  }

  bool is_wanted(const Arrival& arrival) const {
    return arrival.id.str().starts_with(options_.arrival) && !interrupted();
  }

  template <class Work>
  auto with_progress(const Arrival& arrival, Work work) {
    Progress progress;
    RunOptions options = options_.run;
    options.resources.progress = &progress;
    options.retry_failed = true;
    const ProgressBar bar(context_, short_key(arrival.key), progress);
    return work(options);
  }

  Result<void> replay(const RunRecord& record) {
    const auto outcome = with_progress(record.arrival, [&](const RunOptions& options) {
      return replay_arrival(*lake_.store, dataset_, record, options);
    });
    Json entry = json_of(record.arrival);
    if (outcome) {
      entry = json_of(*outcome->run.record);
      entry["outcome"] = outcome->same_bytes ? "same_bytes" : "new_generation";
      for (const std::string& remark : outcome->run.remarks)
        context_.warning(fmt::format("{}: {}", record.arrival.key.str(), remark));
      tell_catalog(*outcome->run.record);
      say(record.arrival,
          outcome->same_bytes
              ? "the same bytes"
              : fmt::format("generation {}, {}", outcome->generation,
                            counted(outcome->run.record->counts.rows_written, "row")));
    } else if (outcome.error().kind == ErrorKind::kNotFound) {
      ++skipped_;
      entry["outcome"] = "skipped";
      entry["error"] = json_of(outcome.error());
      if (options_.arrival.empty())
        context_.detail(outcome.error().to_string());
      else
        failed_ = context_.failed(outcome.error());
    } else if (outcome.error().kind == ErrorKind::kInvalidInput) {
      failed_ = context_.failed(with_file(outcome.error(), record.arrival.key.str()));
      entry["outcome"] = "failed";
      entry["error"] = json_of(outcome.error());
    } else {
      return Failure(outcome.error());
    }
    entries_.push_back(std::move(entry));
    return {};
  }

  Result<void> retry(const Arrival& arrival) {
    LAKEGATE_TRY(const RunOutcome outcome, with_progress(arrival, [&](const RunOptions& options) {
                   return run_arrival(*lake_.store, dataset_, arrival, options);
                 }));
    Json entry = outcome.record ? json_of(*outcome.record) : json_of(*outcome.failure);
    entry["outcome"] = outcome.failed() ? "failed" : "committed";
    if (outcome.record) tell_catalog(*outcome.record);
    entries_.push_back(std::move(entry));
    if (outcome.failed())
      failed_ = context_.failed(outcome.failure->error);
    else
      say(arrival, counted(outcome.record->counts.rows_written, "row"));
    return {};
  }

  void say(const Arrival& arrival, const std::string& what) {
    if (context_.json() || context_.quiet()) return;
    context_.out.write(fmt::format("{}  {}: {}\n", arrival.id.str(), short_key(arrival.key), what));
  }

  Result<int> finish() {
    if (interrupted()) return kInterruptedCode;
    if (entries_.empty() && !options_.arrival.empty())
      return invalid_input(fmt::format("dataset {} has no arrival whose id begins with {}",
                                       dataset_.name.str(), options_.arrival));
    if (skipped_ > 0)
      context_.note(fmt::format("{} left alone: what landed then has been replaced or is gone",
                                counted(skipped_, "arrival")));
    const std::size_t count = entries_.size();
    if (context_.json())
      print_json(context_.out, {{"ok", failed_ == 0},
                                {"dataset", dataset_.name.str()},
                                {"arrivals", std::move(entries_)}});
    else if (count == 0)
      context_.note(fmt::format("dataset {} has nothing to replay", dataset_.name.str()));
    return failed_;
  }

  LakeSession& lake_;
  const DatasetConfig& dataset_;
  const Options& options_;
  Context& context_;
  std::unique_ptr<Catalog> catalog_;  // null where the lake has none
  Json entries_ = Json::array();
  std::uint64_t skipped_ = 0;
  int failed_ = 0;
};

Result<int> replay(const Options& options, Context& context) {
  if (!options.arrival.empty() && (options.all || options.failed))
    return invalid_input("name an arrival, or --all, or --failed: not two of them");
  const UnwindOnInterrupt unwind;
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  LAKEGATE_TRY(const DatasetConfig* dataset, lake.dataset(options.dataset));
  return Replay(lake, *dataset, options, context).run();
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_dataset(app, options->dataset, "Whose arrivals")->required();
  app.add_option("ARRIVAL", options->arrival, "Only the one whose id begins so");
  app.add_flag("--all", options->all, "Every arrival (the default)");
  app.add_flag("--failed", options->failed, "Only those that failed");
  add_resources(app, options->run.resources);
  return [options](Context& context) { return replay(*options, context); };
}

}  // namespace
}  // namespace replay_impl

Command replay_command() {
  return {.name = "replay",
          .arguments = "DATASET [ARRIVAL]",
          .summary = "Run arrivals again: the same bytes, or a new generation",
          .details = replay_impl::kDetails,
          .define = replay_impl::define};
}

}  // namespace lakegate::cli
