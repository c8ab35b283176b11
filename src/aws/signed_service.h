// The ServiceClient of a session. Its own; others see session.h.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "aws/credentials.h"
#include "aws/retry.h"
#include "aws/session.h"

namespace lakegate {

// The calls of a session that have not ended. What is cut ends with an Error, whatever its server
// does. Thread-safe.
class CallsUnderWay {
 public:
  class Call {
   public:
    virtual ~Call() = default;
    virtual void cut() = 0;  // on the event-loop thread
  };
  void add(const std::shared_ptr<Call>& call);
  void remove(const Call* call);
  void cut_all();  // on the event-loop thread

 private:
  std::mutex mutex_;
  std::unordered_map<const Call*, std::weak_ptr<Call>> calls_;
};

// What the services of a session share.
struct AwsShared {
  AwsSettings settings;
  std::shared_ptr<HttpClient> http;
  std::unique_ptr<CredentialsSource> credentials;
  RetryQuota quota;
  std::atomic<std::chrono::seconds> clock_offset{std::chrono::seconds(0)};
  std::atomic<std::chrono::steady_clock::time_point> deadline{
      std::chrono::steady_clock::time_point::max()};
  CallsUnderWay calls;
};

// Sets it, and cuts the calls that are under way when it comes.
void set_deadline(const std::shared_ptr<AwsShared>& shared,
                  std::chrono::steady_clock::time_point deadline);

std::shared_ptr<ServiceClient> make_signed_service(std::shared_ptr<AwsShared> shared,
                                                   std::string service, HttpOrigin origin);

}  // namespace lakegate
