// A store that fails its readers and writers once work is to stop: an interrupted program, a
// function whose time is running out. What is pending then drops itself, and nothing is
// half-written.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "lake/error.h"
#include "stores/object_store.h"

namespace lakegate {

// Asked often and from any thread: why work must stop, or nothing.
using StopReason = std::function<std::optional<Error>()>;

// Content is neither read nor written any more after `stop` gives a reason. Small records may still
// be put and sealed objects published: whoever has got so far had better finish.
std::unique_ptr<ObjectStore> stoppable(std::unique_ptr<ObjectStore> store, StopReason stop);

}  // namespace lakegate
