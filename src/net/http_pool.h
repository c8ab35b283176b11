// The connections to one origin: HTTP/1.1, each for one request at a time, or HTTP/2, each for as
// many as the server lets it. Adapter's own; lives on the event-loop thread.
#pragma once

#include <aws/http/connection_manager.h>

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "net/checked_bootstrap.h"
#include "net/http_exchange.h"
#include "net/tls_context.h"

namespace lakegate {

class HttpPool final : public HttpConnectionSource {
 public:
  struct Means {
    const HttpOptions& options;  // outlive the pool, as the following do
    const CrtRuntime& runtime;
    const CheckedBootstrap* checked = nullptr;  // null: any address
    aws_tls_ctx* tls = nullptr;                 // for https
  };
  // `keep`, which owns it, is kept until the last connection has gone, some time after close().
  static Result<std::unique_ptr<HttpPool>> create(const HttpOrigin& origin, const Means& means,
                                                  std::shared_ptr<void> keep);
  ~HttpPool() override = default;
  HttpPool(const HttpPool&) = delete;
  HttpPool& operator=(const HttpPool&) = delete;

  void send(std::unique_ptr<HttpExchange> exchange);
  // Fails what waits for a connection and lets go of idle ones. Nothing is to be sent afterwards.
  void close();

  void give_back(aws_http_connection* connection) override;
  Error connection_error(int error_code) const override;
  std::string_view host() const override { return host_; }

 private:
  // What an acquisition is for: an exchange of its own, or (HTTP/2, or not known yet) the pool.
  struct Acquisition {
    HttpPool* pool;
    std::unique_ptr<HttpExchange> exchange;
  };
  struct Multiplexed {
    aws_http_connection* connection;
    std::size_t streams = 0;
    std::size_t most = 0;
  };
  enum class Protocol { kUnknown, kHttp1, kHttp2 };

  HttpPool(HttpOrigin origin, const Means& means)
      : origin_(std::move(origin)), host_(host_header(origin_)), means_(means) {}
  Result<void> open(std::shared_ptr<void> keep);
  void acquire(std::unique_ptr<HttpExchange> exchange);
  static void on_connection(aws_http_connection* connection, int error_code, void* acquisition);
  void connected(aws_http_connection* connection, int error_code);
  static void on_tls(aws_channel_handler* handler, aws_channel_slot* slot, int error_code,
                     void* self);
  void multiplex();
  std::size_t connections_wanted() const;
  Multiplexed* with_room();
  void fail_waiting(const Error& error);
  Error no_connection(int error_code) const;
  bool is_without_tls() const;

  const HttpOrigin origin_;
  const std::string host_;
  const Means means_;
  aws_http_connection_manager* manager_ = nullptr;
  Protocol protocol_ = Protocol::kHttp1;
  std::deque<std::unique_ptr<HttpExchange>> waiting_;  // unless kHttp1: the manager has the queue
  std::vector<Multiplexed> multiplexed_;
  std::size_t acquiring_ = 0;  // for the pool
  std::size_t going_ = 0;      // of those: TLS was not agreed upon, which they are told later
  int tls_error_ = 0;          // why not, the last time
  bool had_tls_ = false;       // it was agreed upon once
  bool is_closed_ = false;
};

}  // namespace lakegate
