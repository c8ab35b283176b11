// Files of an arrival that no run record names: left by an attempt that died, or superseded.
#pragma once

#include <string>
#include <vector>

#include "lake/records.h"
#include "stores/object_store.h"

namespace lakegate {

// Removes from curated/ and rejected/ of the record's dataset every file of its arrival that the
// record does not name.
Result<void> remove_orphans(ObjectStore& store, const RunRecord& record);

// A rewrite of committed outputs (replay under another schema, widen) announces itself before it
// publishes, so that a crash on the way can be cleaned up: until the mark is gone, what the run
// record names is what counts.
Result<void> begin_rewrite(ObjectStore& store, const Arrival& arrival);
Result<void> end_rewrite(ObjectStore& store, const RunRecord& record);  // orphans, then the mark

// Puts the record of what was published, where the one that is there is still that of `tag`, and
// ends the rewrite. kConflict: somebody else was first; nothing is changed then.
Result<void> commit_rewrite(ObjectStore& store, const RunRecord& next, const std::string& tag);

// Cleans up after rewrites of the dataset that died. Call while holding the dataset's lease; one
// that is alive nevertheless (stores without leases) is not committed, and says so.
Result<void> finish_rewrites(ObjectStore& store, const DatasetName& dataset);

}  // namespace lakegate
