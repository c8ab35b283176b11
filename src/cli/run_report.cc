#include "cli/run_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/amounts.h"
#include "lake/layout.h"
#include "load/load.h"

namespace lakegate::cli {
namespace {

constexpr std::size_t kFailuresShown = 5;  // the report has them all

}  // namespace

std::string short_key(const ObjectKey& key) {
  const std::string& text = key.str();
  return text.starts_with(layout::kLanding) ? text.substr(layout::kLanding.size()) : text;
}

void RunReport::arrival(const RunOutcome& outcome) {
  const Arrival& of = outcome.record ? outcome.record->arrival : outcome.failure->arrival;
  for (const std::string& remark : outcome.remarks)
    context_.warning(fmt::format("{}: {}", of.key.str(), remark));
  if (outcome.failed())
    failed(outcome);
  else if (outcome.kind == RunOutcome::Kind::kCommitted)
    committed(*outcome.record);
}

void RunReport::committed(const RunRecord& record) {
  const Counts& counts = record.counts;
  ++arrivals_;
  rows_ += counts.rows_written;
  rejected_ += counts.rows_rejected;
  Json entry = json_of(record);
  entry["outcome"] = "committed";
  entries_.push_back(std::move(entry));
  if (!context_.json() && !context_.quiet()) {
    std::uint64_t bytes = 0;
    for (const OutputFile& file : record.outputs) bytes += file.size;
    context_.out.write(Style::kBold, record.arrival.dataset.str());
    context_.out.write(fmt::format(
        "  {} -> {}{} in {}, {}, {}\n", short_key(record.arrival.key),
        counted(counts.rows_written, "row"),
        counts.rows_rejected > 0 ? fmt::format(", {} rejected", with_commas(counts.rows_rejected))
                                 : "",
        counted(record.outputs.size(), "file"), bytes_text(bytes),
        duration_text(static_cast<double>(record.duration_ms) / 1000)));
    if (context_.verbose())
      for (const OutputFile& file : record.outputs)
        context_.out.write(fmt::format("  {}\n", file.key.str()));
    if (context_.out.is_terminal()) (void)context_.out.flush();
  }
  if (counts.rows_rejected > 0)
    context_.warning(fmt::format("{}: {} of {} rejected; see them with `lakegate rejects {}`",
                                 record.arrival.key.str(), with_commas(counts.rows_rejected),
                                 counted(counts.rows_in, "row"), record.arrival.dataset.str()));
}

void RunReport::failed(const RunOutcome& outcome) {
  const FailureRecord& failure = *outcome.failure;
  const bool is_earlier = outcome.kind == RunOutcome::Kind::kFailedBefore;
  if (is_earlier && !tells_earlier_failures_) return;
  ++failures_;
  Json entry = json_of(failure);
  entry["outcome"] = is_earlier ? "failed_before" : "failed";
  entries_.push_back(std::move(entry));
  context_.error(failure.error.to_string() +
                 (is_earlier ? fmt::format(" (unchanged since it failed; `lakegate replay {} "
                                           "--failed` tries again)",
                                           failure.arrival.dataset.str())
                             : ""));
}

void RunReport::fetch(const std::string& dataset, const FetchOutcome& outcome) {
  for (const std::string& remark : outcome.remarks)
    context_.warning(fmt::format("{}: {}", dataset, remark));
  Json entry = {{"dataset", dataset}};
  entry.update(json_of(outcome));
  fetches_.push_back(std::move(entry));
  if (outcome.was_finished) {
    context_.note(fmt::format("{}: the fetch {} was finished before; nothing was asked", dataset,
                              outcome.plan));
    if (outcome.unanswered > 0) {
      context_.error(fmt::format("{}: {} of its {} had no answer", dataset,
                                 with_commas(outcome.unanswered),
                                 counted(outcome.sets, "parameter set")));
      tell_of_failures(dataset, outcome);
    }
    return;
  }
  const FetchCounts& counts = outcome.counts;
  if (!context_.json() && !context_.quiet()) {
    context_.out.write(Style::kBold, dataset);
    context_.out.write(fmt::format(
        "  fetch {}: {} of {} answered{}, {}\n", outcome.plan,
        with_commas(counts.sets - counts.failed), counted(outcome.sets, "parameter set"),
        counts.failed > 0 ? fmt::format(", {} failed", with_commas(counts.failed)) : "",
        bytes_text(counts.bytes)));
  }
  for (std::size_t i = 0; i < outcome.failures.size() && i < kFailuresShown; ++i) {
    const FailedSet& failed = outcome.failures[i];
    context_.error(fmt::format("{}: {}: {}", dataset, failed.parameters, failed.reason));
  }
  if (counts.failed > 0) tell_of_failures(dataset, outcome);
  if (outcome.finished()) return;
  ++unfinished_;
  context_.error(
      fmt::format("{}: the fetch {} is not finished: {} of {} left; `lakegate fetch {}` "
                  "goes on with it",
                  dataset, outcome.plan, with_commas(outcome.slices_left),
                  counted(outcome.slices, "slice"), dataset));
  if (interrupted() || outcome.slices_asked > 0 || outcome.slices_left <= outcome.slices_to_run)
    return;
  context_.error(fmt::format(
      "{}: not one slice was completed in this time; give it more{}", dataset,
      outcome.is_any_asked() ? "" : ", or write a smaller `slice:` into its `source:`"));
}

void RunReport::unpublished(const std::string& dataset, const FetchOutcome& outcome) {
  if (!outcome.was_finished || outcome.unpublished == 0) return;
  failures_ += outcome.unpublished;
  context_.error(fmt::format(
      "{}: not published: {} of {}; `lakegate status {}` shows why, `lakegate replay {} "
      "--failed` tries again",
      dataset, with_commas(outcome.unpublished), counted(outcome.slices, "slice"), dataset,
      dataset));
}

void RunReport::tell_of_failures(const std::string& dataset, const FetchOutcome& outcome) {
  sets_failed_ += outcome.unanswered;
  context_.note(
      fmt::format("`lakegate status {}` shows what failed; `lakegate fetch {} --failed "
                  "{}` asks for it again",
                  dataset, dataset, outcome.plan));
}

void RunReport::error(const std::string& dataset, const Error& error) {
  error_code_ = std::max(error_code_, error.kind == ErrorKind::kInvalidInput ? 2 : 1);
  add_error(dataset, error);
}

void RunReport::load_error(const std::string& dataset, const Error& error) {
  ++failures_;
  add_error(dataset, error);
}

void RunReport::add_error(const std::string& dataset, const Error& error) {
  Json entry = {{"dataset", dataset}};
  entry.update(json_of(error));
  errors_.push_back(std::move(entry));
  context_.error(fmt::format("{}: {}", dataset, error.to_string()));
}

void RunReport::loads(const std::string& dataset, const LoadSummary& done) {
  for (const LoadRecord& record : done.loads) load(record);
  for (const LoadFailure& failure : done.failures) {
    ++failures_;
    Json entry = {{"dataset", dataset}, {"arrival_id", failure.arrival.id.str()}};
    entry.update(json_of(with_file(failure.error, failure.arrival.key.str())));
    errors_.push_back(std::move(entry));
    context_.error(fmt::format("{}: cannot load {}: {}", dataset, failure.arrival.key.str(),
                               failure.error.to_string()));
  }
}

void RunReport::load(const LoadRecord& record) {
  table_rows_ += record.rows_written;
  rejected_by_tables_ += record.rows_rejected;
  loads_.push_back(json_of(record));
  if (record.rows_rejected > 0) context_.warning(left_out(record));
}

void RunReport::unmatched(const std::vector<ObjectKey>& keys) {
  for (const ObjectKey& key : keys) {
    unmatched_.push_back(key.str());
    context_.error(
        fmt::format("{}: unmatched: it belongs to no dataset; give a dataset a `landing:` "
                    "pattern that it matches, or move it away",
                    key.str()));
  }
}

std::string left_out(const LoadRecord& record) {
  return fmt::format("table {}: {} left out; {} says which and why", record.table.str(),
                     counted(record.rows_rejected, "row"),
                     load_rejects_key(record.table, record.arrival).str());
}

int RunReport::finish(Rejects rejects) {
  const bool ok = failures_ == 0 && errors_.empty() && unmatched_.empty() && sets_failed_ == 0 &&
                  unfinished_ == 0;
  const bool strictly_ok = rejects == Rejects::kAllowed || rejected_ + rejected_by_tables_ == 0;
  const int code = error_code_ > 0 ? error_code_ : ok && strictly_ok ? 0 : 1;
  if (context_.json()) {
    Json document = {{"ok", code == 0}, {"lake", lake_}};
    if (!fetches_.empty()) document["fetches"] = std::move(fetches_);
    document.update({{"arrivals", std::move(entries_)},
                     {"loads", std::move(loads_)},
                     {"unmatched", std::move(unmatched_)},
                     {"errors", std::move(errors_)}});
    print_json(context_.out, document);
    return code;
  }
  if (context_.quiet()) return code;
  std::string summary = !loads_.empty()  ? "nothing new has landed"
                        : failures_ == 0 ? "nothing new"
                                         : "no arrival was converted";
  if (arrivals_ > 0)
    summary =
        fmt::format("{}: {}{}", counted(arrivals_, "arrival"), counted(rows_, "row"),
                    rejected_ > 0 ? fmt::format(", {} rejected", with_commas(rejected_)) : "");
  if (!loads_.empty()) summary += fmt::format("; {} into tables", counted(table_rows_, "row"));
  if (failures_ > 0) summary += fmt::format("; {} failed", with_commas(failures_));
  context_.out.write(summary + "\n");
  (void)context_.out.flush();
  return code;
}

}  // namespace lakegate::cli
