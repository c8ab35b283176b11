// A store in memory, for tests: objects, a clock of its own that ticks one second per write, and no
// versions (like a bucket without versioning, whose ETag is the content's SHA-256).
#pragma once

#include <memory>

#include "stores/object_store.h"

namespace lakegate {

std::unique_ptr<ObjectStore> make_memory_store();

}  // namespace lakegate
