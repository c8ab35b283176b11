#include "lambda/lake_tasks.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "convert/orphans.h"
#include "lake/layout.h"
#include "lake/names.h"
#include "load/load.h"

namespace lakegate {
namespace {

using Outcome = TaskReport::Outcome;

constexpr std::string_view kRuns = "_lake/runs/";
constexpr auto kBetweenTries = std::chrono::milliseconds(20);

// "landing/sales/a.csv" -> "sales".
std::string folder_of(const ObjectKey& landed) {
  const std::string below = landed.str().substr(layout::kLanding.size());
  return below.substr(0, below.find('/'));
}

struct RunKey {
  std::string dataset, arrival;
};
std::optional<RunKey> run_key_from(const ObjectKey& key) {
  std::string_view rest = key.str();
  if (!rest.starts_with(kRuns) || !rest.ends_with(".json")) return std::nullopt;
  rest.remove_prefix(kRuns.size());
  rest.remove_suffix(std::string_view(".json").size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos || rest.find('/', slash + 1) != std::string_view::npos)
    return std::nullopt;
  return RunKey{std::string(rest.substr(0, slash)), std::string(rest.substr(slash + 1))};
}

bool is_own_output(const ObjectKey& key) {
  for (const std::string_view own : {layout::kCurated, layout::kRejected, layout::kRecords})
    if (key.str().starts_with(own)) return true;
  return key.str() == "lake.yaml";
}

Failure unmatched(const ObjectKey& key) {
  return invalid_input(
      "it belongs to no dataset; `lakegate check` shows what lake.yaml has, and "
      "lake.yaml's `landing:` patterns say what belongs where",
      {.file = key.str()});
}

Error not_there_any_more(Error error) {
  if (error.kind == ErrorKind::kNotFound)
    error.message +=
        "; if it was deleted or renamed after the event was sent, nothing is to be done";
  return error;
}

}  // namespace

void describe(TaskReport& report, const Arrival& arrival) {
  report.dataset = arrival.dataset.str();
  report.arrival = arrival.id.str();
  report.key = arrival.key.str();
  report.bytes_in = arrival.size;
}

void describe(TaskReport& report, const RunRecord& record) {
  describe(report, record.arrival);
  report.counts = record.counts;
  for (const OutputFile& file : record.outputs) report.bytes_out += file.size;
}

void describe(TaskReport& report, const RunOutcome& outcome) {
  using Kind = RunOutcome::Kind;
  if (outcome.record) describe(report, *outcome.record);
  report.remarks = outcome.remarks;
  if (outcome.failure) {
    describe(report, outcome.failure->arrival);
    report.counts = outcome.failure->counts;
    report.error = outcome.failure->error;
  }
  report.outcome = outcome.kind == Kind::kCommitted     ? Outcome::kCommitted
                   : outcome.kind == Kind::kAlreadyDone ? Outcome::kAlreadyDone
                   : outcome.kind == Kind::kFailed      ? Outcome::kFailed
                                                        : Outcome::kFailedBefore;
}

std::optional<LakeName> lake_name_from(const std::string& location) {
  constexpr std::string_view kScheme = "s3://";
  if (!location.starts_with(kScheme)) return std::nullopt;
  const std::string rest = location.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  LakeName name{.bucket = rest.substr(0, slash), .prefix = rest.substr(slash)};
  while (name.prefix.starts_with('/')) name.prefix.erase(0, 1);
  while (name.prefix.ends_with('/')) name.prefix.pop_back();
  if (!name.prefix.empty()) name.prefix += '/';
  return name;
}

LakeTasks::Reports LakeTasks::run(const Task& task) {
  reports_.clear();
  next_report();
  const auto done = std::visit([&](const auto& of_a_kind) { return run(of_a_kind); }, task);
  const auto now = std::chrono::steady_clock::now();
  current().duration = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
  if (!done) {
    const bool is_refusal = done.error().kind == ErrorKind::kInvalidInput;
    current().outcome = is_refusal ? Outcome::kRefused : Outcome::kError;
    current().error = done.error();
  }
  return std::move(reports_);
}

TaskReport& LakeTasks::next_report() {
  const auto now = std::chrono::steady_clock::now();
  if (!reports_.empty())
    current().duration = std::chrono::duration_cast<std::chrono::milliseconds>(now - began_);
  began_ = now;
  return reports_.emplace_back();
}

void LakeTasks::ignore(const std::string& why) {
  current().outcome = Outcome::kIgnored;
  current().why = why;
}

Result<void> LakeTasks::run(const NothingToDo& nothing) {
  ignore(nothing.why);
  return {};
}

Result<ObjectKey> LakeTasks::key_in_lake(const ObjectCreated& created) const {
  if (!tools_.name) return ObjectKey(created.key);
  const auto& [bucket, prefix] = *tools_.name;
  if (created.bucket != bucket || !created.key.starts_with(prefix))
    return invalid_input(fmt::format(
        "s3://{}/{} is not in the lake s3://{}/{}; the event came to the wrong function",
        created.bucket, created.key, bucket, prefix));
  return ObjectKey(created.key.substr(prefix.size()));
}

Result<void> LakeTasks::run(const ObjectCreated& created) {
  LAKEGATE_TRY(const ObjectKey key, key_in_lake(created));
  current().key = key.str();
  if (key.str().starts_with(layout::kLanding)) return convert(key);
  if (run_key_from(key)) return load(key);
  if (!is_own_output(key))
    return invalid_input("it is neither in landing/ nor anything that lakegate writes",
                         {.file = key.str()});
  ignore("lakegate's own");
  return {};
}

Result<void> LakeTasks::convert(const ObjectKey& key) {
  if (layout::is_ignored_landing_key(key)) {
    ignore("a name that is never an arrival");
    return {};
  }
  LAKEGATE_TRY(const Config* config, this->config(folder_of(key)));
  auto arrival = find_arrival(*tools_.store, *config, key);
  if (!arrival) return Failure(not_there_any_more(std::move(arrival).error()));
  if (!*arrival) return unmatched(key);
  return run_one(*config->find((*arrival)->dataset), **arrival, false);
}

Result<void> LakeTasks::run_one(const DatasetConfig& dataset, const Arrival& arrival,
                                bool retry_failed) {
  describe(current(), arrival);
  LAKEGATE_TRY(const auto lease, hold(dataset.name));
  LAKEGATE_TRY(const RunOutcome outcome,
               run_arrival(*tools_.store, dataset, arrival,
                           {.resources = tools_.resources, .retry_failed = retry_failed}));
  current().bytes_in = 0;
  describe(current(), outcome);
  // Also where it was done before: whoever did it may have died before telling.
  if (outcome.record) LAKEGATE_CHECK(tell(dataset, *outcome.record));
  return {};
}

Result<void> LakeTasks::tell(const DatasetConfig& dataset, const RunRecord& record) const {
  // A lake that nobody has configured has no catalog.
  if (tools_.register_run && written_ && *written_)
    LAKEGATE_CHECK(tools_.register_run(*tools_.store, **written_, dataset, record));
  if (tools_.announce) LAKEGATE_CHECK(tools_.announce(record));
  return {};
}

Result<void> LakeTasks::load(const ObjectKey& key) {
  const RunKey named = *run_key_from(key);
  current().dataset = named.dataset;
  current().arrival = named.arrival;
  LAKEGATE_TRY(const Config* config, this->config(named.dataset));
  const DatasetConfig* dataset = config->find(DatasetName(named.dataset));
  if (dataset == nullptr)
    return invalid_input(fmt::format("lake.yaml has no dataset {} any more", named.dataset),
                         {.file = key.str()});
  if (!dataset->serve) {
    ignore("the dataset is served from no table");
    return {};
  }
  current().table = dataset->serve->table.str();
  LAKEGATE_TRY(const Blob blob, tools_.store->get(key));
  LAKEGATE_TRY(const RunRecord run, run_from_json(blob.bytes, key));
  LAKEGATE_TRY(TableServer * tables, this->tables(dataset->serve->to));
  LAKEGATE_TRY(const auto record, load_if_due(*tools_.store, *tables, *dataset, run));
  current().outcome = record ? Outcome::kLoaded : Outcome::kAlreadyLoaded;
  if (!record) return {};
  current().rows_loaded = record->rows_written;
  current().counts.rows_rejected = record->rows_rejected;
  return {};
}

Result<void> LakeTasks::run(const RunRequest& request) {
  LAKEGATE_CHECK(check_lake(request.lake));
  if (request.key.empty()) return run_backlog(request.dataset);
  const ObjectKey key(request.key);
  current().key = request.key;
  if (!request.key.starts_with(layout::kLanding))
    return invalid_input("run.key does not begin with landing/", {.file = request.key});
  return convert(key);
}

Result<void> LakeTasks::run_backlog(const std::string& name) {
  LAKEGATE_TRY(const Config* config, this->config(std::nullopt));
  std::optional<DatasetName> only;
  if (!name.empty()) {
    LAKEGATE_TRY(const DatasetConfig* dataset, this->dataset(name));
    only = dataset->name;
  }
  LAKEGATE_TRY(const Landed landed, find_landed(*tools_.store, *config, only, true));
  std::uint64_t done = 0, not_begun = 0;
  for (const DatasetConfig& dataset : config->datasets) {
    if (only && dataset.name != *only) continue;
    LAKEGATE_TRY(const auto finished, finished_arrivals(*tools_.store, dataset.name));
    for (const Arrival& arrival : landed.arrivals) {
      if (arrival.dataset != dataset.name || finished.contains(arrival.id.str())) continue;
      if (!deadline_.may_begin()) {
        ++not_begun;
        continue;
      }
      if (done++ > 0) next_report();
      if (const auto ran = run_one(dataset, arrival, false); !ran) {
        current().outcome = Outcome::kError;
        current().error = ran.error();
      }
    }
  }
  for (const auto& [dataset, error] : landed.unreadable) {
    if (done++ > 0) next_report();
    current().key = error.where.file;
    current().outcome = Outcome::kError;
    current().error = error;
  }
  for (const ObjectKey& key : only ? std::vector<ObjectKey>() : landed.unmatched) {
    if (done++ > 0) next_report();
    current().key = key.str();
    current().outcome = Outcome::kRefused;
    current().error = unmatched(key).value();
  }
  if (not_begun > 0) {
    if (done > 0) next_report();
    current().outcome = Outcome::kNotBegun;
    current().error = Error{ErrorKind::kRetryable,
                            fmt::format("{} arrivals were not begun: too little time was left; "
                                        "`lakegate run --enqueue` spreads a backlog",
                                        not_begun)};
  } else if (done == 0) {
    ignore("nothing new has landed");
  }
  return {};
}

Result<void> LakeTasks::run(const ReplayRequest& request) {
  LAKEGATE_CHECK(check_lake(request.lake));
  LAKEGATE_TRY(const Config* config, this->config(std::nullopt));
  LAKEGATE_TRY(const DatasetConfig* dataset, this->dataset(request.dataset));
  ObjectStore& store = *tools_.store;
  current().dataset = dataset->name.str();
  LAKEGATE_TRY(auto lease, hold(dataset->name));
  LAKEGATE_CHECK(finish_rewrites(store, dataset->name));
  const auto wanted = [&](const Arrival& arrival) {
    return arrival.id.str().starts_with(request.arrival);
  };
  std::uint64_t done = 0, not_begun = 0;
  const auto one = [&](const Arrival& arrival, const auto& work) {
    if (!deadline_.may_begin()) {
      ++not_begun;
      return;
    }
    if (done++ > 0) next_report();
    describe(current(), arrival);
    if (const auto ran = work(); !ran) {
      current().outcome = Outcome::kError;
      current().error = ran.error();
    }
  };
  if (!request.failed) {
    LAKEGATE_TRY(const auto runs, list_runs(store, dataset->name));
    for (const RunRecord& record : runs)
      if (wanted(record.arrival)) one(record.arrival, [&] { return replay_one(*dataset, record); });
  }
  LAKEGATE_TRY(const auto failures, list_failures(store, dataset->name));
  lease.reset();  // run_one holds it itself
  for (const FailureRecord& failure : failures) {
    if (!wanted(failure.arrival)) continue;
    LAKEGATE_TRY(const auto now, find_arrival(store, *config, failure.arrival.key));
    if (!now || now->id != failure.arrival.id) continue;  // replaced: an arrival of its own
    one(*now, [&] { return run_one(*dataset, *now, true); });
  }
  if (not_begun > 0) {
    if (done > 0) next_report();
    current().outcome = Outcome::kNotBegun;
    current().error =
        Error{ErrorKind::kRetryable,
              fmt::format("{} arrivals were not begun: too little time was left", not_begun)};
  } else if (done == 0) {
    ignore("no arrival is to be replayed");
  }
  return {};
}

Result<void> LakeTasks::replay_one(const DatasetConfig& dataset, const RunRecord& record) {
  LAKEGATE_TRY(const ReplayOutcome outcome,
               replay_arrival(*tools_.store, dataset, record, {.resources = tools_.resources}));
  current().bytes_in = 0;
  describe(current(), outcome.run);
  current().outcome = Outcome::kReplayed;
  if (outcome.run.record) LAKEGATE_CHECK(tell(dataset, *outcome.run.record));
  return {};
}

Result<void> LakeTasks::check_lake(const std::string& lake) const {
  if (lake.empty() || !tools_.name) return {};
  const auto meant = lake_name_from(lake);
  if (meant && meant->bucket == tools_.name->bucket && meant->prefix == tools_.name->prefix)
    return {};
  return invalid_input(fmt::format("the message is about the lake {}, and this is s3://{}/{}", lake,
                                   tools_.name->bucket, tools_.name->prefix));
}

// lake.yaml; where there is none, each folder of landing/ is a dataset. Events for a bucket say
// which folder they are about, which spares the listing of all of them.
Result<const Config*> LakeTasks::config(const std::optional<std::string>& folder) {
  if (!written_) {
    LAKEGATE_TRY(written_, load_written_config(*tools_.store, tools_.config));
  }
  if (*written_) return &**written_;
  if (tools_.name && folder) {
    LAKEGATE_TRY(made_, config_from_folders({*folder}));
  } else {
    LAKEGATE_TRY(made_, load_config(*tools_.store, tools_.config));
  }
  return &*made_;
}

Result<const DatasetConfig*> LakeTasks::dataset(const std::string& name) {
  LAKEGATE_TRY(const Config* config, this->config(std::nullopt));
  if (const DatasetConfig* found = config->find(DatasetName(name))) return found;
  return invalid_input(fmt::format("the lake has no dataset \"{}\"", name));
}

Result<std::unique_ptr<Lease>> LakeTasks::hold(const DatasetName& dataset) const {
  for (;;) {
    LAKEGATE_TRY(auto lease, try_to_hold(*tools_.store, dataset));
    if (lease) return lease;
    if (auto stop = deadline_.must_stop()) return tl::unexpected<Error>(std::move(*stop));
    std::this_thread::sleep_for(kBetweenTries);
  }
}

Result<TableServer*> LakeTasks::tables(const std::string& to) {
  auto& server = tables_[to];
  if (!server) {
    // Without a lake.yaml nothing is served, so it has been read.
    const bool is_written = written_ && *written_;
    LAKEGATE_TRY(server, tools_.open_tables(to, is_written ? (*written_)->table_prefix : ""));
  }
  return server.get();
}

}  // namespace lakegate
