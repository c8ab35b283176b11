#include "extract/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "net/http_client.h"
#include "net/url.h"

namespace lakegate {
namespace {

// Credentials whoever set them.
constexpr std::array<std::string_view, 3> kAlwaysCredentials = {"authorization", "cookie",
                                                                "proxy-authorization"};

bool among(const auto& names, std::string_view name) {
  return std::ranges::any_of(names,
                             [&](std::string_view one) { return same_header_name(one, name); });
}

bool is_redirect(const HttpReply& reply) {
  switch (reply.status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return !reply.header("location").empty();
    default:
      return false;
  }
}

void become_get(HttpRequest& request) {
  request.method = "GET";
  request.body.reset();
  std::erase_if(request.headers, [](const HttpHeader& header) {
    return same_header_name(header.name, "content-type") ||
           same_header_name(header.name, "content-encoding");
  });
}

}  // namespace

Verdict judge(const Result<HttpReply>& outcome) {
  if (!outcome) {
    if (outcome.error().kind != ErrorKind::kRetryable) return Verdict::kHopeless;
    return is_timeout(outcome.error()) ? Verdict::kTimedOut : Verdict::kLost;
  }
  const int status = outcome->status;
  if (status >= 200 && status < 300) return Verdict::kGood;
  if (is_redirect(*outcome)) return Verdict::kRedirect;
  if (status == 401) return Verdict::kUnauthorized;
  if (status == 429 || status == 503) return Verdict::kTurnedAway;
  if (status == 408 || status == 425 || status >= 500) return Verdict::kTroubled;
  return Verdict::kBad;
}

Result<AuthorizedRequest> redirected(AuthorizedRequest from, const HttpReply& reply,
                                     const RedirectRules& rules) {
  HttpRequest& request = from.request;
  const HttpOrigin origin = request.origin;
  auto there = resolve_url({.origin = origin, .target = request.target}, reply.header("location"));
  if (!there)
    return invalid_input(fmt::format("{} redirects to what is no URL: {}", host_header(origin),
                                     there.error().message));
  if (!there->origin.tls && !rules.allow_http)
    return invalid_input(fmt::format(
        "{} redirects to http://{}, and only https is asked; if it is meant, add under source:\n"
        "  allow_http: true",
        host_header(origin), host_header(there->origin)));
  const bool forgets_method =
      reply.status == 303 || ((reply.status == 301 || reply.status == 302) &&
                              request.method != "GET" && request.method != "HEAD");
  if (forgets_method && request.method != "HEAD") become_get(request);
  if (there->origin != origin) {
    if (request.body)
      return invalid_input(fmt::format("{} redirects a {} with a body to {}, another origin",
                                       host_header(origin), request.method,
                                       host_header(there->origin)));
    std::erase_if(request.headers, [&](const HttpHeader& header) {
      return among(from.credential_headers, header.name) ||
             among(kAlwaysCredentials, header.name) || same_header_name(header.name, "host");
    });
    from.credential_headers.clear();
    from.signature_headers.clear();
    there->target = without_secrets(there->target, from.credential_query);
    from.credential_query.clear();
  } else {
    std::erase_if(request.headers, [&](const HttpHeader& header) {
      return among(from.signature_headers, header.name);
    });
    there->target = with_parameters(std::move(there->target), from.credential_query);
  }
  request.origin = std::move(there->origin);
  request.target = std::move(there->target);
  return from;
}

std::string describe_status(const HttpRequest& request, int status) {
  return fmt::format("{} answered {}", host_header(request.origin), status);
}

}  // namespace lakegate
