// Tells when files under landing/ are completely written: moved in, or closed after writing.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "lake/error.h"
#include "lake/ids.h"

namespace lakegate {

class LandingWatcher {
 public:
  // Watches root/landing (made if absent) and every folder that appears under it (inotify).
  static Result<std::unique_ptr<LandingWatcher>> open(const std::string& root);
  virtual ~LandingWatcher() = default;

  enum class Woken { kSomethingLanded, kTimeout, kInterrupted };
  // Waits until something has landed since the last call, the timeout passes, or interrupt() is
  // called (async-signal-safe). A lost event (queue overflow) counts as something landed.
  virtual Result<Woken> wait(std::chrono::milliseconds timeout) = 0;
  virtual void interrupt() = 0;

  // Whether a writer was seen to begin this object ("landing/a.csv") and not yet to finish it, as
  // of the last wait(): not to be taken up before it is complete.
  virtual bool is_being_written(const ObjectKey& key) const = 0;
};

}  // namespace lakegate
