// How fast to write: how many requests at once, how many write units a second, how long to wait
// after a refusal. No clock and no I/O: time comes in.
#pragma once

#include <chrono>
#include <cstddef>
#include <random>

namespace lakegate::dynamodb {

using Clock = std::chrono::steady_clock;

// Requests in flight: doubled a round trip until the table throttles for the first time, then one
// more a round trip, and halved when it throttles again (AIMD, as TCP does, RFC 5681).
class Concurrency {
 public:
  struct Limits {
    std::size_t first = 8;
    std::size_t most = 64;  // the connections of one origin (HttpOptions)
  };
  explicit Concurrency(const Limits& limits)
      : most_(static_cast<double>(limits.most)),
        allowed_(static_cast<double>(std::min(limits.first, limits.most))) {}

  std::size_t allowed() const { return static_cast<std::size_t>(allowed_); }
  void succeeded();
  // Requests sent before the last halving say nothing new.
  void throttled(Clock::time_point sent, Clock::time_point now);

 private:
  double most_;
  double allowed_;
  bool has_been_throttled_ = false;
  Clock::time_point halved_{};
};

// A token bucket of write units; holds at most one second of them. A rate of 0 has no limit.
class UnitBudget {
 public:
  UnitBudget(double units_a_second, Clock::time_point now)
      : rate_(units_a_second), units_(units_a_second), filled_(now) {}

  bool is_limited() const { return rate_ > 0; }
  // When the next request may be sent: not after `now` if at once.
  Clock::time_point ready_at(Clock::time_point now);
  void take(double units) { units_ -= units; }  // may leave a debt, which is waited for

 private:
  double rate_;
  double units_;
  Clock::time_point filled_;
};

// Exponential backoff with full jitter:
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
class Backoff {
 public:
  struct Limits {
    std::chrono::milliseconds first{25};
    std::chrono::milliseconds most{20'000};
  };
  Backoff(const Limits& limits, std::uint64_t seed) : limits_(limits), random_(seed) {}
  // `failures`: how often the request has failed, from 1.
  std::chrono::microseconds after(int failures);

 private:
  Limits limits_;
  std::mt19937_64 random_;
};

}  // namespace lakegate::dynamodb
