// An API in memory behind HttpClient: answers by a script, on a thread of its own, and remembers
// what it was asked.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "net/http_client.h"

namespace lakegate {

class ScriptedApi {
 public:
  // Called on the API's thread, one at a time.
  using Script = std::function<Result<HttpReply>(const HttpRequest&)>;
  explicit ScriptedApi(Script script) : script_(std::move(script)) {}

  // Clients share the script and what is remembered.
  std::shared_ptr<HttpClient> client() { return std::make_shared<Client>(*this); }

  // By target: how often it was asked.
  std::map<std::string, int> asked() const {
    const std::lock_guard guard(mutex_);
    return asked_;
  }
  void forget() {
    const std::lock_guard guard(mutex_);
    asked_.clear();
  }

 private:
  class Client : public HttpClient {
   public:
    explicit Client(ScriptedApi& api) : api_(api), thread_([this] { answer(); }) {}
    ~Client() override {
      {
        const std::lock_guard guard(mutex_);
        stop_ = true;
      }
      changed_.notify_all();
      thread_.join();
      for (auto& [request, done] : waiting_) done(fail(ErrorKind::kRetryable, "closed"));
    }
    void send(HttpRequest request, HttpCallback done) override {
      {
        const std::lock_guard guard(mutex_);
        waiting_.emplace_back(std::move(request), std::move(done));
      }
      changed_.notify_all();
    }

   private:
    void answer() {
      std::unique_lock lock(mutex_);
      for (;;) {
        changed_.wait(lock, [this] { return stop_ || !waiting_.empty(); });
        if (stop_) return;
        auto [request, done] = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        done(api_.answer(request));
        lock.lock();
      }
    }

    ScriptedApi& api_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::pair<HttpRequest, HttpCallback>> waiting_;
    bool stop_ = false;
    std::thread thread_;
  };

  Result<HttpReply> answer(const HttpRequest& request) {
    const std::lock_guard guard(mutex_);
    ++asked_[request.target];
    return script_(request);
  }

  Script script_;
  mutable std::mutex mutex_;
  std::map<std::string, int> asked_;
};

inline HttpReply json_reply(std::string body, int status = 200) {
  HttpReply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "application/json"}};
  reply.body = std::move(body);
  return reply;
}

}  // namespace lakegate
