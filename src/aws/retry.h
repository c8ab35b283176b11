// When to try again, and when not: decisions only, no clock and no I/O. The rules of the SDKs'
// "standard" mode: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#pragma once

#include <chrono>
#include <mutex>

#include "aws/service_client.h"

namespace lakegate {

enum class RetryClass {
  kNo,
  kTransient,    // the server or the way to it
  kThrottled,    // too many, too fast
  kClock,        // the request's date is not the server's: sign again by the server's clock
  kCredentials,  // they have expired: get new ones
};

RetryClass retry_class(const AwsFault& fault);

// The server's clock as its Date header has it, minus this machine's. Nothing without the header.
std::optional<std::chrono::seconds> clock_offset(const HttpReply& reply,
                                                 std::chrono::system_clock::time_point now);

// How long to wait before the attempt that follows `failed` failed ones: `jitter` in [0, 1) of
// 100 ms (a second when throttled) doubled with each, at most 20 s. New clocks and credentials do
// not wait.
std::chrono::nanoseconds retry_delay(RetryClass why, int failed, double jitter);

// Retries cost, successes pay back: when a service is down for everybody, callers stop hammering.
// Thread-safe.
class RetryQuota {
 public:
  // What an attempt must bring along; 0 where the purse does not hold it.
  int take(bool no_reply);
  void give_back(int taken);  // a success: its own cost, or a little where it cost nothing

 private:
  std::mutex mutex_;
  int left_ = 500;
};

}  // namespace lakegate
