// The engine between somebody who asks and servers in virtual time.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "extract/engine.h"
#include "fakes/virtual_servers.h"

namespace lakegate {

inline const HttpOrigin kApi = {.host = "api.example.com"};

inline Answering status(int code, std::vector<HttpHeader> headers = {}) {
  return {.outcome = HttpReply{.status = code, .headers = std::move(headers), .body = "{}"}};
}
inline Answering lost() {
  return {.outcome = fail(ErrorKind::kRetryable, "api.example.com: nothing listens there"),
          .after = std::chrono::milliseconds(1)};
}

inline std::size_t set_of(const HttpRequest& request) {
  return std::stoul(request.target.substr(1));
}

// Asks for /n at the API, and keeps what comes.
class Asker : public Asking {
 public:
  Result<AuthorizedRequest> request(std::size_t n, const Page& page) override {
    AuthorizedRequest asked{.request = {.origin = kApi,
                                        .target = "/" + std::to_string(n),
                                        .headers = {{"x-key", "secret"}, {"accept", "*/*"}}},
                            .credential_headers = {"x-key"}};
    if (page.number > 0) asked.request.target += "?page=" + std::to_string(page.number);
    return asked;
  }
  Result<std::optional<Page>> next(std::size_t /*n*/, const HttpRequest& /*request*/,
                                   const Page& page, const HttpReply& /*reply*/) override {
    if (page.number + 1 >= pages_each) return std::nullopt;
    return Page{.number = page.number + 1};
  }
  Result<void> answered(std::size_t n, Answer answer) override {
    order.push_back(n);
    answers.push_back(std::move(answer));
    return {};
  }
  bool may_begin(std::size_t n) override { return n < begin_below; }

  std::vector<std::string> failures() const {
    std::vector<std::string> messages;
    for (const Answer& answer : answers)
      if (answer.failure) messages.push_back(answer.failure->message);
    return messages;
  }

  std::uint32_t pages_each = 1;
  std::size_t begin_below = SIZE_MAX;
  std::vector<std::size_t> order;
  std::vector<Answer> answers;
};

inline std::vector<std::size_t> first(std::size_t count) {
  std::vector<std::size_t> sets(count);
  std::iota(sets.begin(), sets.end(), 0);
  return sets;
}

class EngineTest : public testing::Test {
 protected:
  EngineTest() { options_.seed = 20'261'125; }
  Result<EngineStats> run(std::size_t sets, VirtualServers::Script script) {
    servers_ = std::make_unique<VirtualServers>(clock_, std::move(script));
    servers_->take_from(options_.memory);
    if (options_.ahead > 0) servers_->hold_at(options_.concurrency);
    options_.clock = &clock_;
    return run_engine(*servers_, options_, first(sets), asker_);
  }
  // How often each set was asked for.
  std::vector<int> times_asked(std::size_t sets) const {
    std::vector<int> times(sets);
    for (const auto& asked : servers_->asked()) ++times[set_of(asked.request)];
    return times;
  }

  VirtualClock clock_;
  EngineOptions options_;
  Asker asker_;
  std::unique_ptr<VirtualServers> servers_;
};

}  // namespace lakegate
