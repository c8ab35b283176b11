#include "net/http_client.h"

#include <aws/http/connection.h>
#include <aws/http/proxy.h>
#include <aws/io/socket.h>
#include <aws/io/tls_channel_handler.h>
#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <set>

#include "net/crt_runtime.h"
#include "net/http_exchange.h"
#include "net/tls_context.h"

namespace lakegate {
namespace {

// Idle connections are closed before servers do it (S3: after about 5 s at the earliest), so that a
// request seldom meets a connection that is just going.
constexpr std::uint64_t kIdleMilliseconds = 4'000;

// The pools of a client. Outlives it for as long as the CRT still has something to say.
class HttpPools : public HttpExchangeOwner {
 public:
  HttpPools(const HttpOptions& options, CrtRuntime& runtime)
      : options_(options), runtime_(runtime) {}

  // The pool of an origin, made if need be, and counts the exchange that is to come.
  Result<aws_http_connection_manager*> enter(const std::shared_ptr<HttpPools>& self,
                                             const HttpOrigin& origin) {
    const std::lock_guard guard(mutex_);
    ++outstanding_;
    if (closed_) return fail(ErrorKind::kRetryable, "the HTTP client is closed");
    auto found = pools_.find(origin);
    if (found == pools_.end()) {
      LAKEGATE_TRY(auto* pool, make_pool(self, origin));
      found = pools_.emplace(origin, pool).first;
      ++outstanding_;
    }
    return found->second;
  }

  void began(HttpExchange& exchange, aws_http_stream* stream) override {
    const std::lock_guard guard(mutex_);
    if (closed_)
      aws_http_stream_cancel(stream, AWS_ERROR_HTTP_STREAM_CANCELLED);
    else
      running_[&exchange] = stream;
  }
  void ended(HttpExchange& exchange) override {
    const std::lock_guard guard(mutex_);
    running_.erase(&exchange);
  }
  void gone() override {
    const std::lock_guard guard(mutex_);
    if (--outstanding_ == 0) all_gone_.notify_all();
  }

  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    for (const auto& [exchange, stream] : running_)
      aws_http_stream_cancel(stream, AWS_ERROR_HTTP_STREAM_CANCELLED);
    const auto pools = std::move(pools_);
    pools_.clear();
    lock.unlock();
    for (const auto& [origin, pool] : pools) aws_http_connection_manager_release(pool);
    // On the event loop's own thread nothing would ever happen while we wait.
    if (runtime_.on_event_loop()) return;
    lock.lock();
    all_gone_.wait(lock, [&] { return outstanding_ == 0; });
  }

  std::size_t max_reply_bytes() const { return options_.max_reply_bytes; }
  // Early, so that a CA file that cannot be read is said when it is named.
  Result<void> open_ca_file() {
    if (options_.ca_file.empty()) return {};
    LAKEGATE_TRY(tls_, make_tls_context(options_.ca_file));
    return {};
  }

 private:
  // With the mutex held.
  Result<aws_http_connection_manager*> make_pool(const std::shared_ptr<HttpPools>& self,
                                                 const HttpOrigin& origin) {
    const auto interval = std::chrono::duration_cast<std::chrono::seconds>(options_.reply_timeout);
    const aws_socket_options socket = {
        .type = AWS_SOCKET_STREAM,
        .domain = origin.host.find(':') == std::string::npos ? AWS_SOCKET_IPV4 : AWS_SOCKET_IPV6,
        .connect_timeout_ms = static_cast<std::uint32_t>(options_.connect_timeout.count()),
        .keepalive = true,
        .tcp_nodelay = AWS_SOCKET_TCP_NODELAY_ON,
    };
    const aws_http_connection_monitoring_options silence = {
        .minimum_throughput_bytes_per_second = 1,
        .allowable_throughput_failure_interval_seconds =
            static_cast<std::uint32_t>(std::max<std::int64_t>(interval.count(), 1)),
    };
    const proxy_env_var_settings proxy = {.env_var_type = options_.use_proxy ? AWS_HPEV_ENABLE
                                                                             : AWS_HPEV_DISABLE};
    aws_http_connection_manager_options options = {};
    options.bootstrap = runtime_.bootstrap();
    options.initial_window_size = SIZE_MAX;
    options.socket_options = &socket;
    options.response_first_byte_timeout_ms =
        static_cast<std::uint64_t>(options_.reply_timeout.count());
    options.monitoring_options = &silence;
    options.host = to_cursor(origin.host);
    options.port = origin.port;
    options.proxy_ev_settings = &proxy;
    options.max_connections = options_.max_connections;
    options.max_connection_idle_in_milliseconds = kIdleMilliseconds;
    options.shutdown_complete_callback = [](void* keep) {
      const std::unique_ptr<std::shared_ptr<HttpPools>> pools(
          static_cast<std::shared_ptr<HttpPools>*>(keep));
      (*pools)->gone();
    };
    TlsConnection tls;
    if (origin.tls) {
      if (!tls_) {
        LAKEGATE_TRY(tls_, make_tls_context(options_.ca_file));
      }
      LAKEGATE_CHECK(tls.init(*tls_, origin.host));
      options.tls_connection_options = tls.options();
    }
    auto keep = std::make_unique<std::shared_ptr<HttpPools>>(self);
    options.shutdown_complete_user_data = keep.get();
    aws_http_connection_manager* pool =
        aws_http_connection_manager_new(runtime_.allocator(), &options);
    if (pool == nullptr)
      return fail(ErrorKind::kPermanent,
                  fmt::format("{}: no connections can be made ({})", host_header(origin),
                              crt_message(aws_last_error())));
    (void)keep.release();
    return pool;
  }

  const HttpOptions options_;
  CrtRuntime& runtime_;
  std::mutex mutex_;
  std::condition_variable all_gone_;
  std::map<HttpOrigin, aws_http_connection_manager*> pools_;
  std::map<HttpExchange*, aws_http_stream*> running_;
  TlsContext tls_;
  std::size_t outstanding_ = 0;  // exchanges, and pools that have not shut down
  bool closed_ = false;
};

class CrtHttpClient : public HttpClient {
 public:
  explicit CrtHttpClient(std::shared_ptr<HttpPools> pools) : pools_(std::move(pools)) {}
  ~CrtHttpClient() override { pools_->close(); }

  using HttpClient::send;
  void send(HttpRequest request, HttpCallback done) override {
    auto pool = pools_->enter(pools_, request.origin);
    auto exchange = std::make_unique<HttpExchange>(pools_, std::move(request),
                                                   pools_->max_reply_bytes(), std::move(done));
    if (pool)
      HttpExchange::start(std::move(exchange), *pool);
    else
      HttpExchange::refuse(std::move(exchange), std::move(pool).error());
  }

 private:
  std::shared_ptr<HttpPools> pools_;
};

}  // namespace

Result<std::shared_ptr<HttpClient>> HttpClient::create(const HttpOptions& options) {
  LAKEGATE_TRY(CrtRuntime * runtime, CrtRuntime::start());
  auto pools = std::make_shared<HttpPools>(options, *runtime);
  LAKEGATE_CHECK(pools->open_ca_file());
  return std::make_shared<CrtHttpClient>(std::move(pools));
}

void HttpClient::send_all(std::vector<Sending> batch) {
  for (Sending& one : batch) send(std::move(one.request), std::move(one.done));
}

Result<HttpReply> HttpClient::send(HttpRequest request) {
  auto promise = std::make_shared<std::promise<Result<HttpReply>>>();
  auto reply = promise->get_future();
  send(std::move(request),
       [promise](Result<HttpReply> got) { promise->set_value(std::move(got)); });
  return reply.get();
}

}  // namespace lakegate
