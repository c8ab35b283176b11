// HTTP/1.1 over aws-c-http: keep-alive pools per origin, TLS that verifies, many requests in flight
// on the CRT's event loop. Nothing of the CRT starts before the first client is made.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

struct HttpOptions {
  std::size_t max_connections = 64;  // per origin; further requests wait in a queue
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds reply_timeout{60'000};      // without a byte in either direction
  std::size_t max_reply_bytes = std::size_t{64} << 20;  // a longer reply is kPermanent
  bool use_proxy = true;  // that HTTP_PROXY and HTTPS_PROXY name, unless NO_PROXY excepts the host
  std::string ca_file;    // PEM, instead of the system's; empty: the system's
};

// Called exactly once, on an event-loop thread: do little there and do not block. An HTTP status
// is a reply, whatever it is; an Error is a request that got none: kRetryable for connections
// refused, reset, closed early or timed out, kPermanent for an unknown host or a certificate that
// does not verify (the message names host and cause).
using HttpCallback = std::function<void(Result<HttpReply>)>;

// Thread-safe. Destroying it fails what is outstanding (kRetryable) and waits for the callbacks.
class HttpClient {
 public:
  static Result<std::shared_ptr<HttpClient>> create(const HttpOptions& options);
  virtual ~HttpClient() = default;

  virtual void send(HttpRequest request, HttpCallback done) = 0;
  Result<HttpReply> send(HttpRequest request);  // waits; never on an event-loop thread
};

}  // namespace lakegate
