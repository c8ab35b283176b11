// The engine at work: what it knows, and what it does when. Only for engine.cc and replies.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include "extract/engine.h"
#include "extract/inbox.h"
#include "extract/pace.h"
#include "extract/servers.h"
#include "extract/verdict.h"

namespace lakegate {

// A set that has been begun and not been handed over.
struct OpenSet {
  std::size_t n = 0;
  Page page;
  Answer answer;
  std::shared_ptr<const AuthorizedRequest> asked;  // null before there is one, and when it is over
  Server* server = nullptr;                        // null: no request could be built yet
  std::optional<PaceTime> built;                   // `asked`, and it has not been sent
  std::optional<PaceTime> first_sent;
  PaceTime sent;
  int failures = 0;   // of this page's request
  int redirects = 0;  // of it
  bool has_new_credentials = false;
  bool is_in_flight = false;
  bool is_done = false;
  std::size_t held = 0;  // of the memory
};

// A request is built anew when it has waited for so long: signatures and tokens have an end.
inline constexpr std::chrono::seconds kFresh{30};

// One run. Sets are known by their positions in the order given: those in `open_` begin at base_,
// those from next_ on have not been begun.
class EngineRun {
 public:
  EngineRun(HttpClient& client, const EngineOptions& options, const std::vector<std::size_t>& sets,
            Asking& asking);
  ~EngineRun();
  EngineRun(const EngineRun&) = delete;
  EngineRun& operator=(const EngineRun&) = delete;

  Result<EngineStats> run();

 private:
  OpenSet& at(std::size_t position) { return open_[position - base_]; }
  void wake_at(PaceTime time) { wake_ = std::min(wake_, time); }
  void give_back(std::size_t bytes);

  // engine.cc: what is asked.
  void begin_sets();
  bool has_memory() const;
  void forget_unsent();
  bool build(std::size_t position);
  void built(std::size_t position, AuthorizedRequest request);
  void not_built(std::size_t position, Error error);
  void resume_retries();
  std::size_t first_waiting(const Server& server);
  void send_waiting();
  Servers::Terms terms(std::size_t position) const;
  bool may_send(std::size_t position);
  void send(std::size_t position);
  void flush();
  void let_go();

  // engine.cc: what is handed over, and the end.
  Result<void> deliver();
  Result<void> deliver_all();
  bool has_to_give_up();
  Result<void> servers_are_there() const;
  void tell_progress();

  // replies.cc: what comes back.
  void arrived(std::size_t position, Result<HttpReply> outcome);
  void recalled(std::size_t position);
  void hold_back();
  void keep(std::size_t position, HttpReply reply);
  void follow(std::size_t position, const HttpReply& redirect);
  void turned_away(std::size_t position, const HttpReply& reply);
  void try_again(std::size_t position, Error error, std::chrono::milliseconds not_before);
  void ask_again_now(std::size_t position);
  void failed(OpenSet& set, Error error);
  static void done(OpenSet& set);
  void is_alive();

  HttpClient& client_;
  const EngineOptions& options_;
  const std::vector<std::size_t>& sets_;
  Asking& asking_;
  EngineClock machine_clock_;
  EngineClock& clock_;
  const std::size_t concurrency_;
  const std::uint64_t seed_;
  std::shared_ptr<Inbox> inbox_;
  Servers servers_;
  RetryBudget budget_;
  RetryBackoff backoff_;

  std::deque<OpenSet> open_;
  std::size_t base_ = 0;
  std::size_t next_ = 0;
  double usual_reply_;  // bytes
  using Retry = std::pair<PaceTime, std::size_t>;
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
  std::vector<HttpClient::Sending> batch_;

  EngineProgress progress_;
  PaceTime now_;
  PaceTime started_;
  PaceTime told_{};  // of progress
  PaceTime wake_{};
  PaceTime alive_;  // when something came through
  bool was_ever_alive_ = false;
  bool is_closing_ = false;
  bool has_let_go_ = false;
  std::string last_refusal_;
  // Since when no request could be built, for want of a token, say; and until when none is tried.
  std::optional<PaceTime> without_credentials_;
  PaceTime hold_until_;
  std::optional<Error> gone_;  // why there is no use in going on
};

}  // namespace lakegate
