// SIGINT and SIGTERM: exit code 130 and nothing half-written.
//
// By default the program ends at once, which is safe wherever unfinished files have no name yet.
// Work in a lake asks to be told instead, and unwinds: reading through the wrapped store fails, and
// pending objects drop themselves. A second signal ends the program in any case; whatever a process
// leaves behind then, the next one sweeps.
#pragma once

#include <memory>
#include <string>

#include "stores/object_store.h"
#include "stores/watcher.h"

namespace lakegate::cli {

inline constexpr int kInterruptedCode = 130;

void handle_interrupts();  // once, at the beginning; also ignores SIGPIPE: writing fails instead
bool interrupted();

// While one exists, the first signal is only noted.
class UnwindOnInterrupt {
 public:
  UnwindOnInterrupt();
  ~UnwindOnInterrupt();
  UnwindOnInterrupt(const UnwindOnInterrupt&) = delete;
  UnwindOnInterrupt& operator=(const UnwindOnInterrupt&) = delete;
};

// While one exists, a signal also wakes the watcher.
class WakeOnInterrupt {
 public:
  explicit WakeOnInterrupt(LandingWatcher& watcher);
  ~WakeOnInterrupt();
  WakeOnInterrupt(const WakeOnInterrupt&) = delete;
  WakeOnInterrupt& operator=(const WakeOnInterrupt&) = delete;
};

// While one exists, a signal that ends the program removes the file. At most four at once, from one
// thread.
class RemoveOnInterrupt {
 public:
  explicit RemoveOnInterrupt(const std::string& path);
  ~RemoveOnInterrupt();
  RemoveOnInterrupt(const RemoveOnInterrupt&) = delete;
  RemoveOnInterrupt& operator=(const RemoveOnInterrupt&) = delete;

 private:
  int slot_ = -1;
};

// Reading and writing its objects fails after a signal.
std::unique_ptr<ObjectStore> interruptible(std::unique_ptr<ObjectStore> store);

}  // namespace lakegate::cli
