#include "lambda/invoke_again.h"

#include <fmt/format.h>

#include <memory>

#include "net/uri_encoding.h"

namespace lakegate {

AwsRequest invoke_request(const std::string& function, const std::string& event) {
  return {.method = "POST",
          .path = fmt::format("/2015-03-31/functions/{}/invocations", uri_encode(function)),
          .query = {},
          .headers = {{"Content-Type", "application/json"}, {"X-Amz-Invocation-Type", "Event"}},
          .body = std::make_shared<const std::string>(event)};
}

Result<void> invoke_again(ServiceClient& lambda, const std::string& function,
                          const std::string& event) {
  LAKEGATE_TRY(const AwsReply reply, lambda.call(invoke_request(function, event)));
  if (reply.fault)
    return Failure(to_error(*reply.fault, fmt::format("invoke the function {} again", function)));
  return {};
}

}  // namespace lakegate
