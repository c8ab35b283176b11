// TLS as lakegate speaks it: certificates are verified, always; there is no way to turn that off.
#pragma once

#include <aws/io/tls_channel_handler.h>

#include <chrono>
#include <string>

#include "lake/error.h"
#include "net/crt_handle.h"

namespace lakegate {

using TlsContext = CrtPtr<aws_tls_ctx, aws_tls_ctx_release>;

// Certificates of authorities that are trusted.
struct TrustedCas {
  std::string file;          // PEM; empty: the system's alone
  bool systems_too = false;  // besides the file's
};

// kInvalidInput for a file that cannot be read or holds none. Needs CrtRuntime::start().
Result<TlsContext> make_tls_context(const TrustedCas& trusted);

// What the connections to a host are to check: that the certificate is for it.
class TlsConnection {
 public:
  TlsConnection() = default;
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;
  ~TlsConnection() {
    if (options_.ctx != nullptr) aws_tls_connection_options_clean_up(&options_);
  }

  struct Wants {
    bool http2 = false;                         // rather than HTTP/1.1, if the server has it (ALPN)
    std::chrono::milliseconds timeout{10'000};  // for agreeing upon it all
  };
  Result<void> init(aws_tls_ctx& context, const std::string& host, const Wants& wants);
  // Whom to tell, on the event loop's thread, whether it was agreed upon.
  void tell(aws_tls_on_negotiation_result_fn* whom, void* with) {
    aws_tls_connection_options_set_callbacks(&options_, whom, nullptr, nullptr, with);
  }
  const aws_tls_connection_options* options() const { return &options_; }

 private:
  aws_tls_connection_options options_ = {};
};

}  // namespace lakegate
