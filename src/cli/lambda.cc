// lakegate lambda: the function on AWS Lambda. Also what the program does without any command where
// AWS_LAMBDA_RUNTIME_API is set, so that it can be the package's bootstrap.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/function.h"
#include "cli/lake_session.h"
#include "lambda/runtime_loop.h"
#include "lambda/secrets.h"

namespace lakegate::cli {
namespace lambda_impl {
namespace {

constexpr std::string_view kDetails =
    "Takes events from the Runtime API of AWS Lambda (provided.al2023) at AWS_LAMBDA_RUNTIME_API,\n"
    "one after another, until the runtime ends the process. LAKEGATE_LAKE names the lake,\n"
    "LAKEGATE_CONFIG or the lake's own lake.yaml describes it. Threads and memory follow from\n"
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE. The log goes to stdout, a line of JSON for each task.\n"
    "`lakegate invoke` does the same with one event from a file.\n";

// The lake is opened by the first event that needs it: from start to the first `next` nothing is
// done that takes time.
class Function {
 public:
  explicit Function(Context& context) : context_(context), secrets_(context.variables) {}

  Result<std::string> handle(const RuntimeInvocation& from) {
    if (!handler_) {
      const auto log = [this](std::string_view line) {
        context_.out.write(line);
        (void)context_.out.flush();
      };
      auto handler = make_handler(context_, {.resources = {}, .as = {}, .log = log});
      if (!handler) return Failure(hidden(std::move(handler).error()));
      handler_ = std::move(*handler);
    }
    Invocation invocation{
        .request_id = from.request_id, .trace_id = from.trace_id, .deadline = std::nullopt};
    if (from.deadline)
      invocation.deadline =
          Deadline::Clock::now() + (*from.deadline - std::chrono::system_clock::now());
    try {
      return handler_->handle(from.event, invocation);
    } catch (const std::bad_alloc&) {
      return fail(ErrorKind::kRetryable,
                  "there is not enough memory; give the function a larger memory size");
    } catch (const std::exception& exception) {
      return Failure(hidden({ErrorKind::kPermanent,
                             fmt::format("unexpected: {}; please report this", exception.what())}));
    }
  }

  Error hidden(Error error) const {
    error.message = secrets_.hidden_in(std::move(error.message));
    return error;
  }

 private:
  Context& context_;
  Secrets secrets_;
  std::unique_ptr<Handler> handler_;
};

Result<int> serve(Context& context) {
  const auto variable = context.variables.find("AWS_LAMBDA_RUNTIME_API");
  if (variable == context.variables.end())
    return invalid_input(
        "AWS_LAMBDA_RUNTIME_API is not set: this command runs on AWS Lambda alone; `lakegate "
        "invoke EVENT.json` does the same here");
  LAKEGATE_TRY(const RuntimeEndpoint endpoint, runtime_endpoint_from(variable->second));
  LAKEGATE_TRY(const auto client, HttpClient::create(runtime_http_options()));
  if (const auto lake = choose_lake(context); !lake) {
    (void)client->send(init_error_request(endpoint, lake.error()));
    return Failure(lake.error());
  }
  Function function(context);
  const Error broken = run_loop(
      *client, endpoint,
      {.handle = [&](const RuntimeInvocation& invocation) { return function.handle(invocation); },
       .on_trouble = [&](const Error& error) { (void)context.failed(function.hidden(error)); }});
  return Failure(function.hidden(broken));
}

Action define(CLI::App&) {
  return [](Context& context) { return serve(context); };
}

}  // namespace
}  // namespace lambda_impl

Command lambda_command() {
  return {.name = "lambda",
          .arguments = "",
          .summary = "The function on AWS Lambda: events from its Runtime API",
          .details = lambda_impl::kDetails,
          .prints_format = false,
          .define = lambda_impl::define};
}

}  // namespace lakegate::cli
