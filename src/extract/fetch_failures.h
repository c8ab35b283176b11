// What failed in a fetch, and has had no answer since.
#pragma once

#include <cstddef>
#include <vector>

#include "extract/plan.h"
#include "lake/error.h"
#include "stores/object_store.h"

namespace lakegate {

// The sets of a plan that failed in the slices that were asked, without those that a finished fetch
// of its failures, or of theirs, has had answers to. By index in the plan, ascending.
Result<std::vector<std::size_t>> unanswered_sets(const ObjectStore& store, const Plan& plan);

}  // namespace lakegate
