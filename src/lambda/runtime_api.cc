#include "lambda/runtime_api.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "lake/json_text.h"

namespace lakegate {
namespace {

constexpr std::string_view kRuntime = "/2018-06-01/runtime";

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

HttpRequest post(const RuntimeEndpoint& endpoint, std::string_view path, std::string body) {
  return {.method = "POST",
          .origin = endpoint.origin,
          .target = fmt::format("{}{}{}", endpoint.prefix, kRuntime, path),
          .headers = {{"Content-Type", "application/json"}},
          .body = std::make_shared<const std::string>(std::move(body))};
}

// "InvalidInput" of kInvalidInput: what alarms and retries can tell apart.
std::string_view type_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kRetryable:
      return "Lakegate.Retryable";
    case ErrorKind::kPermanent:
      return "Lakegate.Permanent";
    case ErrorKind::kNotFound:
      return "Lakegate.NotFound";
    case ErrorKind::kConflict:
      return "Lakegate.Conflict";
    case ErrorKind::kInvalidInput:
      return "Lakegate.InvalidInput";
  }
  return "Lakegate.Unknown";
}

HttpRequest failure(const RuntimeEndpoint& endpoint, std::string_view path, const Error& error) {
  using Json = nlohmann::ordered_json;
  const std::string_view type = type_of(error.kind);
  const Json body = {
      {"errorMessage", error.to_string()}, {"errorType", type}, {"stackTrace", Json::array()}};
  HttpRequest request = post(endpoint, path, json_line(body));
  request.headers.push_back({"Lambda-Runtime-Function-Error-Type", std::string(type)});
  return request;
}

}  // namespace

Result<RuntimeEndpoint> runtime_endpoint_from(std::string_view variable) {
  const std::size_t slash = std::min(variable.find('/'), variable.size());
  const std::string_view host_and_port = variable.substr(0, slash);
  const std::size_t colon = host_and_port.rfind(':');
  RuntimeEndpoint endpoint;
  endpoint.origin = {.host = std::string(host_and_port.substr(0, colon)), .port = 80, .tls = false};
  endpoint.prefix = variable.substr(slash);
  while (endpoint.prefix.ends_with('/')) endpoint.prefix.pop_back();
  const bool has_port = colon != std::string_view::npos;
  if (endpoint.origin.host.empty() ||
      (has_port && !parse_number(host_and_port.substr(colon + 1), endpoint.origin.port)))
    return invalid_input(
        fmt::format("AWS_LAMBDA_RUNTIME_API is \"{}\", which is no HOST:PORT", variable));
  return endpoint;
}

HttpRequest next_request(const RuntimeEndpoint& endpoint) {
  return {.method = "GET",
          .origin = endpoint.origin,
          .target = fmt::format("{}{}/invocation/next", endpoint.prefix, kRuntime),
          .headers = {},
          .body = nullptr};
}

HttpRequest response_request(const RuntimeEndpoint& endpoint, std::string_view request_id,
                             std::string body) {
  return post(endpoint, fmt::format("/invocation/{}/response", request_id), std::move(body));
}

HttpRequest error_request(const RuntimeEndpoint& endpoint, std::string_view request_id,
                          const Error& error) {
  return failure(endpoint, fmt::format("/invocation/{}/error", request_id), error);
}

HttpRequest init_error_request(const RuntimeEndpoint& endpoint, const Error& error) {
  return failure(endpoint, "/init/error", error);
}

Result<RuntimeInvocation> invocation_from(HttpReply reply) {
  if (reply.status != 200)
    return fail(ErrorKind::kPermanent,
                fmt::format("the Runtime API answered {} to `next`", reply.status));
  RuntimeInvocation invocation{
      .request_id = std::string(reply.header("Lambda-Runtime-Aws-Request-Id")),
      .event = {},
      .trace_id = std::string(reply.header("Lambda-Runtime-Trace-Id")),
      .deadline = std::nullopt};
  if (invocation.request_id.empty())
    return fail(ErrorKind::kPermanent, "the Runtime API answered `next` without a request id");
  std::int64_t milliseconds = 0;
  const std::string_view deadline = reply.header("Lambda-Runtime-Deadline-Ms");
  if (parse_number(deadline, milliseconds))
    invocation.deadline =
        std::chrono::system_clock::time_point(std::chrono::milliseconds(milliseconds));
  else if (!deadline.empty())
    return fail(ErrorKind::kPermanent,
                fmt::format("the Runtime API gave \"{}\" for a deadline", deadline));
  invocation.event = std::move(reply.body);
  return invocation;
}

}  // namespace lakegate
