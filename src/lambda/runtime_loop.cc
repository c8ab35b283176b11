#include "lambda/runtime_loop.h"

#include <fmt/format.h>

#include <cstdlib>

namespace lakegate {
namespace {

constexpr int kTooLarge = 413;
constexpr int kBroken =
    500;  // "Container error. Non-recoverable state. Runtime should exit promptly."

// A kept connection may have been closed while the process was frozen: once more on a new one.
struct Sent {
  Result<HttpReply> reply;
  bool again = false;
};
Sent send(HttpClient& client, const HttpRequest& request) {
  Sent sent{client.send(request)};
  if (!sent.reply && sent.reply.error().kind == ErrorKind::kRetryable)
    sent = {client.send(request), true};
  return sent;
}

std::string_view call_of(const HttpRequest& request) {
  return std::string_view(request.target).substr(request.target.rfind('/') + 1);
}

// Posts what became of an invocation; says where it went wrong without the runtime being broken.
Result<std::optional<HttpReply>> post(HttpClient& client, const HttpRequest& request) {
  Sent sent = send(client, request);
  if (!sent.reply) return tl::unexpected<Error>(std::move(sent.reply).error());
  const int status = sent.reply->status;
  if (status >= kBroken)
    return fail(ErrorKind::kPermanent,
                fmt::format("the Runtime API answered {} to `{}`", status, call_of(request)));
  // The first attempt may have arrived though its reply was lost.
  if (status < 300 || sent.again) return std::nullopt;
  return std::move(*sent.reply);
}

Result<void> answer(HttpClient& client, const RuntimeEndpoint& endpoint,
                    const RuntimeFunction& function, const RuntimeInvocation& invocation,
                    Result<std::string> done) {
  if (done) {
    LAKEGATE_TRY(const auto refused,
                 post(client, response_request(endpoint, invocation.request_id, std::move(*done))));
    if (!refused) return {};
    done = fail(ErrorKind::kPermanent,
                refused->status == kTooLarge
                    ? "the answer is larger than Lambda takes (6 MB)"
                    : fmt::format("the Runtime API answered {} to `response`: {}", refused->status,
                                  refused->body.substr(0, 200)));
    function.on_trouble(done.error());
    if (refused->status != kTooLarge) return {};
  }
  LAKEGATE_TRY(const auto refused,
               post(client, error_request(endpoint, invocation.request_id, done.error())));
  if (refused)
    function.on_trouble(
        {ErrorKind::kPermanent, fmt::format("the Runtime API answered {} to `error`: {}",
                                            refused->status, refused->body.substr(0, 200))});
  return {};
}

Result<void> take_one(HttpClient& client, const RuntimeEndpoint& endpoint,
                      const RuntimeFunction& function) {
  LAKEGATE_TRY(HttpReply reply, send(client, next_request(endpoint)).reply);
  LAKEGATE_TRY(const RuntimeInvocation invocation, invocation_from(std::move(reply)));
  // Where the X-Ray SDKs look for it.
  if (invocation.trace_id.empty())
    ::unsetenv("_X_AMZN_TRACE_ID");
  else
    ::setenv("_X_AMZN_TRACE_ID", invocation.trace_id.c_str(), 1);
  return answer(client, endpoint, function, invocation, function.handle(invocation));
}

}  // namespace

HttpOptions runtime_http_options() {
  HttpOptions options;
  options.max_connections = 1;
  options.use_proxy = false;  // the Runtime API is always beside the process
  options.reply_timeout = std::chrono::hours(24 * 365);  // the process is frozen meanwhile
  return options;
}

Error run_loop(HttpClient& client, const RuntimeEndpoint& endpoint,
               const RuntimeFunction& function) {
  for (;;)
    if (auto taken = take_one(client, endpoint, function); !taken) return std::move(taken).error();
}

}  // namespace lakegate
