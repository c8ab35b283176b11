#include "stores/s3_client.h"

#include <fmt/format.h>

namespace lakegate {
namespace {

// One arrival takes dozens of calls: with the usual four attempts each, a bad day of the network
// would fail too many of them.
constexpr CallOptions kOptions{.attempts = 6};

}  // namespace

Result<AwsReply> S3Client::ask(AwsRequest request) const {
  return service_->call(std::move(request), kOptions);
}

Result<AwsReply> S3Client::call(AwsRequest request, std::string_view verb,
                                const ObjectKey& key) const {
  auto reply = ask(std::move(request));
  if (!reply) {
    Error error = std::move(reply).error();
    error.message = fmt::format("cannot {} {}: {}", verb, url(key), error.message);
    return Failure(std::move(error));
  }
  if (reply->fault) return Failure(error(*reply->fault, verb, key));
  return reply;
}

void S3Client::send(AwsRequest request, std::function<void(Result<AwsReply>)> done) const {
  service_->call(std::move(request), kOptions, std::move(done));
}

Error S3Client::error(const AwsFault& fault, std::string_view verb, const ObjectKey& key) const {
  return to_error(fault, fmt::format("cannot {} {}", verb, url(key)));
}

}  // namespace lakegate
