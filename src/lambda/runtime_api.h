// AWS Lambda's Runtime API as values: requests to send and replies to read. No I/O.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

// Where the Runtime API is: what AWS_LAMBDA_RUNTIME_API says, "127.0.0.1:9001". Emulators put a
// path behind it, "127.0.0.1:9000/.rt/name", that all requests begin with.
struct RuntimeEndpoint {
  HttpOrigin origin;
  std::string prefix;  // "" or "/.rt/name"
};
Result<RuntimeEndpoint> runtime_endpoint_from(std::string_view variable);

// What `next` brought.
struct RuntimeInvocation {
  std::string request_id;
  std::string event;
  std::string trace_id;  // for _X_AMZN_TRACE_ID; may be empty
  std::optional<std::chrono::system_clock::time_point> deadline;
};

HttpRequest next_request(const RuntimeEndpoint& endpoint);
HttpRequest response_request(const RuntimeEndpoint& endpoint, std::string_view request_id,
                             std::string body);
HttpRequest error_request(const RuntimeEndpoint& endpoint, std::string_view request_id,
                          const Error& error);
HttpRequest init_error_request(const RuntimeEndpoint& endpoint, const Error& error);

// kPermanent where the runtime is broken: any status but 200, no request id.
Result<RuntimeInvocation> invocation_from(HttpReply reply);

}  // namespace lakegate
