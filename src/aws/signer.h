// Signs all that one service client sends. What changes from call to call is little: the key that
// is derived from the credentials holds for a day, and the calls of JSON services (DynamoDB, Glue)
// are all of one shape, POST / with two headers. Those are signed here, at a third of what
// aws-c-auth takes for them, which is much where each row is a call; all others by aws-c-auth.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>

#include "aws/signing.h"

namespace lakegate {

// Thread-safe.
class Signer {
 public:
  explicit Signer(SigningScope scope);
  ~Signer();

  // As sign() has it.
  Result<HttpRequest> sign(HttpRequest request, const Credentials& credentials,
                           std::chrono::system_clock::time_point now, PayloadHash payload);

 private:
  struct DayKey;
  std::shared_ptr<const DayKey> key_of(const Credentials& credentials, std::chrono::sys_days day);

  const SigningScope scope_;
  std::mutex mutex_;
  std::shared_ptr<const DayKey> key_;  // of the last call
};

}  // namespace lakegate
