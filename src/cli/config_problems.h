#pragma once

#include <vector>

#include "config/config.h"
#include "lake/error.h"
#include "stores/object_store.h"

namespace lakegate::cli {

// Where a configuration, right in itself, does not go with what the lake remembers (kInvalidInput;
// each names its file), and why the lake could not be asked.
std::vector<Error> problems_of(const ObjectStore& store, const Config& config);

// 2 for a wrong configuration, 1 where it is only that the lake could not be asked.
int exit_code_of(const std::vector<Error>& problems);

}  // namespace lakegate::cli
