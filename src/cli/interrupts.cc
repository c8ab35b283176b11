#include "cli/interrupts.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <utility>

#include "stores/stoppable_store.h"

namespace lakegate::cli {
namespace {

// What a signal handler may touch: lock-free atomics and fixed memory.
std::atomic<bool> g_interrupted{false};
std::atomic<int> g_unwinding{0};
std::atomic<LandingWatcher*> g_watcher{nullptr};
struct FileToRemove {
  std::atomic<bool> is_set{false};
  std::array<char, 4096> path{};
};
std::array<FileToRemove, 4> g_files;
static_assert(std::atomic<LandingWatcher*>::is_always_lock_free);

void on_signal(int) {
  const int saved_errno = errno;
  const bool is_first = !g_interrupted.exchange(true);
  if (!is_first || g_unwinding.load() == 0) {
    for (const FileToRemove& file : g_files)
      if (file.is_set.load()) ::unlink(file.path.data());
    ::_exit(kInterruptedCode);
  }
  if (LandingWatcher* watcher = g_watcher.load()) watcher->interrupt();
  errno = saved_errno;
}

}  // namespace

void handle_interrupts() {
  struct sigaction action{};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM}) ::sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &action, nullptr);
}

bool interrupted() {
  return g_interrupted.load(std::memory_order_relaxed);
}

UnwindOnInterrupt::UnwindOnInterrupt() {
  ++g_unwinding;
}

UnwindOnInterrupt::~UnwindOnInterrupt() {
  --g_unwinding;
}

WakeOnInterrupt::WakeOnInterrupt(LandingWatcher& watcher) {
  g_watcher = &watcher;
}

WakeOnInterrupt::~WakeOnInterrupt() {
  g_watcher = nullptr;
}

RemoveOnInterrupt::RemoveOnInterrupt(const std::string& path) {
  for (std::size_t i = 0; i < g_files.size() && path.size() < g_files[i].path.size(); ++i) {
    if (g_files[i].is_set.load()) continue;
    std::memcpy(g_files[i].path.data(), path.c_str(), path.size() + 1);
    g_files[i].is_set = true;
    slot_ = static_cast<int>(i);
    return;
  }
}

RemoveOnInterrupt::~RemoveOnInterrupt() {
  if (slot_ >= 0) g_files[static_cast<std::size_t>(slot_)].is_set = false;
}

std::unique_ptr<ObjectStore> interruptible(std::unique_ptr<ObjectStore> store) {
  return stoppable(std::move(store), []() -> std::optional<Error> {
    if (!interrupted()) return std::nullopt;
    return Error{ErrorKind::kPermanent, "interrupted"};
  });
}

}  // namespace lakegate::cli
