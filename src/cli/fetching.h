// A dataset fetched from its source, as `fetch` and `run` do it.
#pragma once

#include <chrono>
#include <optional>

#include "cli/command.h"
#include "cli/lake_session.h"
#include "cli/run_report.h"
#include "extract/fetch.h"

namespace lakegate::cli {

// "process 4711 on host/3f2a…": of this run of this process alone, as a lease names its holder.
std::string own_name();

struct FetchChoice {
  FetchRequest request;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  RunOptions run;
  bool runs_what_landed = false;  // afterwards, so that older slices get another chance
};

// Asks, curates and tells `report` of it, with progress on a terminal; `ran` is told of each slice
// afterwards. What goes wrong is an Error, and what was done before it is reported all the same.
Result<void> fetch_and_report(LakeSession& lake, const DatasetConfig& dataset,
                              const FetchChoice& choice, Context& context, RunReport& report,
                              const std::function<void(const RunRecord&)>& committed);

// What is to be fetched, in words: the plan that there is or would be. Writes nothing.
Result<ChosenPlan> plan_of(LakeSession& lake, const DatasetConfig& dataset,
                           const FetchRequest& request);

}  // namespace lakegate::cli
