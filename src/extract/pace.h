// How fast to ask: how many requests at once, how many a second, when to try again, when a server
// is to be left alone for a while. No clock and no I/O: time comes in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string_view>

namespace lakegate {

using PaceTime = std::chrono::steady_clock::time_point;

// Exponential, capped, with full jitter:
// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
class RetryBackoff {
 public:
  struct Limits {
    std::chrono::milliseconds first{250};
    std::chrono::milliseconds most{20'000};
  };
  RetryBackoff(const Limits& limits, std::uint64_t seed) : limits_(limits), random_(seed) {}
  // `failures`: how often it has failed, from 1. Anything from nothing to the whole wait.
  std::chrono::milliseconds after(int failures);

 private:
  Limits limits_;
  std::mt19937_64 random_;
};

// Retry-After, as seconds or as a date; nothing where it is neither, or absent.
std::optional<std::chrono::milliseconds> retry_after(std::string_view header,
                                                     std::chrono::system_clock::time_point now);

// Retries as a share of the requests, so that a server which fails at everything is asked a little
// more than once each. The first requests have some to begin with.
class RetryBudget {
 public:
  RetryBudget(double share, std::size_t to_begin_with)
      : share_(share), left_(static_cast<double>(to_begin_with)) {}
  void asked() { left_ += share_; }
  void recalled() { left_ -= share_; }
  bool take();  // false: it is spent

 private:
  double share_;
  double left_;
};

// A token bucket; a rate of 0 has no limit. Holds a tenth of a second's tokens, at least one.
class RequestRate {
 public:
  explicit RequestRate(double per_second) : rate_(per_second) {}
  // When the next request may be sent: not after `now` if at once.
  PaceTime ready_at(PaceTime now);
  void sent() {
    if (rate_ > 0) tokens_ -= 1;
  }

 private:
  void fill(PaceTime now);
  double most() const { return std::max(1.0, rate_ / 10); }

  double rate_;
  double tokens_ = 0;
  std::optional<PaceTime> filled_;
};

// How many requests one server gets at once (AIMD): all that may be, until it shows that this is
// too much (it says 429, does not answer in time, or takes longer than it used to); less then, and
// a sixteenth more a round trip.
class AdaptiveConcurrency {
 public:
  explicit AdaptiveConcurrency(std::size_t most)
      : most_(static_cast<double>(std::max<std::size_t>(most, 1))), allowed_(most_) {}

  std::size_t allowed() const { return static_cast<std::size_t>(allowed_); }
  bool is_cut() const { return allowed_ < most_; }
  void succeeded(std::chrono::microseconds first_byte);
  // Requests sent before the last cut say nothing new.
  void overloaded(PaceTime sent, PaceTime now);

 private:
  // Latencies are judged by the mean of so many replies, or of a round of them.
  static constexpr double kWindow = 64;
  void judge_latency();

  double most_;
  double allowed_;
  std::optional<PaceTime> cut_;
  double replies_ = 0;               // of the window
  std::chrono::microseconds sum_{};  // of their latencies
  std::optional<double> usual_;      // microseconds: the lowest mean, slowly forgotten
};

// Whether a server is there at all. When it has refused several requests in a row (no connection,
// 429, 503), and none has come through, it is left alone, longer each time, and then gets a single
// request, until one comes through.
class Availability {
 public:
  explicit Availability(std::uint64_t seed) : waits_({kFirstWait, kLongestWait}, seed) {}

  // Nothing is to be sent before; not after `now` if at once.
  PaceTime ready_at() const { return held_until_; }
  bool is_down() const { return in_a_row_ >= kInARow; }
  void came_through() { in_a_row_ = waits_so_far_ = 0; }
  void refused(PaceTime sent, PaceTime now);
  // 429, which many requests at once may get: those of one round trip count as one refusal.
  void throttled(PaceTime sent, PaceTime now);
  // It said itself when to come back.
  void hold(PaceTime until) { held_until_ = std::max(held_until_, until); }

 private:
  static constexpr int kInARow = 8;
  static constexpr std::chrono::milliseconds kFirstWait{200};
  static constexpr std::chrono::milliseconds kLongestWait{4'000};

  RetryBackoff waits_;
  int in_a_row_ = 0;
  int waits_so_far_ = 0;
  PaceTime held_until_{};
  PaceTime held_at_{};
  PaceTime throttled_at_{};
};

// All of it for one server.
class ServerPace {
 public:
  struct Limits {
    std::size_t concurrency = 1;
    std::size_t ahead = 0;  // besides, as long as all of that is allowed
    double requests_per_second = 0;
  };
  ServerPace(const Limits& limits, std::uint64_t seed)
      : concurrency_(limits.concurrency),
        ahead_(limits.ahead),
        rate_(limits.requests_per_second),
        availability_(seed) {}

  // Whether there is a place for one more; when, says ready_at.
  bool has_room() const {
    if (availability_.is_down()) return in_flight_ < 1;
    return in_flight_ < concurrency_.allowed() + (concurrency_.is_cut() ? 0 : ahead_);
  }
  PaceTime ready_at(PaceTime now) {
    return std::max(rate_.ready_at(now), availability_.ready_at());
  }
  bool is_down() const { return availability_.is_down(); }
  std::size_t in_flight() const { return in_flight_; }
  std::size_t allowed() const { return concurrency_.allowed(); }

  void sent() {
    rate_.sent();
    ++in_flight_;
  }
  // Each request that was sent ends as one of these.
  void came_through(std::chrono::microseconds first_byte);
  void recalled() { --in_flight_; }  // it was not sent after all
  void failed();  // a reply that is an error of its own: it is there, and that is all
  void timed_out(PaceTime sent, PaceTime now);
  void lost(PaceTime sent, PaceTime now);         // no connection, or one that broke
  void turned_away(PaceTime sent, PaceTime now);  // 503
  // 429. `come_back`: what it said about when.
  void throttled(PaceTime sent, PaceTime now, std::optional<std::chrono::milliseconds> come_back);

 private:
  AdaptiveConcurrency concurrency_;
  std::size_t ahead_;
  RequestRate rate_;
  Availability availability_;
  std::size_t in_flight_ = 0;
};

}  // namespace lakegate
