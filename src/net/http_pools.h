// What an HttpClient consists of: a pool an origin, and the requests on their way. Adapter's own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "net/crt_runtime.h"
#include "net/http_pool.h"
#include "net/tls_context.h"

namespace lakegate {

// Outlives its client for as long as the CRT still has something to say. Everything else than
// create, send_all, recall, let_go and close happens on the event-loop thread.
class HttpPools final : public HttpExchangeOwner, public std::enable_shared_from_this<HttpPools> {
 public:
  static Result<std::shared_ptr<HttpPools>> create(const HttpOptions& options);

  void send_all(std::vector<HttpClient::Sending> batch);
  void after_callbacks(std::function<void()> what) { runtime_.post(std::move(what)); }
  void recall();
  void let_go();
  // Fails all that is outstanding and waits for the callbacks, unless on the event-loop thread.
  void close();

  const HttpOptions& options() const override { return options_; }
  bool keeps_connections() const override {
    return !lets_go_ || !to_start_.empty() || in_flight_ > running_.size();  // they want one
  }
  ContentDecoder& decoder() override { return decoder_; }
  void began(HttpExchange& exchange) override;
  void waits_for_memory(HttpExchange& exchange) override;
  void ended(HttpExchange& exchange) override;
  void gone() override;

 private:
  HttpPools(const HttpOptions& options, const CrtRuntime& runtime)
      : options_(options), runtime_(runtime) {}

  // A request that has not been started, and since when.
  struct Queued {
    HttpClient::Sending sending;
    HttpExchange::Clock::time_point since;
    std::uint64_t order() const { return sending.request->order; }
  };
  void queue(HttpClient::Sending sending);
  bool has_place(std::uint64_t order) const;
  bool first_may_start();
  void start_some();
  void start(Queued queued);
  void not_outstanding(std::size_t requests);
  Result<HttpPool*> pool_of(const HttpOrigin& origin);
  void close_all();
  void read_on();
  void watch_the_time();
  void on_event_loop(std::function<void()> what);

  const HttpOptions options_;
  const CrtRuntime& runtime_;
  std::unique_ptr<CheckedBootstrap> checked_;
  TlsContext tls_;
  ContentDecoder decoder_;
  std::map<HttpOrigin, std::unique_ptr<HttpPool>> pools_;
  std::vector<HttpExchange*> running_;                      // each knows its place
  std::multimap<std::uint64_t, HttpExchange*> for_memory_;  // waiting, by order
  std::deque<Queued> to_start_;                             // by order
  std::size_t in_flight_ = 0;                               // started, and not gone
  bool is_starting_ = false;                                // or about to
  bool is_watching_ = false;
  bool lets_go_ = false;
  bool is_closed_ = false;

  std::mutex mutex_;
  std::condition_variable all_gone_;
  std::size_t outstanding_ = 0;  // requests
};

}  // namespace lakegate
