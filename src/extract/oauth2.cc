#include "extract/oauth2.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "lake/base64.h"
#include "net/uri_encoding.h"
#include "net/url.h"

namespace lakegate {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestReason = 300;

// A text member of the reply, cut and on one line.
std::string text_member(const Json& reply, const char* name) {
  if (!reply.is_object() || !reply.contains(name) || !reply[name].is_string()) return {};
  std::string text = reply[name].get<std::string>().substr(0, kLongestReason);
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return text;
}

std::optional<std::chrono::seconds> lifetime_of(const Json& reply) {
  if (!reply.contains("expires_in")) return std::nullopt;
  const Json& value = reply["expires_in"];
  std::int64_t seconds = 0;
  if (value.is_number()) {
    seconds = static_cast<std::int64_t>(std::clamp(value.get<double>(), 0.0, 1e9));
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    std::from_chars(text.data(), text.data() + text.size(), seconds);
  }
  if (seconds <= 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace

Result<HttpRequest> token_request(const OAuth2Client& client) {
  LAKEGATE_TRY(Url url, parse_url(client.config.token_url));
  std::vector<HttpHeader> form = {{"grant_type", "client_credentials"}};
  if (!client.config.scope.empty()) form.push_back({"scope", client.config.scope});
  if (!client.config.audience.empty()) form.push_back({"audience", client.config.audience});
  HttpRequest request{.method = "POST",
                      .origin = std::move(url.origin),
                      .target = std::move(url.target),
                      .headers = {{"Accept", "application/json"},
                                  {"Content-Type", "application/x-www-form-urlencoded"},
                                  {"User-Agent", "lakegate"}},
                      .body = nullptr};
  if (client.config.credentials_in_body) {
    form.push_back({"client_id", client.id});
    form.push_back({"client_secret", client.secret});
  } else {
    // Both encoded first (RFC 6749, 2.3.1), since a colon parts them.
    request.headers.push_back({"Authorization", "Basic " + base64(uri_encode(client.id) + ":" +
                                                                  uri_encode(client.secret))});
  }
  request.body = std::make_shared<const std::string>(query_string(form));
  return request;
}

Result<Token> token_from(const HttpReply& reply) {
  const Json body = Json::parse(reply.body, nullptr, false);
  if (reply.status / 100 != 2) {
    const bool later = reply.status == 408 || reply.status == 425 || reply.status == 429 ||
                       reply.status / 100 == 5;
    std::string why = text_member(body, "error");
    const std::string description = text_member(body, "error_description");
    if (!description.empty()) why += (why.empty() ? "" : ": ") + description;
    if (why.empty()) why = "without a reason";
    return fail(later ? ErrorKind::kRetryable : ErrorKind::kPermanent,
                fmt::format("was answered with status {} ({}); check client_id, client_secret and "
                            "scope",
                            reply.status, why));
  }
  const auto refuse = [](std::string_view why) {
    return fail(ErrorKind::kPermanent, fmt::format("was answered without a token: {}", why));
  };
  if (!body.is_object()) return refuse("the reply is no JSON object");
  if (!body.contains("access_token") || !body["access_token"].is_string())
    return refuse("the reply has no access_token");
  const std::string type = text_member(body, "token_type");
  if (!type.empty() && !same_header_name(type, "bearer"))
    return refuse(fmt::format("its token_type is {}, and only bearer is known", type));
  Token token{.text = body["access_token"].get<std::string>(), .lifetime = lifetime_of(body)};
  if (token.text.empty() || std::ranges::any_of(token.text, [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
      }))
    return refuse("the access_token cannot stand in a header");
  return token;
}

TokenCache::TokenCache(OAuth2Client client, const AuthServices& services,
                       std::shared_ptr<Redactor> redactor)
    : client_(std::move(client)), services_(services), redactor_(std::move(redactor)) {}

Result<std::string> TokenCache::ask() {
  LAKEGATE_TRY(HttpRequest request, token_request(client_));
  LAKEGATE_TRY(const HttpReply reply, services_.client->send(std::move(request)));
  LAKEGATE_TRY(Token token, token_from(reply));
  redactor_->add(token.text);
  renew_at_.reset();
  if (token.lifetime)
    renew_at_ = services_.now() + *token.lifetime -
                std::min<std::chrono::seconds>(60s, *token.lifetime / 10);
  return std::move(token.text);
}

Result<std::string> TokenCache::get() {
  const std::lock_guard guard(mutex_);
  const Time now = services_.now();
  if (!token_.empty() && (!renew_at_ || now < *renew_at_)) return token_;
  if (failure_ && now < ask_again_at_) return Failure(*failure_);
  auto token = ask();
  if (token) {
    failure_.reset();
    failures_ = 0;
    token_ = std::move(*token);
    return token_;
  }
  token_.clear();
  failure_ = std::move(token).error();
  failure_->message = redactor_->redact(
      fmt::format("the token request to {} {}", client_.config.token_url, failure_->message));
  // 1 s, 2 s … 32 s; what will not change by itself is not asked again in this run.
  constexpr int kMostDoublings = 5;
  ask_again_at_ = services_.now() + (failure_->kind == ErrorKind::kRetryable
                                         ? 1s * (1 << std::min(failures_, kMostDoublings))
                                         : std::chrono::seconds(24h));
  ++failures_;
  return Failure(*failure_);
}

void TokenCache::refused(std::string_view token) {
  constexpr auto kOneMoreEvery = 10s;
  const std::lock_guard guard(mutex_);
  if (token != token_) return;
  const Time now = services_.now();
  if (now - refilled_at_ >= kOneMoreEvery) {
    const auto more = std::min<Time::rep>((now - refilled_at_) / kOneMoreEvery, kMostRenewals);
    renewals_left_ = std::min(kMostRenewals, renewals_left_ + static_cast<int>(more));
    refilled_at_ = now;
  }
  if (renewals_left_ == 0) return;
  --renewals_left_;
  token_.clear();
}

}  // namespace lakegate
