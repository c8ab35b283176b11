// Credentials on requests.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/source.h"
#include "extract/secrets.h"
#include "lake/error.h"
#include "net/http.h"
#include "net/http_client.h"

namespace lakegate {

// Signs for AWS with what credentials the process has; made where adapters are named.
class RequestSigner {
 public:
  virtual ~RequestSigner() = default;
  virtual Result<HttpRequest> sign(HttpRequest request, const AuthConfig::SigV4& scope) = 0;
};

// A request as it goes on the wire.
struct AuthorizedRequest {
  HttpRequest request;
  // Names of the headers that are credentials: not for another origin than the request's.
  std::vector<std::string> credential_headers;
  // And parameters of its query: servers write them back into links.
  std::vector<HttpHeader> credential_query;
  // Names of the headers that its signature brought, which is of this very request: another target
  // wants another one.
  std::vector<std::string> signature_headers;
};

// The target with these parameters, in place of what it may have under their names.
std::string with_parameters(std::string target, const std::vector<HttpHeader>& parameters);
// The target without those of its parameters that are these secrets, encoded in whatever way.
std::string without_secrets(std::string_view target, const std::vector<HttpHeader>& secrets);

// What an Authorizer talks to. All outlive it; null where the configuration does not need it:
// `client` for oauth2, `signer` for sigv4.
struct AuthServices {
  SecretSource* secrets = nullptr;
  HttpClient* client = nullptr;
  RequestSigner* signer = nullptr;
  std::function<std::chrono::steady_clock::time_point()> now = [] {
    return std::chrono::steady_clock::now();
  };
};

// Thread-safe.
class Authorizer {
 public:
  // Reads the secrets, and so finds out before the first request what is missing. The token of
  // oauth2 is asked for when first needed. `origin` is the one that credentials are for; every
  // secret, tokens too, is told to `redactor`.
  static Result<std::unique_ptr<Authorizer>> create(const AuthConfig& config, HttpOrigin origin,
                                                    const AuthServices& services,
                                                    std::shared_ptr<Redactor> redactor);
  virtual ~Authorizer() = default;

  // With credentials, if it goes to the origin; else as it was. May wait for a token: not on an
  // event-loop thread. Only https, unless the origin itself is http. An Error is kRetryable where a
  // token may be had later.
  virtual Result<AuthorizedRequest> authorize(HttpRequest request) = 0;
  // With a signature, if requests are signed and it goes to the origin. `request` has none.
  virtual Result<AuthorizedRequest> sign(AuthorizedRequest request) = 0;
  // A server refused it (401): the next request gets a new token. Does nothing for other kinds, and
  // for requests that had an older token than today's.
  virtual void refused(const HttpRequest& request) = 0;
};

}  // namespace lakegate
