#include "stores/polling_watcher.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "formats/file_descriptor.h"

namespace lakegate {
namespace {

using Clock = std::chrono::steady_clock;

class PollingWatcher : public LandingWatcher {
 public:
  explicit PollingWatcher(FileDescriptor interrupts) : interrupts_(std::move(interrupts)) {}

  Result<Woken> wait(std::chrono::milliseconds timeout) override {
    const Clock::time_point end = Clock::now() + timeout;
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
      pollfd waiting{.fd = interrupts_.get(), .events = POLLIN, .revents = 0};
      const int ready =
          ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
      if (ready < 0 && errno != EINTR) return system_failure(errno, "wait for", "the next look");
      if (ready > 0) {
        std::uint64_t interrupts = 0;
        [[maybe_unused]] const ssize_t count =
            ::read(interrupts_.get(), &interrupts, sizeof interrupts);
        return Woken::kInterrupted;
      }
      if (Clock::now() >= end) return Woken::kTimeout;
    }
  }
  void interrupt() override {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(interrupts_.get(), &one, sizeof one);
  }
  bool is_being_written(const ObjectKey& /*key*/) const override { return false; }

 private:
  FileDescriptor interrupts_;
};

}  // namespace

Result<std::unique_ptr<LandingWatcher>> make_polling_watcher() {
  FileDescriptor interrupts(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!interrupts) return system_failure(errno, "make", "an event descriptor");
  return std::make_unique<PollingWatcher>(std::move(interrupts));
}

}  // namespace lakegate
