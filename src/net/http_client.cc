#include "net/http_client.h"

#include <future>

#include "net/http_pools.h"

namespace lakegate {
namespace {

class CrtHttpClient final : public HttpClient {
 public:
  explicit CrtHttpClient(std::shared_ptr<HttpPools> pools) : pools_(std::move(pools)) {}
  ~CrtHttpClient() override { pools_->close(); }
  CrtHttpClient(const CrtHttpClient&) = delete;
  CrtHttpClient& operator=(const CrtHttpClient&) = delete;

  using HttpClient::send;
  void send(HttpRequest request, HttpCallback done) override {
    std::vector<Sending> one;
    one.push_back({std::make_shared<const HttpRequest>(std::move(request)), std::move(done)});
    pools_->send_all(std::move(one));
  }
  void send_all(std::vector<Sending> batch) override { pools_->send_all(std::move(batch)); }
  void after_callbacks(std::function<void()> what) override {
    pools_->after_callbacks(std::move(what));
  }
  void recall() override { pools_->recall(); }
  void let_go() override { pools_->let_go(); }

 private:
  std::shared_ptr<HttpPools> pools_;
};

}  // namespace

Result<std::shared_ptr<HttpClient>> HttpClient::create(const HttpOptions& options) {
  LAKEGATE_TRY(auto pools, HttpPools::create(options));
  return std::make_shared<CrtHttpClient>(std::move(pools));
}

void HttpClient::send_all(std::vector<Sending> batch) {
  for (Sending& one : batch) send(*one.request, std::move(one.done));
}

Result<HttpReply> HttpClient::send(HttpRequest request) {
  auto promise = std::make_shared<std::promise<Result<HttpReply>>>();
  auto reply = promise->get_future();
  send(std::move(request),
       [promise](Result<HttpReply> got) { promise->set_value(std::move(got)); });
  return reply.get();
}

}  // namespace lakegate
