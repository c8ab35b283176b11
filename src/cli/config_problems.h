#pragma once

#include <vector>

#include "config/config.h"
#include "lake/error.h"
#include "stores/object_store.h"

namespace lakegate::cli {

// Where a configuration, right in itself, does not go with what the lake remembers; each names its
// file.
std::vector<Error> problems_of(const ObjectStore& store, const Config& config);

}  // namespace lakegate::cli
