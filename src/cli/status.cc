// lakegate status [DATASET]: what ran, what failed, what waits.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/fetch_status.h"
#include "cli/lake_session.h"
#include "cli/options.h"
#include "cli/report_json.h"
#include "cli/run_report.h"
#include "cli/table_view.h"
#include "convert/lake_run.h"
#include "load/load.h"

namespace lakegate::cli {
namespace status_impl {
namespace {

constexpr std::string_view kDetails =
    "A line a dataset: arrivals that were run, their rows, what was rejected, what has landed and\n"
    "waits for a run, which arrivals its table does not have yet; then what failed, and what "
    "belongs\n"
    "to no dataset. Of a dataset with a source, its last fetch, the worst of what failed in it, "
    "and\n"
    "what is not finished. Exit code 1 if something failed, belongs to no dataset, or was asked "
    "for\n"
    "and has no answer.\n"
    "\nExamples:\n"
    "  lakegate status\n"
    "  lakegate status equipment_losses\n"
    "  lakegate status --format json\n";

struct DatasetStatus {
  const DatasetConfig* dataset = nullptr;
  Counts counts;
  std::uint64_t runs = 0, files = 0, bytes = 0, waiting = 0, not_loaded = 0;
  int schema_version = 0;
  std::string last_arrival;             // ISO
  std::vector<FailureRecord> failures;  // of what still lies in landing/
  std::optional<FetchStatus> fetches;   // of datasets with a source
};

constexpr std::size_t kFailuresOfMany = 3, kFailuresOfOne = 20;  // of a fetch, shown

Result<DatasetStatus> status_of(const ObjectStore& store, const DatasetConfig& dataset,
                                const Landed& landed) {
  DatasetStatus status{.dataset = &dataset};
  std::set<ArrivalId> settled;
  LAKEGATE_TRY(const auto runs, list_runs(store, dataset.name));
  for (const RunRecord& run : runs) {
    settled.insert(run.arrival.id);
    ++status.runs;
    status.counts.rows_in += run.counts.rows_in;
    status.counts.rows_written += run.counts.rows_written;
    status.counts.rows_rejected += run.counts.rows_rejected;
    status.files += run.outputs.size();
    for (const OutputFile& file : run.outputs) status.bytes += file.size;
    status.last_arrival = to_iso(run.arrival.arrived_at);
  }
  LAKEGATE_TRY(auto failures, list_failures(store, dataset.name));
  for (FailureRecord& failure : failures) {
    const bool still_landed =
        std::any_of(landed.arrivals.begin(), landed.arrivals.end(),
                    [&](const Arrival& arrival) { return arrival.id == failure.arrival.id; });
    if (!still_landed || !settled.insert(failure.arrival.id).second) continue;
    status.failures.push_back(std::move(failure));
  }
  for (const Arrival& arrival : landed.arrivals)
    if (arrival.dataset == dataset.name && !settled.contains(arrival.id)) ++status.waiting;
  LAKEGATE_TRY(const auto stored, load_schema(store, dataset.name));
  if (dataset.serve) {
    LAKEGATE_TRY(status.not_loaded, count_not_loaded(store, dataset));
  }
  if (stored) status.schema_version = stored->remembered.current().version;
  if (dataset.source) {
    LAKEGATE_TRY(status.fetches, fetch_status(store, dataset));
  }
  return status;
}

void print_as_json(Context& context, const LakeSession& lake, const std::vector<DatasetStatus>& all,
                   const Landed& landed, bool ok) {
  Json datasets = Json::array();
  for (const DatasetStatus& status : all) {
    Json json = {{"dataset", status.dataset->name.str()},
                 {"landing", status.dataset->landing.text()},
                 {"arrivals", status.runs}};
    json.update(json_of(status.counts));
    json["files"] = status.files;
    json["bytes"] = status.bytes;
    json["schema_version"] = status.schema_version;
    json["last_arrival"] = status.last_arrival.empty() ? Json() : Json(status.last_arrival);
    json["table"] = status.dataset->serve ? Json(status.dataset->serve->table.str()) : Json();
    if (status.dataset->serve) json["not_loaded"] = status.not_loaded;
    json["waiting"] = status.waiting;
    json["failures"] = Json::array();
    for (const FailureRecord& failure : status.failures)
      json["failures"].push_back(json_of(failure));
    if (status.fetches) json["fetches"] = json_of(*status.fetches);
    datasets.push_back(std::move(json));
  }
  Json keys = Json::array();
  for (const ObjectKey& key : landed.unmatched) keys.push_back(key.str());
  print_json(context.out, {{"ok", ok},
                           {"lake", lake.location},
                           {"datasets", std::move(datasets)},
                           {"unmatched", std::move(keys)},
                           {"errors", json_of(landed.unreadable)}});
}

std::string table_text(const DatasetStatus& status) {
  if (!status.dataset->serve) return "-";
  const std::string& name = status.dataset->serve->table.str();
  if (status.not_loaded == 0) return name;
  return fmt::format("{} ({} not loaded)", name, counted(status.not_loaded, "arrival"));
}

void print_table(Context& context, const std::vector<DatasetStatus>& all) {
  TableView table(context.out, {{"dataset"},
                                {"arrivals", true},
                                {"rows", true},
                                {"rejected", true},
                                {"files", true},
                                {"size", true},
                                {"waiting", true},
                                {"failed", true},
                                {"last arrival (UTC)"},
                                {"table"}});
  for (const DatasetStatus& status : all)
    table.add(
        {{.text = status.dataset->name.str()},
         {.text = with_commas(status.runs)},
         {.text = with_commas(status.counts.rows_written)},
         {.text = with_commas(status.counts.rows_rejected),
          .style = status.counts.rows_rejected > 0 ? Style::kYellow : Style::kPlain},
         {.text = with_commas(status.files)},
         {.text = bytes_text(status.bytes)},
         {.text = with_commas(status.waiting)},
         {.text = with_commas(status.failures.size()),
          .style = status.failures.empty() ? Style::kPlain : Style::kRed},
         {.text =
              status.last_arrival.empty() ? "-" : short_time(status.last_arrival).substr(0, 16)},
         {.text = table_text(status),
          .style = status.not_loaded > 0 ? Style::kYellow : Style::kPlain}});
  table.finish();
}

Result<int> status(const std::string& only, Context& context) {
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  std::optional<DatasetName> name;
  if (!only.empty()) {
    LAKEGATE_TRY(const DatasetConfig* dataset, lake.dataset(only));
    name = dataset->name;
  }
  LAKEGATE_TRY(Landed landed, find_landed(*lake.store, lake.config, name,
                                          /*remember_index=*/false));
  if (name) landed.unmatched.clear();
  std::vector<DatasetStatus> all;
  bool ok = landed.unmatched.empty() && landed.unreadable.empty();
  for (const DatasetConfig& dataset : lake.config.datasets) {
    if (name && dataset.name != *name) continue;
    LAKEGATE_TRY(DatasetStatus found, status_of(*lake.store, dataset, landed));
    ok = ok && found.failures.empty() && (!found.fetches || found.fetches->is_all_answered());
    all.push_back(std::move(found));
  }
  for (const auto& [dataset, error] : landed.unreadable)
    context.error(fmt::format("{}: {}", dataset.str(), error.to_string()));
  if (context.json()) {
    print_as_json(context, lake, all, landed, ok);
    return ok ? 0 : 1;
  }
  if (all.empty())
    context.note("no dataset yet: land a file in landing/<dataset>/, or `lakegate add FILE`");
  else
    print_table(context, all);
  for (const DatasetStatus& each : all)
    if (each.fetches)
      tell(each.dataset->name.str(), *each.fetches, name ? kFailuresOfOne : kFailuresOfMany,
           context);
  for (const DatasetStatus& each : all)
    for (const FailureRecord& failure : each.failures)
      context.error(
          fmt::format("{} failed: {}", each.dataset->name.str(), failure.error.to_string()));
  for (const ObjectKey& key : landed.unmatched)
    context.error(fmt::format("{}: unmatched: it belongs to no dataset", key.str()));
  return ok ? 0 : 1;
}

Action define(CLI::App& app) {
  auto dataset = std::make_shared<std::string>();
  add_dataset(app, *dataset, "Only this one");
  return [dataset](Context& context) { return status(*dataset, context); };
}

}  // namespace
}  // namespace status_impl

Command status_command() {
  return {.name = "status",
          .arguments = "[DATASET]",
          .summary = "What ran, what failed, what waits",
          .details = status_impl::kDetails,
          .everyday = true,
          .define = status_impl::define};
}

}  // namespace lakegate::cli
