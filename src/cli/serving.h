// Curated rows into the tables that serve them.
#pragma once

#include "cli/lake_session.h"
#include "load/load.h"

namespace lakegate::cli {

// Every arrival of the dataset that its table lacks (or, `again`, all of them). Nothing where the
// dataset is not served, or nothing of it has been run yet. `create`: the table is made if it is
// not there, where that is not a matter of course (DynamoDB), also before anything has been run;
// kInvalidInput where nobody knows its columns yet.
Result<LoadSummary> load_served(LakeSession& lake, const DatasetConfig& dataset,
                                const LoadOptions& options = {}, bool create = false);

}  // namespace lakegate::cli
