// The ServiceClient of a session. Its own; others see session.h.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "aws/credentials.h"
#include "aws/retry.h"
#include "aws/session.h"

namespace lakegate {

// What the services of a session share.
struct AwsShared {
  AwsSettings settings;
  std::shared_ptr<HttpClient> http;
  std::unique_ptr<CredentialsSource> credentials;
  RetryQuota quota;
  std::atomic<std::chrono::seconds> clock_offset{std::chrono::seconds(0)};
  std::atomic<std::chrono::steady_clock::time_point> deadline{
      std::chrono::steady_clock::time_point::max()};
};

std::shared_ptr<ServiceClient> make_signed_service(std::shared_ptr<AwsShared> shared,
                                                   std::string service, HttpOrigin origin);

}  // namespace lakegate
