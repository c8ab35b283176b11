// The token of OAuth 2.0 client credentials (RFC 6749, 4.4), had when needed and kept.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "config/source.h"
#include "extract/auth.h"
#include "extract/secrets.h"
#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

struct OAuth2Client {
  AuthConfig::OAuth2 config;
  std::string id, secret;
};

// The request for a token, and the reply to it. Pure.
Result<HttpRequest> token_request(const OAuth2Client& client);
struct Token {
  std::string text;
  std::optional<std::chrono::seconds> lifetime;  // nothing: until it is refused
};
// kRetryable: the server may answer otherwise later. No message has the reply's text in it but what
// the specification calls `error` and `error_description`.
Result<Token> token_from(const HttpReply& reply);

// Thread-safe. One token at a time; whoever comes while it is being asked for waits.
class TokenCache {
 public:
  TokenCache(OAuth2Client client, const AuthServices& services, std::shared_ptr<Redactor> redactor);

  // Renewed a little before it ends. After a failure the same error is given for a while without
  // asking: thousands of requests must not each wait for a server that is down.
  Result<std::string> get();
  // A server refused `token`: if it is the one kept, it is forgotten. Tokens may hold for a few
  // requests only, so that this may be often; but a server that takes none of them must not lead to
  // as many token requests as there are refusals: ten in a row, then one every ten seconds.
  void refused(std::string_view token);

 private:
  using Time = std::chrono::steady_clock::time_point;

  Result<std::string> ask();

  OAuth2Client client_;
  AuthServices services_;
  std::shared_ptr<Redactor> redactor_;
  std::mutex mutex_;
  std::string token_;  // empty: none
  std::optional<Time> renew_at_;
  std::optional<Error> failure_;
  Time ask_again_at_;
  int failures_ = 0;  // in a row
  static constexpr int kMostRenewals = 10;
  int renewals_left_ = kMostRenewals;  // of refused tokens
  Time refilled_at_{};
};

}  // namespace lakegate
