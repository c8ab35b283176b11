#include "extract/pace.h"

#include <charconv>
#include <cmath>

#include "net/http_date.h"

namespace lakegate {

std::chrono::milliseconds RetryBackoff::after(int failures) {
  constexpr int kMostDoublings = 20;
  const int doublings = std::clamp(failures - 1, 0, kMostDoublings);
  const auto longest = std::min<std::chrono::milliseconds>(
      limits_.first * (std::int64_t{1} << doublings), limits_.most);
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(0, longest.count())(random_));
}

std::optional<std::chrono::milliseconds> retry_after(std::string_view header,
                                                     std::chrono::system_clock::time_point now) {
  constexpr std::int64_t kMostSeconds = 100'000'000;  // three years: no overflow below
  std::int64_t seconds = 0;
  const auto read = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (read.ec == std::errc() && read.ptr == header.data() + header.size()) {
    if (seconds < 0) return std::nullopt;
    return std::chrono::seconds(std::min(seconds, kMostSeconds));
  }
  const auto date = parse_http_date(header);
  if (!date) return std::nullopt;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(*date - now);
  return std::max(wait, std::chrono::milliseconds(0));
}

bool RetryBudget::take() {
  if (left_ < 1) return false;
  left_ -= 1;
  return true;
}

void RequestRate::fill(PaceTime now) {
  const double seconds =
      filled_ ? std::chrono::duration<double>(now - *filled_).count() : most() / rate_;
  tokens_ = std::min(most(), tokens_ + seconds * rate_);
  filled_ = now;
}

PaceTime RequestRate::ready_at(PaceTime now) {
  if (rate_ <= 0) return now;
  fill(now);
  constexpr double kWhole = 1 - 1e-9;
  if (tokens_ >= kWhole) return now;
  const std::chrono::duration<double> wait((1 - tokens_) / rate_);
  return now + std::chrono::ceil<std::chrono::nanoseconds>(wait);
}

void AdaptiveConcurrency::succeeded(std::chrono::microseconds first_byte) {
  allowed_ = std::min(most_, allowed_ + std::max(1.0, allowed_ / 16) / allowed_);
  ++replies_;
  sum_ += first_byte;
  if (replies_ >= std::max(kWindow, allowed_)) judge_latency();
}

void AdaptiveConcurrency::judge_latency() {
  // Less than this is noise, and as likely to come from this side.
  constexpr double kTolerated = 100'000;
  constexpr double kForgotten = 1.02;
  const double mean = static_cast<double>(sum_.count()) / replies_;
  replies_ = 0;
  sum_ = {};
  if (!usual_) {
    usual_ = mean;
    return;
  }
  if (mean > 2 * *usual_ + kTolerated) {
    // Not down to one: where it is not this program that makes the server slow, slowing down more
    // and more would not help it.
    const double floor = std::min(allowed_, std::max(1.0, most_ / 8));
    allowed_ = std::max(floor, allowed_ * 0.8);
  }
  usual_ = std::min(*usual_ * kForgotten, mean);
}

void AdaptiveConcurrency::overloaded(PaceTime sent, PaceTime now) {
  if (cut_ && sent <= *cut_) return;
  cut_ = now;
  allowed_ = std::max(1.0, allowed_ / 2);
}

void Availability::refused(PaceTime sent, PaceTime now) {
  ++in_a_row_;
  // What was on its way when it was last left alone says nothing new.
  if (!is_down() || sent <= held_at_) return;
  ++waits_so_far_;
  // Half of it for certain: with full jitter a single request may come at once.
  const auto longest = std::min<std::chrono::milliseconds>(
      kFirstWait * (std::int64_t{1} << std::min(waits_so_far_ - 1, 10)), kLongestWait);
  hold(now + longest / 2 + waits_.after(waits_so_far_) / 2);
  held_at_ = now;
}

void Availability::throttled(PaceTime sent, PaceTime now) {
  if (sent <= throttled_at_) return;
  throttled_at_ = now;
  refused(sent, now);
}

void ServerPace::came_through(std::chrono::microseconds first_byte) {
  --in_flight_;
  availability_.came_through();
  concurrency_.succeeded(first_byte);
}

void ServerPace::failed() {
  --in_flight_;
  availability_.came_through();
}

void ServerPace::timed_out(PaceTime sent, PaceTime now) {
  --in_flight_;
  concurrency_.overloaded(sent, now);
}

void ServerPace::lost(PaceTime sent, PaceTime now) {
  --in_flight_;
  availability_.refused(sent, now);
}

void ServerPace::turned_away(PaceTime sent, PaceTime now) {
  --in_flight_;
  concurrency_.overloaded(sent, now);
  availability_.refused(sent, now);
}

void ServerPace::throttled(PaceTime sent, PaceTime now,
                           std::optional<std::chrono::milliseconds> come_back) {
  --in_flight_;
  concurrency_.overloaded(sent, now);
  availability_.throttled(sent, now);
  if (come_back) availability_.hold(now + *come_back);
}

}  // namespace lakegate
