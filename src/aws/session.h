// What a process knows about AWS: region, credentials, endpoints. Started once and lazily: commands
// that do not touch AWS do not pay for it.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/service_client.h"
#include "aws/signing.h"
#include "lake/error.h"
#include "net/http_client.h"

namespace lakegate {

// From the environment and the profile files, as the SDKs read them: AWS_REGION,
// AWS_DEFAULT_REGION, AWS_PROFILE, AWS_CONFIG_FILE, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE>,
// endpoint_url and services sections of a profile, AWS_CA_BUNDLE,
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS.
struct AwsSettings {
  std::string region;  // may be empty: signing for others names its own
  std::string ca_file;
  std::string profile;
  std::map<std::string, std::string, std::less<>> endpoint_urls;  // by service; "" is for all

  // kInvalidInput without a region, naming the ways to set one.
  Result<void> require_region() const;
  // The endpoint configured for a service ("s3", "dynamodb", "sqs", "glue", "events",
  // "lambda", "secretsmanager", "ssm"), else AWS's own for the region and the partition (aws,
  // aws-cn, aws-us-gov).
  Result<HttpOrigin> endpoint(std::string_view service) const;
  // Whether it is configured, and so perhaps not AWS's.
  bool has_own_endpoint(std::string_view service) const;
};

class AwsSession {
 public:
  // Credentials are not asked for yet.
  static Result<std::shared_ptr<AwsSession>> open();
  virtual ~AwsSession() = default;
  virtual const AwsSettings& settings() const = 0;
  // `service` is the name in endpoints and in signatures ("s3", "dynamodb", "glue", "sqs",
  // "events"). kInvalidInput without a region. `origin` overrides the endpoint: S3's virtual-hosted
  // bucket.
  virtual Result<std::shared_ptr<ServiceClient>> service(
      std::string_view service, std::optional<HttpOrigin> origin = std::nullopt) = 0;
  // A request to a server of somebody else's that takes AWS's signatures (API Gateway), signed with
  // this process's credentials. Waits for them: never on an event-loop thread.
  virtual Result<HttpRequest> sign(HttpRequest request, const SigningScope& scope) = 0;
  // For all calls, from now on: what remains of an invocation. When it comes, what is under way
  // ends with a kRetryable Error, and so does every call after it.
  virtual void set_deadline(std::optional<std::chrono::steady_clock::time_point> deadline) = 0;
};

}  // namespace lakegate
