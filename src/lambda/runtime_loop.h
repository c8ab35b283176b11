// The loop of a function on provided.al2023: take an event, answer it, take the next.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "lake/error.h"
#include "lambda/runtime_api.h"
#include "net/http_client.h"

namespace lakegate {

struct RuntimeFunction {
  // The answer as JSON, or an Error, which becomes the invocation's; the loop goes on after it.
  std::function<Result<std::string>(const RuntimeInvocation&)> handle;
  // Told of what is no invocation's error: an answer that the runtime would not take.
  std::function<void(const Error&)> on_trouble;
};

// For the client: one connection, kept, on which `next` may wait for ever.
HttpOptions runtime_http_options();

// Returns only when the runtime is broken: it cannot be reached, or answers what it never should.
Error run_loop(HttpClient& client, const RuntimeEndpoint& endpoint,
               const RuntimeFunction& function);

}  // namespace lakegate
