#include "extract/inbox.h"

#include "extract/engine.h"

namespace lakegate {

bool Inbox::put(ArrivedReply arrival) {
  const std::lock_guard guard(mutex_);
  if (is_closed_) {
    discard(arrival);
    return false;
  }
  arrivals_.push_back(std::move(arrival));
  return std::exchange(somebody_waits_, false);
}

void Inbox::take(std::vector<ArrivedReply>& arrivals, EngineClock& clock,
                 std::chrono::steady_clock::time_point until) {
  arrivals.clear();
  std::unique_lock lock(mutex_);
  if (arrivals_.empty() && until > clock.now()) {
    somebody_waits_ = true;
    clock.wait(lock, woken_, until);
    somebody_waits_ = false;
  }
  arrivals.swap(arrivals_);
}

void Inbox::close() {
  const std::lock_guard guard(mutex_);
  is_closed_ = true;
  for (const ArrivedReply& arrival : arrivals_) discard(arrival);
  arrivals_.clear();
}

void Inbox::discard(const ArrivedReply& arrival) {
  if (memory_ && arrival.outcome) memory_->give_back(arrival.outcome->body.size());
}

}  // namespace lakegate
