// Curated rows -> the table that serves them.
//
// What is in the table depends on which arrivals were loaded, never on their order, on how often,
// or on who was killed in between:
//   append, upsert   of each key the newest row: latest arrival, and in it the last row;
//   snapshot         the same over the newest arrival of each landing key alone.
// (`write: upsert` and `write: insert` give that up on purpose: the last, or the first, to be
// loaded wins.)
//
// A load is committed in the table first and recorded in _lake/loads/<table>/<arrival_id>.json
// after; without a record it is done again. Where a load takes rows out (a snapshot that no longer
// has them, a new generation that has lost them), rows of the same keys from other arrivals must
// come back: those arrivals are offered to the table again, for a snapshot the newest of each
// landing key, else all. That this is due is noted beside the record, in <arrival_id>.reoffer,
// before the rows are gone, and the note stays until it is done.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "formats/input.h"
#include "lake/records.h"
#include "stores/object_store.h"
#include "tables/table.h"

namespace lakegate {

struct LoadOptions {
  // Also what has a load record: into a table that was lost, or that is doubted.
  bool again = false;
  // The table is opened, and made where the server does that, even if there is nothing to load.
  bool open_always = false;
  std::function<void(const LoadRecord&)> on_loaded = {};  // after each; may be empty
};

struct LoadFailure {
  Arrival arrival;
  Error error;
};

struct LoadSummary {
  std::vector<LoadRecord> loads;      // in order of arrival
  std::vector<LoadFailure> failures;  // arrivals that could not be loaded; others were
  std::uint64_t offered_again = 0;    // arrivals, because of rows that were taken out
};

// The table that serves a dataset: columns of the current remembered schema (else the declared
// one), captures that are partitions (text), lineage. kInvalidInput where the dataset has no
// `serve:` or no schema yet.
Result<TableDefinition> table_definition(const ObjectStore& store, const DatasetConfig& dataset);

// Loads every committed run of the dataset that has no load record, or one of an older generation,
// in order of arrival. One process at a time loads into one server (a lease); others wait, and then
// find it done. An Error means that nothing more can be done: no table, no store, a full disk.
Result<LoadSummary> load_dataset(ObjectStore& store, TableServer& tables,
                                 const DatasetConfig& dataset, const LoadOptions& options = {});

// How many committed runs load_dataset would load now.
Result<std::size_t> count_not_loaded(const ObjectStore& store, const DatasetConfig& dataset);

// Loads one arrival whether or not it was loaded before, and records it.
Result<LoadRecord> load_arrival(ObjectStore& store, TableServer& tables,
                                const DatasetConfig& dataset, const RunRecord& run);

// The first kMaxFailureRejects rows that a load rejected, one JSON object a line.
ObjectKey load_rejects_key(const TableName& table, const ArrivalId& arrival);

// What the creation of a run record asks for: loads the arrival and records it, unless that was
// done before (then nothing), and brings back what such a load, this one or one that died, took
// out.
Result<std::optional<LoadRecord>> load_if_due(ObjectStore& store, TableServer& tables,
                                              const DatasetConfig& dataset, const RunRecord& run);

// A Parquet file by itself: no lake, no record.
struct FileLoad {
  std::shared_ptr<const Input> parquet;
  std::string name;  // where its rows come from, which need not be where the Parquet is
  std::uint64_t size = 0;
  Instant modified;  // of the file: its rows are as new as that
  TableName table;
  std::vector<std::string> key;
  WriteMode write = WriteMode::kNewest;
};
struct FileLoaded {
  WriteCounts counts;
  std::vector<Reject> rejects;
};
Result<FileLoaded> load_file(TableServer& tables, const FileLoad& load);

}  // namespace lakegate
