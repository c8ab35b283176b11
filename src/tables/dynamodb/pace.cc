#include "tables/dynamodb/pace.h"

#include <algorithm>

namespace lakegate::dynamodb {

void Concurrency::succeeded() {
  allowed_ = std::min(most_, allowed_ + (has_been_throttled_ ? 1 / allowed_ : 1));
}

void Concurrency::throttled(Clock::time_point sent, Clock::time_point now) {
  if (has_been_throttled_ && sent <= halved_) return;
  has_been_throttled_ = true;
  halved_ = now;
  allowed_ = std::max(1.0, allowed_ / 2);
}

Clock::time_point UnitBudget::ready_at(Clock::time_point now) {
  if (!is_limited()) return now;
  const std::chrono::duration<double> passed = now - filled_;
  if (passed.count() > 0) {
    units_ = std::min(rate_, units_ + rate_ * passed.count());
    filled_ = now;
  }
  if (units_ > 0) return now;
  const std::chrono::duration<double> wait(-units_ / rate_ + 1e-6);
  return now + std::chrono::ceil<Clock::duration>(wait);
}

std::chrono::microseconds Backoff::after(int failures) {
  const std::chrono::microseconds first = limits_.first, most = limits_.most;
  const int doublings = std::min(failures - 1, 30);
  const auto longest = std::min<std::int64_t>(most.count(), first.count() << doublings);
  return std::chrono::microseconds(
      std::uniform_int_distribution<std::int64_t>(0, longest)(random_));
}

}  // namespace lakegate::dynamodb
