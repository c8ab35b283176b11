// What follows a committed run: rows into the tables that serve them, the catalog of query engines.
#pragma once

#include "catalog/catalog.h"
#include "cli/lake_session.h"
#include "cli/run_report.h"
#include "load/load.h"

namespace lakegate::cli {

// Every arrival of the dataset that its table lacks (or, `again`, all of them). Nothing where the
// dataset is not served, or nothing of it has been run yet. `create`: the table is made if it is
// not there, where that is not a matter of course (DynamoDB), also before anything has been run;
// kInvalidInput where nobody knows its columns yet.
Result<LoadSummary> load_served(LakeSession& lake, const DatasetConfig& dataset,
                                const LoadOptions& options = {}, bool create = false);

// Tells the lake's catalog of a run. The run is committed whether or not the catalog can be
// reached: an error says so, and how to make up for it.
Result<void> register_committed(Catalog& catalog, LakeSession& lake, const DatasetConfig& dataset,
                                const RunRecord& record);
// The same, told to `report`.
void register_committed(Catalog& catalog, LakeSession& lake, const DatasetConfig& dataset,
                        const RunRecord& record, RunReport& report);

}  // namespace lakegate::cli
