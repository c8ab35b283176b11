// Files of an arrival that no run record names: left by an attempt that died or lost, or
// superseded.
#pragma once

#include <string>
#include <vector>

#include "lake/records.h"
#include "stores/object_store.h"

namespace lakegate {

// kConflict where `now`, the run record as it stands, is of another generation than `record`, which
// was read before.
Result<void> check_not_rewritten(const Blob& now, const RunRecord& record);

// For outputs that are to take the place of the record's: no attempt at the arrival, the slowest
// that has claimed it included, writes under names of this generation.
Result<int> next_generation(const ObjectStore& store, const RunRecord& record);

// Whoever publishes outputs beside those of another attempt (replay under another schema, widen, a
// run whose claim took another's place) announces itself before, so that a crash on the way can be
// cleaned up: until the mark is gone, what the run record names is what counts.
Result<void> begin_rewrite(ObjectStore& store, const Arrival& arrival);
// After `record` was put: what it does not name of the generations up to `last` goes, then the
// mark. Later ones are left alone; they are of somebody who has begun with this record.
Result<void> end_rewrite(ObjectStore& store, const RunRecord& record, int last);
// After somebody else's record was put: what it does not name goes, then the mark.
Result<void> settle_rewrite(ObjectStore& store, const DatasetName& dataset,
                            const ArrivalId& arrival);

// Puts the record of what was published, where the one that is there is still that of `tag`, and
// ends the rewrite. kConflict: somebody else was first; nothing is changed then.
Result<void> commit_rewrite(ObjectStore& store, const RunRecord& next, const std::string& tag);

// Cleans up after rewrites of the dataset that died. Call while holding the dataset's lease; one
// that is alive nevertheless (stores without leases) is not committed, and says so.
Result<void> finish_rewrites(ObjectStore& store, const DatasetName& dataset);

}  // namespace lakegate
