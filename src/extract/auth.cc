#include "extract/auth.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "extract/oauth2.h"
#include "lake/base64.h"
#include "net/uri_encoding.h"

namespace lakegate {
namespace {

// The target without the parameters ("name=value", "name") that are to be left out.
std::string without_parameters(std::string_view target,
                               const std::function<bool(std::string_view)>& leave_out) {
  const std::size_t query = std::min(target.find('?'), target.size());
  std::string made(target.substr(0, query));
  char before = '?';
  for (std::size_t begin = query + 1; begin <= target.size();) {
    const std::size_t end = std::min(target.find('&', begin), target.size());
    const std::string_view part = target.substr(begin, end - begin);
    if (!part.empty() && !leave_out(part)) made += std::exchange(before, '&') + std::string(part);
    begin = end + 1;
  }
  return made;
}

std::string_view name_of(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

// The target with the parameter, in place of what a link may have had under its name.
std::string with_parameter(std::string_view target, const HttpHeader& parameter) {
  const std::string name = uri_encode(parameter.name);
  std::string made =
      without_parameters(target, [&](std::string_view part) { return name_of(part) == name; });
  made += made.find('?') == std::string::npos ? '?' : '&';
  return made + name + "=" + uri_encode(parameter.value);
}

// "+" is a blank in forms, and itself in what URIs say: either may be what a server writes.
bool is_secret(std::string_view encoded, const std::string& secret) {
  std::string with_blanks(encoded);
  std::ranges::replace(with_blanks, '+', ' ');
  return uri_decode(encoded) == secret || uri_decode(with_blanks) == secret;
}

class SourceAuthorizer : public Authorizer {
 public:
  SourceAuthorizer(HttpOrigin origin, RequestSigner* signer)
      : origin_(std::move(origin)), signer_(signer) {}

  Result<void> read_secrets(const AuthConfig& config, const AuthServices& services,
                            std::shared_ptr<Redactor> redactor) {
    const auto secret = [&](const SecretRef& ref) -> Result<std::string> {
      LAKEGATE_TRY(std::string value, services.secrets->get(ref));
      redactor->add(value);
      return value;
    };
    const auto text_or_secret = [&](const TextOrSecret& from) -> Result<std::string> {
      return from.secret ? secret(*from.secret) : Result<std::string>(from.text);
    };
    if (config.bearer) {
      LAKEGATE_TRY(const std::string token, secret(*config.bearer));
      headers_.push_back({"Authorization", "Bearer " + token});
    }
    if (config.basic) {
      LAKEGATE_TRY(const std::string user, text_or_secret(config.basic->user));
      LAKEGATE_TRY(const std::string password, secret(config.basic->password));
      if (user.find(':') != std::string::npos)
        return invalid_input(
            "the user of auth: {basic: …} has a colon in it, which would part it "
            "from the password");
      const std::string both = base64(user + ":" + password);
      redactor->add(both);
      headers_.push_back({"Authorization", "Basic " + both});
    }
    for (const NamedSecret& header : config.headers) {
      LAKEGATE_TRY(const std::string value, secret(header.secret));
      headers_.push_back({header.name, header.secret.prefix + value});
    }
    for (const NamedSecret& parameter : config.query) {
      LAKEGATE_TRY(std::string value, secret(parameter.secret));
      query_.push_back({parameter.name, std::move(value)});
    }
    if (config.oauth2) {
      OAuth2Client client{.config = *config.oauth2, .id = {}, .secret = {}};
      LAKEGATE_TRY(client.id, text_or_secret(config.oauth2->client_id));
      LAKEGATE_TRY(client.secret, secret(config.oauth2->client_secret));
      redactor->add(base64(uri_encode(client.id) + ":" + uri_encode(client.secret)));
      token_ = std::make_unique<TokenCache>(std::move(client), services, std::move(redactor));
    }
    sigv4_ = config.sigv4;
    if (sigv4_ && signer_ == nullptr)
      return invalid_input("auth: {sigv4: …} needs credentials of AWS, and this process has none");
    if (sigv4_)  // to know now whether there are any, not from the first set on
      LAKEGATE_CHECK(signer_->sign({.method = "GET", .origin = origin_, .target = "/"}, *sigv4_));
    return {};
  }

  Result<AuthorizedRequest> authorize(HttpRequest request) override {
    AuthorizedRequest authorized{.request = std::move(request), .credential_headers = {}};
    if (authorized.request.origin != origin_) {
      authorized.request.target = without_secrets(authorized.request.target, query_);
      return authorized;
    }
    HttpRequest& goes = authorized.request;
    const auto add = [&](HttpHeader header) {
      authorized.credential_headers.push_back(header.name);
      goes.headers.push_back(std::move(header));
    };
    goes.target = with_parameters(std::move(goes.target), query_);
    authorized.credential_query = query_;
    for (const HttpHeader& header : headers_) add(header);
    if (token_) {
      LAKEGATE_TRY(const std::string token, token_->get());
      add({"Authorization", "Bearer " + token});
    }
    return sign(std::move(authorized));
  }

  Result<AuthorizedRequest> sign(AuthorizedRequest request) override {
    if (!sigv4_ || request.request.origin != origin_) return request;
    const std::vector<HttpHeader> before = request.request.headers;
    LAKEGATE_TRY(request.request, signer_->sign(std::move(request.request), *sigv4_));
    request.signature_headers.clear();
    for (const HttpHeader& header : request.request.headers) {
      if (has_header(before, header.name)) continue;
      request.signature_headers.push_back(header.name);
      request.credential_headers.push_back(header.name);
    }
    return request;
  }

  void refused(const HttpRequest& request) override {
    if (!token_) return;
    constexpr std::string_view kScheme = "Bearer ";
    for (const HttpHeader& header : request.headers)
      if (same_header_name(header.name, "authorization") && header.value.starts_with(kScheme))
        token_->refused(std::string_view(header.value).substr(kScheme.size()));
  }

 private:
  HttpOrigin origin_;
  RequestSigner* signer_;
  std::vector<HttpHeader> headers_;
  std::vector<HttpHeader> query_;
  std::unique_ptr<TokenCache> token_;
  std::optional<AuthConfig::SigV4> sigv4_;
};

}  // namespace

std::string with_parameters(std::string target, const std::vector<HttpHeader>& parameters) {
  for (const HttpHeader& parameter : parameters) target = with_parameter(target, parameter);
  return target;
}

std::string without_secrets(std::string_view target, const std::vector<HttpHeader>& secrets) {
  return without_parameters(target, [&](std::string_view part) {
    return std::ranges::any_of(secrets, [&](const HttpHeader& secret) {
      const std::size_t value = std::min(name_of(part).size() + 1, part.size());
      return is_secret(part.substr(value), secret.value);
    });
  });
}

Result<std::unique_ptr<Authorizer>> Authorizer::create(const AuthConfig& config, HttpOrigin origin,
                                                       const AuthServices& services,
                                                       std::shared_ptr<Redactor> redactor) {
  auto made = std::make_unique<SourceAuthorizer>(std::move(origin), services.signer);
  LAKEGATE_CHECK(made->read_secrets(config, services, std::move(redactor)));
  return made;
}

}  // namespace lakegate
