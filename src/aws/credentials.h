// Who this process is to AWS: the standard chain of aws-c-auth's providers.
#pragma once

#include <functional>
#include <memory>

#include "aws/session.h"
#include "aws/signing.h"
#include "lake/error.h"

namespace lakegate {

// Environment; or else the profile's SSO, login, process, keys or role; web identity; the container
// (ECS, EKS); the machine (IMDS). Kept until shortly before they expire. Thread-safe.
class CredentialsSource {
 public:
  static Result<std::unique_ptr<CredentialsSource>> open(const AwsSettings& settings);
  virtual ~CredentialsSource() = default;

  // `done` is called once, on any thread, perhaps before this returns. kPermanent where nothing of
  // the chain has any.
  virtual void get(std::function<void(Result<Credentials>)> done) = 0;
  // A server has said that they expired: they are asked for anew next time.
  virtual void forget() = 0;
};

}  // namespace lakegate
