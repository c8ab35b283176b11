// Servers whose replies take virtual time: a minute of backoff is over at once, and the same every
// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

#include "extract/engine.h"
#include "net/http_client.h"
#include "net/http_error.h"

namespace lakegate {

// Time stands still, except while somebody waits: then what is due next happens.
class VirtualClock final : public EngineClock {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Time now() override { return now_; }
  std::chrono::system_clock::time_point wall() override {
    return std::chrono::sys_days(std::chrono::year(2026) / 11 / 25) + elapsed();
  }
  void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& /*woken*/,
            Time until) override {
    lock.unlock();
    if (due_.empty() || due_.begin()->first > until) {
      now_ = until;
    } else {
      auto first = due_.extract(due_.begin());
      now_ = std::max(now_, first.key());
      first.mapped()();
    }
    lock.lock();
  }
  void at(Time time, std::function<void()> what) { due_.emplace(time, std::move(what)); }
  std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_ - Time{});
  }

 private:
  Time now_{};
  std::multimap<Time, std::function<void()>> due_;  // of equal times, the first given first
};

// What a server does with a request: answers, or fails, some time later.
struct Answering {
  Result<HttpReply> outcome = HttpReply{.status = 200, .body = "{}"};
  std::chrono::milliseconds after{10};
};

class VirtualServers final : public HttpClient {
 public:
  // `script` is asked when a request arrives, with how many came before it.
  using Script = std::function<Answering(const HttpRequest& request, std::size_t before)>;
  VirtualServers(VirtualClock& clock, Script script) : clock_(clock), script_(std::move(script)) {}

  // What was asked, in the order in which it came, and when.
  struct Asked {
    HttpRequest request;
    std::chrono::milliseconds at;
  };
  const std::vector<Asked>& asked() const { return asked_; }
  std::size_t most_at_once() const { return most_; }
  std::size_t at_once() const { return at_once_; }
  void take_from(std::shared_ptr<ReplyMemory> memory) { memory_ = std::move(memory); }

  // So many are asked at once; further requests wait, and come back if they are recalled.
  void hold_at(std::size_t places) { places_ = places; }
  std::size_t recalled() const { return recalled_; }

  using HttpClient::send;
  void send(HttpRequest request, HttpCallback done) override {
    queue_.push_back({std::move(request), std::move(done)});
    ask_some();
  }
  void recall() override {
    recalled_ += queue_.size();
    const auto queue = std::exchange(queue_, {});
    for (const auto& [request, done] : std::views::reverse(queue))
      clock_.at(clock_.now(), [done] {
        done(Failure(Error{ErrorKind::kRetryable, std::string(kRecalled), {}}));
      });
  }

 private:
  void ask_some() {
    while (!queue_.empty() && at_once_ < places_) {
      auto [request, done] = std::move(queue_.front());
      queue_.pop_front();
      ask(std::move(request), std::move(done));
    }
  }
  void ask(HttpRequest request, HttpCallback done) {
    Answering answering = script_(request, asked_.size());
    asked_.push_back({std::move(request), clock_.elapsed()});
    most_ = std::max(most_, ++at_once_);
    clock_.at(clock_.now() + answering.after,
              [this, done = std::move(done), answering = std::move(answering)]() mutable {
                --at_once_;
                if (answering.outcome) {
                  answering.outcome->first_byte = answering.after;
                  if (memory_) memory_->take(answering.outcome->body.size());
                }
                ask_some();
                done(std::move(answering.outcome));
              });
  }

  VirtualClock& clock_;
  Script script_;
  std::shared_ptr<ReplyMemory> memory_;
  std::vector<Asked> asked_;
  std::deque<std::pair<HttpRequest, HttpCallback>> queue_;
  std::size_t places_ = SIZE_MAX;
  std::size_t recalled_ = 0;
  std::size_t at_once_ = 0;
  std::size_t most_ = 0;
};

}  // namespace lakegate
