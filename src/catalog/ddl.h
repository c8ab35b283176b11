// What it takes to query a lake by hand: statements of an engine, each ending in ";", with comments
// where a person has something to know. `lakegate ddl` prints them.
#pragma once

#include <string>
#include <string_view>

#include "catalog/dataset_table.h"
#include "catalog/engine.h"

namespace lakegate {

// The table of a dataset, and its views. Views of snapshots need lakegate_runs.
Result<std::string> dataset_ddl(const DatasetTable& table, Engine engine);

// lakegate_runs, every run of the lake.
std::string runs_ddl(std::string_view lake, Engine engine);

// lakegate_rejects, every reject of the lake, with the dataset and the file that it stands in.
std::string rejects_ddl(std::string_view lake, Engine engine);

}  // namespace lakegate
