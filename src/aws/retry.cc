#include "aws/retry.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "net/http_date.h"

namespace lakegate {
namespace {

constexpr int kCapacity = 500;
constexpr int kRetryCost = 5;
constexpr int kNoReplyCost = 10;
constexpr auto kLongest = std::chrono::seconds(20);

constexpr std::array<std::string_view, 15> kThrottling = {"Throttling",
                                                          "ThrottlingException",
                                                          "ThrottledException",
                                                          "RequestThrottled",
                                                          "RequestThrottledException",
                                                          "TooManyRequests",
                                                          "SlowDown",
                                                          "TooManyRequestsException",
                                                          "ProvisionedThroughputExceededException",
                                                          "RequestLimitExceeded",
                                                          "BandwidthLimitExceeded",
                                                          "TransactionInProgressException",
                                                          "LimitExceededException",
                                                          "PriorRequestNotComplete",
                                                          "EC2ThrottledException"};
// The last is versitygw's, when a folder goes away between two of its steps.
constexpr std::array<std::string_view, 9> kTransient = {
    "RequestTimeout",      "RequestTimeoutException",    "InternalError",
    "InternalServerError", "ServiceUnavailable",         "ServerBusy",
    "OperationAborted",    "ConditionalRequestConflict", "ExistingObjectIsDirectory"};
constexpr std::array<std::string_view, 3> kClockCodes = {"RequestTimeTooSkewed", "RequestExpired",
                                                         "RequestInTheFuture"};
constexpr std::array<std::string_view, 3> kExpired = {"ExpiredToken", "ExpiredTokenException",
                                                      "TokenRefreshRequired"};

}  // namespace

RetryClass retry_class(const AwsFault& fault) {
  const auto among = [&](const auto& codes) {
    return std::ranges::find(codes, fault.code) != codes.end();
  };
  if (among(kThrottling) || fault.status == 429) return RetryClass::kThrottled;
  if (among(kClockCodes)) return RetryClass::kClock;
  if (among(kExpired)) return RetryClass::kCredentials;
  if (among(kTransient) || fault.status == 500 || fault.status == 502 || fault.status == 503 ||
      fault.status == 504)
    return RetryClass::kTransient;
  return RetryClass::kNo;
}

std::optional<std::chrono::seconds> clock_offset(const HttpReply& reply,
                                                 std::chrono::system_clock::time_point now) {
  const auto theirs = parse_http_date(reply.header("date"));
  if (!theirs) return std::nullopt;
  return *theirs - std::chrono::time_point_cast<std::chrono::seconds>(now);
}

std::chrono::nanoseconds retry_delay(RetryClass why, int failed, double jitter) {
  if (why == RetryClass::kClock || why == RetryClass::kCredentials) return {};
  const std::chrono::duration<double> first = why == RetryClass::kThrottled
                                                  ? std::chrono::milliseconds(1000)
                                                  : std::chrono::milliseconds(100);
  const int doublings = std::clamp(failed - 1, 0, 20);
  const std::chrono::duration<double> longest = std::min<std::chrono::duration<double>>(
      first * static_cast<double>(1 << doublings), kLongest);
  return std::chrono::duration_cast<std::chrono::nanoseconds>(longest * jitter);
}

int RetryQuota::take(bool no_reply) {
  const int cost = no_reply ? kNoReplyCost : kRetryCost;
  const std::lock_guard guard(mutex_);
  if (left_ < cost) return 0;
  left_ -= cost;
  return cost;
}

void RetryQuota::give_back(int taken) {
  const std::lock_guard guard(mutex_);
  left_ = std::min(kCapacity, left_ + std::max(taken, 1));
}

}  // namespace lakegate
