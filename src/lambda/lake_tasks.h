// The tasks of events, done in one lake.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "convert/lake_run.h"
#include "extract/fetch.h"
#include "lambda/deadline.h"
#include "lambda/events.h"
#include "lambda/task_report.h"
#include "stores/object_store.h"
#include "tables/table.h"

namespace lakegate {

// Which lake it is, as events name it. The prefix is empty or ends in "/".
struct LakeName {
  std::string bucket, prefix;
};
std::optional<LakeName> lake_name_from(const std::string& location);  // "s3://bucket/prefix"

struct LakeTools {
  std::shared_ptr<ObjectStore> store;  // stops at the deadline
  // Nothing: a directory. It stands for whichever bucket an event names.
  std::optional<LakeName> name;
  ConfigChoice config;
  Resources resources;
  // Where a dataset is served: `to` of its `serve:`, and the environment's table_prefix.
  std::function<Result<std::unique_ptr<TableServer>>(const std::string& to,
                                                     const std::string& table_prefix)>
      open_tables;
  // What remains of an invocation, for whoever waits and tries again below; may be empty.
  std::function<void(std::optional<Deadline::Clock::time_point>)> set_deadline;
  FetchServices fetch;  // without secrets: nothing is fetched here
  std::string holder;   // of the lease of a fetch: this process
  // Hands an event on to a further invocation of this function, which returns at once; none: a
  // fetch that is not finished fails, and is delivered again.
  std::function<Result<void>(const std::string& event)> invoke_again;
  // Both tell of a committed run, at least once, and may be empty: others, and the lake's catalog.
  std::function<Result<void>(const RunRecord&)> announce;
  std::function<Result<void>(const ObjectStore&, const Config&, const DatasetConfig&,
                             const RunRecord&)>
      register_run;
};

// What a report tells of an arrival and its run.
void describe(TaskReport& report, const Arrival& arrival);
void describe(TaskReport& report, const RunRecord& record);
void describe(TaskReport& report, const RunOutcome& outcome);

// One for each invocation, so that an edited lake.yaml counts from the next one on.
class LakeTasks {
 public:
  using Reports = std::vector<TaskReport>;
  using TableServers = std::map<std::string, std::unique_ptr<TableServer>>;  // by `to`

  LakeTasks(const LakeTools& tools, TableServers& tables, const Deadline& deadline)
      : tools_(tools), tables_(tables), deadline_(deadline) {}

  // Does it, and says what became of it: a report for each arrival. Never throws an error away.
  Reports run(const Task& task);

 private:
  Result<void> run(const ObjectCreated& created);
  Result<void> run(const RunRequest& request);
  Result<void> run(const ReplayRequest& request);
  Result<void> run(const FetchEvent& event);
  Result<void> run(const NothingToDo& nothing);

  Result<void> convert(const ObjectKey& key);
  Result<void> load(const ObjectKey& run_record);
  Result<void> run_backlog(const std::string& only);
  Result<void> run_one(const DatasetConfig& dataset, const Arrival& arrival, bool retry_failed);
  Result<void> replay_one(const DatasetConfig& dataset, const RunRecord& record);
  Result<void> tell(const DatasetConfig& dataset, const RunRecord& record) const;

  Result<ObjectKey> key_in_lake(const ObjectCreated& created) const;
  Result<void> check_lake(const std::string& lake) const;
  Result<const Config*> config(const std::optional<std::string>& folder);
  Result<const DatasetConfig*> dataset(const std::string& name);
  Result<std::unique_ptr<Lease>> hold(const DatasetName& dataset) const;
  Result<TableServer*> tables(const std::string& to);
  void ignore(const std::string& why);
  Result<void> hand_on(const FetchEvent& event, const FetchOutcome& outcome);
  TaskReport& current() { return reports_.back(); }
  // For work of several arrivals: what was said of the last one is finished.
  TaskReport& next_report();

  const LakeTools& tools_;
  TableServers& tables_;
  const Deadline& deadline_;
  std::optional<std::optional<Config>> written_;  // lake.yaml, once it was looked for
  std::optional<Config> made_;                    // where there is none
  Reports reports_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace lakegate
