// HTTP/1.1 and HTTP/2 over aws-c-http: keep-alive pools per origin, TLS that verifies, many
// requests in flight on the CRT's event loop. Nothing of the CRT starts before the first client is
// made.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lake/error.h"
#include "net/address_policy.h"
#include "net/http.h"
#include "net/reply_memory.h"

namespace lakegate {

struct HttpOptions {
  std::size_t max_connections = 64;  // per origin; further requests wait in a queue
  // Requests at once, to whatever origins; further ones wait, by their order, and are sent as soon
  // as others have ended, before whoever made them hears of it. The last place is only for the
  // first in line at `memory`, which all others may come to wait for.
  std::size_t max_in_flight = SIZE_MAX;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds reply_timeout{60'000};      // without a byte in either direction
  std::size_t max_reply_bytes = std::size_t{64} << 20;  // a longer reply is kPermanent
  bool use_proxy = true;  // that HTTP_PROXY and HTTPS_PROXY name, unless NO_PROXY excepts the host
  std::string ca_file;    // PEM, instead of the system's; empty: the system's
  bool keep_system_cas = false;              // trust `ca_file` besides the system's
  std::string ca_setting = "AWS_CA_BUNDLE";  // what messages say names `ca_file`

  // What follows is for servers that nobody vouches for.
  bool http2 = false;  // offered to servers of https, which may choose it
  // Which addresses may be connected to; none: all. Refused ones are kInvalidInput. What a proxy
  // connects to is not seen here.
  std::optional<AddressPolicy> addresses;
  std::string first_host;  // looked up while the client is made; empty: none
  // From sending to the first header, and to the end of the body; 0: only reply_timeout counts.
  // Time that a reply waits for memory is not counted.
  std::chrono::milliseconds first_byte_timeout{0};
  std::chrono::milliseconds total_timeout{0};
  // What messages say sets these three; empty: nothing.
  std::string first_byte_setting, total_setting, max_reply_setting;
  // Asks for gzip and zstd, and gives bodies as they were before; max_reply_bytes is for both.
  bool decode = false;
  // A 2xx reply of HTTP/1 that says neither how long it is nor comes in chunks ends with its
  // connection (RFC 9112, section 6.3); the CRT reads no body then. True: it is kPermanent instead
  // of a reply without a body.
  bool refuses_unframed = false;
  // Takes the bytes of every body, which whoever gets a reply gives back; those of failures are
  // given back here. When it is spent, only the first in line reads on. None: no bound.
  std::shared_ptr<ReplyMemory> memory;
};

// Called exactly once, on an event-loop thread: do little there and do not block. An HTTP status
// is a reply, whatever it is; an Error is a request that got none: kRetryable for connections
// refused, reset, closed early or timed out, kPermanent for an unknown host or a certificate that
// does not verify (the message names host and cause), kInvalidInput for a refused address.
using HttpCallback = std::function<void(Result<HttpReply>)>;

// Whether that was for want of time, once there was a connection.
bool is_timeout(const Error& error);
// Whether it was never sent, because of HttpClient::recall.
bool is_recalled(const Error& error);

// Thread-safe. Destroying it fails what is outstanding (kRetryable) and waits for the callbacks.
class HttpClient {
 public:
  static Result<std::shared_ptr<HttpClient>> create(const HttpOptions& options);
  virtual ~HttpClient() = default;

  virtual void send(HttpRequest request, HttpCallback done) = 0;
  // As if each was sent; cheaper, because the event loop is woken once. A request may also be
  // refused before this returns.
  struct Sending {
    std::shared_ptr<const HttpRequest> request;
    HttpCallback done;
  };
  virtual void send_all(std::vector<Sending> batch);
  // Runs `what` when the callbacks that are due now have been called, on their thread: whoever
  // waits for replies is woken once for many.
  virtual void after_callbacks(std::function<void()> what) { what(); }
  // Requests that wait for their place (max_in_flight) come back unsent, the last in order first,
  // as errors that is_recalled
  // is true for.
  virtual void recall() {}
  // Hardly anything follows: from now on connections of HTTP/1.1 are closed as their replies end,
  // while there is still something to wait for. Closing hundreds at once keeps a core busy.
  virtual void let_go() {}
  Result<HttpReply> send(HttpRequest request);  // waits; never on an event-loop thread
};

}  // namespace lakegate
