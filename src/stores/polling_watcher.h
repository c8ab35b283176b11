#pragma once

#include <memory>

#include "stores/watcher.h"

namespace lakegate {

// For stores that tell nobody when something lands: every wait lasts until its timeout. What is
// listed is complete, because objects appear whole.
Result<std::unique_ptr<LandingWatcher>> make_polling_watcher();

}  // namespace lakegate
