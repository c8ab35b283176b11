// What has landed and was not run yet: shown, or sent to the queue of a function that runs it.
#pragma once

#include <string>

#include "cli/command.h"
#include "cli/lake_session.h"

namespace lakegate::cli {

struct BacklogOptions {
  std::string dataset;  // only this one; empty: all
  std::string queue;    // the URL of a queue of SQS; empty: nothing is sent
  bool dry_run = false;
  bool retry_failed = false;  // also what failed before and has not changed
};

// `lakegate run --dry-run` and `lakegate run --enqueue`. The exit code: 1 where something is
// unmatched, or the queue did not take everything. Sending twice is harmless: the function runs an
// arrival once.
Result<int> handle_backlog(LakeSession& lake, const BacklogOptions& options, Context& context);

}  // namespace lakegate::cli
