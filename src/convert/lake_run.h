// Landing -> curated: which arrivals are there, and the run of each.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "convert/progress.h"
#include "lake/records.h"
#include "stores/object_store.h"

namespace lakegate {

// What a listing of landing/ found. Sorted by arrival time, then key.
struct Landed {
  std::vector<Arrival> arrivals;     // every landed object that belongs to a dataset, as it is now
  std::vector<ObjectKey> unmatched;  // belong to no dataset
  // Could not be read, or were written to meanwhile: a local file's content is its identity. Nobody
  // else's arrival waits for them.
  struct Unreadable {
    DatasetName dataset;
    Error error;  // `where` has the key
  };
  std::vector<Unreadable> unreadable;
};

// Discovery is by listing: landing/ against the records, never object by object. Where the store
// has no versions (local), content is hashed; _lake/index.json spares what has not changed, and is
// rebuilt from the records when it is missing. A file that was only touched keeps its arrival.
// `only`: this dataset alone. `progress` counts bytes hashed; may be null.
Result<Landed> find_landed(ObjectStore& store, const Config& config,
                           const std::optional<DatasetName>& only, bool remember_index);

// The arrival that one landed object is now, as find_landed would tell of it, without a listing.
// Nothing: it belongs to no dataset. kNotFound: it is not there. `config` must be the whole lake's
// where the store has no versions: the index is kept up to date then.
Result<std::optional<Arrival>> find_arrival(ObjectStore& store, const Config& config,
                                            const ObjectKey& key);

// The arrival that the replies of a slice of a fetch are; their key and size alone say it.
inline constexpr std::string_view kFetchedVersion = "fetched";  // in place of the store's
Arrival fetched_arrival(const DatasetConfig& dataset, const ObjectInfo& object);

// lake.yaml at the lake's root, or what LAKEGATE_CONFIG names, or one dataset a folder.
struct ConfigChoice {
  std::optional<std::string> env;
  Environment variables;
};
Result<Config> load_config(const ObjectStore& store, const ConfigChoice& choice);
// The same without the last resort, which needs a listing: nothing where nobody wrote one.
Result<std::optional<Config>> load_written_config(const ObjectStore& store,
                                                  const ConfigChoice& choice);

// A remembered schema with the tag that an update must name. Nothing if none is remembered yet.
struct StoredSchema {
  RememberedSchema remembered;
  std::string tag;
};
Result<std::optional<StoredSchema>> load_schema(const ObjectStore& store,
                                                const DatasetName& dataset);

// The columns of a dataset whose types are settled: what lake.yaml declares joined with what is
// remembered. A declared type that differs from the remembered one is an error that names `widen`.
Result<Schema> known_schema(const DatasetConfig& dataset,
                            const std::optional<RememberedSchema>& remembered);

struct RunOutcome {
  enum class Kind {
    kCommitted,     // `record` was put by this call
    kAlreadyDone,   // `record` was there
    kFailed,        // `failure` was put by this call
    kFailedBefore,  // `failure` was there, and nothing has changed since
  };
  Kind kind = Kind::kCommitted;
  std::optional<RunRecord> record;
  std::optional<FailureRecord> failure;
  std::vector<std::string> remarks;
  bool failed() const { return kind == Kind::kFailed || kind == Kind::kFailedBefore; }
};

struct RunOptions {
  Resources resources;
  bool retry_failed = false;  // also what failed before and has not changed
};

// Held while a process changes what is in a dataset; null where another one holds it. A help
// against doing work twice: stores without leases give one to everybody.
Result<std::unique_ptr<Lease>> try_to_hold(ObjectStore& store, const DatasetName& dataset);

// The arrivals of a dataset that have a run record, found by listing: their ids.
Result<std::set<std::string>> finished_arrivals(const ObjectStore& store,
                                                const DatasetName& dataset);

// Runs one arrival: claim, read and write, verdict, schema, publish, record (ARCHITECTURE.md, "The
// run of an arrival"). Safe to call again at any time, from any number of processes; every attempt
// writes the same keys with the same bytes. An Error means that the attempt could not be made
// (store out of reach, full disk); bad input is a kFailed outcome.
Result<RunOutcome> run_arrival(ObjectStore& store, const DatasetConfig& dataset,
                               const Arrival& arrival, const RunOptions& options);

// All run records of a dataset, in order of arrival. Likewise the failures.
Result<std::vector<RunRecord>> list_runs(const ObjectStore& store, const DatasetName& dataset);
Result<std::vector<FailureRecord>> list_failures(const ObjectStore& store,
                                                 const DatasetName& dataset);

// The arrivals whose failure stands: run_arrival would answer kFailedBefore. Their ids.
Result<std::set<std::string>> standing_failures(const ObjectStore& store,
                                                const DatasetConfig& dataset);

// Claims whose landed object has been replaced before the run was committed: removes what such a
// run may have published. What has landed since `landed` was listed is left alone, and so are,
// where the lease excludes nobody, claims of the last day. `held` is the dataset's lease. Returns
// the claims given up.
Result<std::vector<Claim>> give_up_abandoned(ObjectStore& store, const DatasetName& dataset,
                                             const std::vector<Arrival>& landed, const Lease& held,
                                             Instant now);

// Done again from what landed: reproduces the same bytes, or, where schema or configuration have
// changed, writes a new generation, commits it, and then deletes what the superseded record named.
// kNotFound if the landed object is no longer that version.
struct ReplayOutcome {
  RunOutcome run;
  bool same_bytes = false;  // the outputs were reproduced as they were
  int generation = 1;
};
Result<ReplayOutcome> replay_arrival(ObjectStore& store, const DatasetConfig& dataset,
                                     const RunRecord& record, const RunOptions& options);

// Checks every output of a record: there, of the size and SHA-256 recorded, and of as many rows;
// and the counts. Returns what is wrong, in words, one per finding.
Result<std::vector<std::string>> verify_run(const ObjectStore& store, const RunRecord& record);

// A type made wider, through the whole history.
struct WidenPlan {
  DatasetName dataset;
  std::string column;
  LogicalType from, to;
  std::vector<RunRecord> runs;  // whose files are rewritten
  std::uint64_t rows = 0, bytes = 0;
};
// Refuses what could lose something, and says which types are possible.
Result<WidenPlan> plan_widen(const ObjectStore& store, const DatasetName& dataset,
                             const std::string& column, const LogicalType& to);
// Rewrites each run as a new generation under the new schema version; may be interrupted and called
// again.
Result<void> widen(ObjectStore& store, const DatasetConfig& dataset, const WidenPlan& plan,
                   const Resources& resources);

}  // namespace lakegate
