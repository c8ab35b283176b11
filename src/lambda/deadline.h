// The time that an invocation has left.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "lake/error.h"

namespace lakegate {

struct Margins {
  std::chrono::milliseconds to_begin{10'000};  // less left: nothing new is begun
  std::chrono::milliseconds to_stop{4'000};    // less left: what is going on is given up
};

// Set by one thread before the work begins, asked by any.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(Margins margins = {}) : margins_(margins) {}

  void set(std::optional<Clock::time_point> at) {
    at_ = at ? at->time_since_epoch().count() : kNever;
  }
  // When what is going on is given up; nothing: never.
  std::optional<Clock::time_point> stop_at() const {
    const Clock::rep at = at_;
    if (at == kNever) return std::nullopt;
    return Clock::time_point(Clock::duration(at)) - margins_.to_stop;
  }
  bool may_begin() const { return has(margins_.to_begin); }
  // Why work must stop, kRetryable; or nothing.
  std::optional<Error> must_stop() const {
    if (has(margins_.to_stop)) return std::nullopt;
    return Error{ErrorKind::kRetryable,
                 "stopped before the function's time was over; nothing was published. Give the "
                 "function more time or memory if this comes again"};
  }

 private:
  static constexpr Clock::rep kNever = Clock::time_point::max().time_since_epoch().count();

  bool has(std::chrono::milliseconds left) const {
    const Clock::rep at = at_;
    if (at == kNever) return true;
    return Clock::now() + left <= Clock::time_point(Clock::duration(at));
  }

  Margins margins_;
  std::atomic<Clock::rep> at_{kNever};
};

}  // namespace lakegate
