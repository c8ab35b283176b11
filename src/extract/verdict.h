// What a reply means for the request it answers: pure decisions.
#pragma once

#include <string>

#include "extract/auth.h"
#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

enum class Verdict {
  kGood,          // 2xx
  kRedirect,      // 301, 302, 303, 307, 308 with a Location
  kBad,           // any other status: this request's failure
  kUnauthorized,  // 401
  kTroubled,      // 408, 425, 5xx: another time it may be good
  kTurnedAway,    // 429, 503: not now
  kTimedOut,      // no reply in time
  kLost,          // no connection, or one that broke
  kHopeless,      // an error that will be the same another time
};

Verdict judge(const Result<HttpReply>& outcome);

// Where a redirect leads, as the browsers have it: 303 becomes a GET, 301 and 302 do for POST. To
// another origin no credentials are sent, and no body. Within the origin what was signed is without
// its signature, and signature_headers says so. kInvalidInput: from https to http, or to what is no
// URL.
struct RedirectRules {
  bool allow_http = false;
};
Result<AuthorizedRequest> redirected(AuthorizedRequest from, const HttpReply& reply,
                                     const RedirectRules& rules);

// "api.example.com answered 404".
std::string describe_status(const HttpRequest& request, int status);

}  // namespace lakegate
