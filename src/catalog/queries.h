// The queries of the views over a lake's tables.
#pragma once

#include <string>

#include "catalog/dataset_table.h"
#include "catalog/engine.h"

namespace lakegate {

inline constexpr const char* kRunsTable = "lakegate_runs";
inline constexpr const char* kRejectsTable = "lakegate_rejects";
// Everything under rejected/, copies of landed files included, of which the view lakegate_rejects
// shows the lines of rejects.
inline constexpr const char* kRejectLinesTable = "lakegate_reject_lines";

// A SELECT over the dataset's table, and for snapshots over lakegate_runs: what `lakegate cat`
// shows, and the partitions that are not among it. By mode: every row; the rows of the newest
// version of each landed file; the newest row of each key. Arrivals are ordered by _arrived_at,
// which has microseconds, and by their id. Call where has_latest().
std::string latest_query(const DatasetTable& table, Engine engine);

// The same with every row, and lineage.
std::string history_query(const DatasetTable& table, Engine engine);

// Over lakegate_reject_lines: what lakegate_rejects shows, with the dataset and the file of each.
std::string rejects_query(Engine engine);

}  // namespace lakegate
