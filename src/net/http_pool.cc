#include "net/http_pool.h"

#include <aws/http/connection.h>
#include <aws/http/proxy.h>
#include <aws/io/socket.h>
#include <aws/io/tls_channel_handler.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "net/crt_runtime.h"
#include "net/http_error.h"
#include "net/tls_context.h"

namespace lakegate {
namespace {

// Idle connections are closed before servers do it (S3: after about 5 s at the earliest), so that a
// request seldom meets a connection that is just going.
constexpr std::uint64_t kIdleMilliseconds = 4'000;

// After so many handshakes without any that succeeded it is no accident: the certificate is wrong,
// or nobody speaks TLS there.
constexpr std::size_t kMostHandshakes = 3;

std::size_t most_streams(const aws_http_connection* connection) {
  std::array<aws_http2_setting, AWS_HTTP2_SETTINGS_COUNT> settings = {};
  aws_http2_connection_get_remote_settings(connection, settings.data());
  for (const aws_http2_setting& setting : settings)
    if (setting.id == AWS_HTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
      return std::max<std::size_t>(setting.value, 1);
  return 1;
}

bool is_http2(const aws_http_connection* connection) {
  return aws_http_connection_get_version(connection) == AWS_HTTP_VERSION_2;
}

}  // namespace

Result<std::unique_ptr<HttpPool>> HttpPool::create(const HttpOrigin& origin, const Means& means,
                                                   std::shared_ptr<void> keep) {
  std::unique_ptr<HttpPool> pool(new HttpPool(origin, means));
  LAKEGATE_CHECK(pool->open(std::move(keep)));
  return pool;
}

Result<void> HttpPool::open(std::shared_ptr<void> keep) {
  const HttpOptions& wanted = means_.options;
  const auto interval = std::chrono::duration_cast<std::chrono::seconds>(wanted.reply_timeout);
  const aws_socket_options socket = {
      .type = AWS_SOCKET_STREAM,
      .domain = origin_.host.find(':') == std::string::npos ? AWS_SOCKET_IPV4 : AWS_SOCKET_IPV6,
      .connect_timeout_ms = static_cast<std::uint32_t>(wanted.connect_timeout.count()),
      .keepalive = true,
      .tcp_nodelay = AWS_SOCKET_TCP_NODELAY_ON,
  };
  const aws_http_connection_monitoring_options silence = {
      .minimum_throughput_bytes_per_second = 1,
      .allowable_throughput_failure_interval_seconds =
          static_cast<std::uint32_t>(std::max<std::int64_t>(interval.count(), 1)),
  };
  const proxy_env_var_settings proxy = {.env_var_type =
                                            wanted.use_proxy ? AWS_HPEV_ENABLE : AWS_HPEV_DISABLE};
  const std::array no_push = {aws_http2_setting{.id = AWS_HTTP2_SETTINGS_ENABLE_PUSH, .value = 0}};
  aws_http_connection_manager_options options = {};
  options.bootstrap = means_.checked ? means_.checked->get() : means_.runtime.bootstrap();
  options.initial_window_size = wanted.memory ? kReplyWindow : SIZE_MAX;
  options.enable_read_back_pressure = wanted.memory != nullptr;
  options.socket_options = &socket;
  // HTTP/2 begins with settings, which a server may never send.
  if (wanted.total_timeout.count() > 0)
    options.connection_acquisition_timeout_ms =
        static_cast<std::uint64_t>(wanted.total_timeout.count());
  if (wanted.first_byte_timeout.count() == 0)
    options.response_first_byte_timeout_ms =
        static_cast<std::uint64_t>(wanted.reply_timeout.count());
  // A reply that waits for memory is silent, too.
  if (!wanted.memory) options.monitoring_options = &silence;
  options.host = to_cursor(origin_.host);
  options.port = origin_.port;
  options.proxy_ev_settings = &proxy;
  options.initial_settings_array = no_push.data();
  options.num_initial_settings = no_push.size();
  // A few more for those that are going: see on_tls().
  options.max_connections = wanted.max_connections + (origin_.tls ? kMostHandshakes : 0);
  options.max_connection_idle_in_milliseconds = kIdleMilliseconds;
  options.shutdown_complete_callback = [](void* kept) {
    delete static_cast<std::shared_ptr<void>*>(kept);
  };
  auto kept = std::make_unique<std::shared_ptr<void>>(std::move(keep));
  options.shutdown_complete_user_data = kept.get();
  TlsConnection tls;
  if (origin_.tls) {
    LAKEGATE_CHECK(tls.init(*means_.tls, origin_.host,
                            {.http2 = wanted.http2, .timeout = 2 * wanted.connect_timeout}));
    if (wanted.http2) {
      protocol_ = Protocol::kUnknown;
      tls.tell(on_tls, this);
    }
    options.tls_connection_options = tls.options();
  }
  manager_ = aws_http_connection_manager_new(means_.runtime.allocator(), &options);
  if (manager_ != nullptr) {
    (void)kept.release();
    return {};
  }
  return fail(ErrorKind::kPermanent,
              fmt::format("{}: no connections can be made ({})", host_header(origin_),
                          crt_message(aws_last_error())));
}

void HttpPool::send(std::unique_ptr<HttpExchange> exchange) {
  if (protocol_ == Protocol::kHttp1) return acquire(std::move(exchange));
  if (is_without_tls()) return HttpExchange::refuse(std::move(exchange), no_connection(tls_error_));
  waiting_.push_back(std::move(exchange));
  multiplex();
}

void HttpPool::close() {
  is_closed_ = true;
  fail_waiting(http_error(AWS_ERROR_HTTP_CONNECTION_MANAGER_SHUTTING_DOWN, origin_,
                          means_.options.ca_setting));
  aws_http_connection_manager_release(manager_);  // it goes when its last connection has gone
}

void HttpPool::acquire(std::unique_ptr<HttpExchange> exchange) {
  auto acquisition =
      std::make_unique<Acquisition>(Acquisition{.pool = this, .exchange = std::move(exchange)});
  if (!acquisition->exchange) ++acquiring_;
  aws_http_connection_manager_acquire_connection(manager_, on_connection, acquisition.release());
}

void HttpPool::on_connection(aws_http_connection* connection, int error_code, void* acquisition) {
  const std::unique_ptr<Acquisition> got(static_cast<Acquisition*>(acquisition));
  HttpPool& pool = *got->pool;
  // A manager that is being closed calls back from wherever that happens, and look-ups that fail
  // from their own threads.
  if (!pool.means_.runtime.on_event_loop()) {
    pool.means_.runtime.post(
        [again = std::make_shared<Acquisition>(std::move(*got)), connection, error_code] {
          on_connection(connection, error_code, new Acquisition(std::move(*again)));
        });
    return;
  }
  if (!got->exchange)
    pool.connected(connection, error_code);
  else if (connection == nullptr)
    HttpExchange::refuse(std::move(got->exchange), pool.no_connection(error_code));
  else
    HttpExchange::start(std::move(got->exchange), pool, connection);
}

// A connection that TLS was not agreed upon for goes only after half a minute, so that nobody
// learns from its timing what was wrong. What waits for it need not.
void HttpPool::on_tls(aws_channel_handler* /*handler*/, aws_channel_slot* /*slot*/, int error_code,
                      void* self) {
  auto& pool = *static_cast<HttpPool*>(self);
  if (error_code == AWS_ERROR_SUCCESS) {
    pool.had_tls_ = true;
    return;
  }
  if (pool.protocol_ == Protocol::kHttp1) return;  // the manager's acquisitions are the exchanges'
  // The manager may have answered that acquisition with a connection that had become idle.
  if (pool.going_ < pool.acquiring_) ++pool.going_;
  pool.tls_error_ = error_code;
  // Others may manage, and as long as there are connections they take what waits.
  if (pool.multiplexed_.empty() && pool.going_ >= pool.acquiring_)
    pool.fail_waiting(pool.no_connection(error_code));
}

bool HttpPool::is_without_tls() const {
  return !had_tls_ && going_ >= kMostHandshakes;
}

void HttpPool::connected(aws_http_connection* connection, int error_code) {
  --acquiring_;
  if (connection == nullptr) {
    if (going_ > 0) {
      --going_;
      return;  // what waited has been told
    }
    // As long as there are others, what waits has a chance of going over them.
    if (multiplexed_.empty()) fail_waiting(no_connection(error_code));
    return;
  }
  going_ = std::min(going_, acquiring_);
  if (is_http2(connection)) {
    protocol_ = Protocol::kHttp2;
    multiplexed_.push_back({.connection = connection, .most = most_streams(connection)});
    // Whatever has waited for it may have gone over others meanwhile.
    if (waiting_.empty()) {
      multiplexed_.pop_back();
      aws_http_connection_manager_release_connection(manager_, connection);
      return;
    }
    return multiplex();
  }
  if (multiplexed_.empty()) protocol_ = Protocol::kHttp1;
  if (waiting_.empty()) {
    aws_http_connection_manager_release_connection(manager_, connection);
    return;
  }
  auto first = std::move(waiting_.front());
  waiting_.pop_front();
  HttpExchange::start(std::move(first), *this, connection);
  if (protocol_ != Protocol::kHttp1) return multiplex();
  for (auto others = std::exchange(waiting_, {}); auto& exchange : others)
    acquire(std::move(exchange));
}

HttpPool::Multiplexed* HttpPool::with_room() {
  const auto found = std::ranges::find_if(multiplexed_, [](const Multiplexed& one) {
    return one.streams < one.most && aws_http_connection_new_requests_allowed(one.connection);
  });
  return found == multiplexed_.end() ? nullptr : &*found;
}

void HttpPool::multiplex() {
  while (!waiting_.empty()) {
    Multiplexed* const room = with_room();
    if (room == nullptr) break;
    ++room->streams;
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    HttpExchange::start(std::move(first), *this, room->connection);
  }
  // One that is idle comes at once, and has been used when this returns.
  while (!is_closed_ && acquiring_ < going_ + connections_wanted()) acquire(nullptr);
}

// The first connection shows which protocol it is, and how many requests go over one.
std::size_t HttpPool::connections_wanted() const {
  if (waiting_.empty()) return 0;
  const std::size_t each = multiplexed_.empty() ? waiting_.size() : multiplexed_.front().most;
  const std::size_t have = multiplexed_.size();
  const std::size_t most = means_.options.max_connections;
  return std::min((waiting_.size() + each - 1) / each, most > have ? most - have : 0);
}

void HttpPool::give_back(aws_http_connection* connection) {
  const auto one = std::ranges::find(multiplexed_, connection, &Multiplexed::connection);
  if (one == multiplexed_.end()) {
    aws_http_connection_manager_release_connection(manager_, connection);
    return;
  }
  --one->streams;
  if (one->streams == 0 &&
      (waiting_.empty() || is_closed_ || !aws_http_connection_new_requests_allowed(connection))) {
    multiplexed_.erase(one);
    aws_http_connection_manager_release_connection(manager_, connection);
  }
  multiplex();
}

void HttpPool::fail_waiting(const Error& error) {
  for (auto waiting = std::exchange(waiting_, {}); auto& exchange : waiting)
    HttpExchange::refuse(std::move(exchange), error);
}

Error HttpPool::connection_error(int error_code) const {
  return http_error(error_code, origin_, means_.options.ca_setting);
}

Error HttpPool::no_connection(int error_code) const {
  if (error_code == kAddressRefused && means_.checked)
    if (auto refusal = means_.checked->refusal(origin_.host)) return *std::move(refusal);
  return lakegate::connection_error(error_code, origin_, means_.options.ca_setting,
                                    !is_without_tls());
}

}  // namespace lakegate
