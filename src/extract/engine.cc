#include "extract/engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <queue>
#include <set>
#include <utility>

#include "extract/inbox.h"
#include "extract/pace.h"
#include "extract/verdict.h"
#include "net/descriptors.h"

namespace lakegate {
namespace {

constexpr int kMostRedirects = 5;
// Sets that are begun although their server has no place for them yet.
constexpr std::size_t kAhead = 8;
constexpr std::size_t kBatch = 64;
constexpr std::size_t kDeliveries = 16;  // before replies are looked after again
constexpr std::chrono::milliseconds kTick{200};
// A request is built anew when it has waited for so long: signatures and tokens have an end.
constexpr std::chrono::seconds kFresh{30};
constexpr std::chrono::minutes kLongestComeBack{5};
// What a reply costs beside its body, and how large it is before any has been seen.
constexpr std::size_t kReplyBytes = 512;
constexpr double kFirstGuess = 16 * 1024;

struct Server {
  ServerPace pace;
  std::set<std::size_t> ready;  // positions of sets that wait for a place
};

struct OpenSet {
  std::size_t n = 0;
  Page page;
  Answer answer;
  AuthorizedRequest asked;
  Server* server = nullptr;
  std::optional<PaceTime> built;  // `asked`, and it has not been sent
  std::optional<PaceTime> first_sent;
  PaceTime sent;
  int failures = 0;   // of this page's request
  int redirects = 0;  // of it
  bool has_new_credentials = false;
  bool is_done = false;
  std::size_t held = 0;  // of the memory
};

std::size_t headers_size(const HttpReply& reply) {
  std::size_t size = kReplyBytes;
  for (const HttpHeader& header : reply.headers)
    size += header.name.size() + header.value.size() + sizeof(HttpHeader);
  return size;
}

class Engine {
 public:
  Engine(HttpClient& client, const EngineOptions& options, const std::vector<std::size_t>& sets,
         Asking& asking)
      : client_(client),
        options_(options),
        sets_(sets),
        asking_(asking),
        clock_(options.clock != nullptr ? *options.clock : machine_clock_),
        inbox_(std::make_shared<Inbox>(options.memory)),
        concurrency_(std::clamp<std::size_t>(options.concurrency, 1, most_connections())),
        rate_(options.requests_per_second),
        budget_(options.retry_budget, 2 * concurrency_ + kBudgetToBeginWith),
        backoff_({}, options.seed),
        now_(clock_.now()),
        started_(now_),
        alive_(now_) {}
  ~Engine() {
    inbox_->close();
    for (const OpenSet& set : open_) give_back(set.held);
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  Result<EngineStats> run() {
    std::vector<Arrival> arrivals;
    if (options_.memory) options_.memory->first_in_line(0);
    while (true) {
      wake_ = now_ + kTick;
      for (Arrival& arrival : arrivals) {
        arrived(arrival.position, std::move(arrival.outcome));
        if (gone_) return Failure(*gone_);
      }
      resume_retries();
      LAKEGATE_CHECK(deliver());
      if (open_.empty() && (is_closing_ || next_ == sets_.size())) break;
      if (has_to_give_up()) {
        LAKEGATE_CHECK(deliver_all());
        break;
      }
      LAKEGATE_CHECK(servers_are_there());
      send_ready();
      begin_sets();
      flush();
      if (now_ - told_ >= kTick) tell_progress();
      inbox_->take(arrivals, clock_, open_.empty() || !open_.front().is_done ? wake_ : now_);
      now_ = clock_.now();
    }
    tell_progress();
    return stats();
  }

 private:
  static constexpr std::size_t kBudgetToBeginWith = 100;

  OpenSet& at(std::size_t position) { return open_[position - base_]; }
  bool is_oldest(std::size_t position) const { return position == base_; }
  void wake_at(PaceTime time) { wake_ = std::min(wake_, time); }
  void give_back(std::size_t bytes) {
    if (options_.memory && bytes > 0) options_.memory->give_back(bytes);
  }

  // Replies.

  void arrived(std::size_t position, Result<HttpReply> outcome) {
    OpenSet& set = at(position);
    ServerPace& pace = set.server->pace;
    --in_flight_;
    if (outcome) {
      ++progress_.replies;
      progress_.bytes += outcome->body.size();
      set.answer.status = outcome->status;
    }
    set.answer.latency =
        std::chrono::duration_cast<std::chrono::milliseconds>(now_ - *set.first_sent);
    const Verdict verdict = judge(outcome);
    if (verdict == Verdict::kGood) {
      pace.came_through(outcome->first_byte);
      is_alive();
      return keep(position, *std::move(outcome));
    }
    if (outcome) give_back(outcome->body.size());
    switch (verdict) {
      case Verdict::kGood:
        break;
      case Verdict::kRedirect:
      case Verdict::kUnauthorized:
      case Verdict::kBad:
        pace.came_through(outcome->first_byte);
        is_alive();
        return refused(position, verdict, *outcome);
      case Verdict::kTroubled:
        pace.failed();
        is_alive();
        break;
      case Verdict::kTimedOut:
        pace.timed_out(set.sent, now_);
        break;
      case Verdict::kLost:
        pace.lost(set.sent, now_);
        break;
      case Verdict::kHopeless:
        pace.failed();
        return failed(set, std::move(outcome).error());
      case Verdict::kTurnedAway:
        return turned_away(position, *outcome);
    }
    Error error =
        outcome
            ? Error{ErrorKind::kRetryable, describe_status(set.asked.request, outcome->status), {}}
            : std::move(outcome).error();
    const auto come_back =
        outcome ? retry_after(outcome->header("retry-after"), clock_.wall()) : std::nullopt;
    try_again(position, std::move(error), come_back.value_or(std::chrono::milliseconds(0)));
  }

  void keep(std::size_t position, HttpReply reply) {
    OpenSet& set = at(position);
    const std::size_t beside = headers_size(reply);
    if (options_.memory) options_.memory->take(beside);
    const std::size_t held = beside + reply.body.size();
    set.held += held;
    usual_reply_ += (static_cast<double>(held) - usual_reply_) / 16;
    set.answer.bytes += reply.body.size();
    set.answer.pages.push_back(std::move(reply));
    auto next = asking_.next(set.n, set.asked.request, set.page, set.answer.pages.back());
    if (!next) return failed(set, std::move(next).error());
    if (!*next) return done(set);
    set.page = **std::move(next);
    set.failures = set.redirects = 0;
    set.has_new_credentials = false;
    if (build(position)) waits_for_place(position);
  }

  void refused(std::size_t position, Verdict verdict, const HttpReply& reply) {
    OpenSet& set = at(position);
    if (verdict == Verdict::kRedirect) {
      if (++set.redirects > kMostRedirects)
        return failed(set, {ErrorKind::kPermanent,
                            fmt::format("{} redirects more than {} times",
                                        host_header(set.asked.request.origin), kMostRedirects),
                            {}});
      auto there = redirected(std::move(set.asked), reply, {.allow_http = options_.allow_http});
      if (!there) return failed(set, std::move(there).error());
      built(set, *std::move(there));
      return waits_for_place(position);
    }
    if (verdict == Verdict::kUnauthorized && !set.has_new_credentials &&
        asking_.refused(set.n, set.asked.request)) {
      set.has_new_credentials = true;
      set.redirects = 0;
      if (build(position)) waits_for_place(position);
      return;
    }
    failed(set, {ErrorKind::kPermanent, describe_status(set.asked.request, reply.status), {}});
  }

  void turned_away(std::size_t position, const HttpReply& reply) {
    OpenSet& set = at(position);
    const auto come_back = retry_after(reply.header("retry-after"), clock_.wall());
    const bool is_about_all = reply.status == 429;  // 503 may be about this request only
    Error error{ErrorKind::kRetryable, describe_status(set.asked.request, reply.status), {}};
    if (come_back && *come_back > kLongestComeBack) {
      set.server->pace.turned_away(set.sent, now_, std::nullopt);
      error.message +=
          fmt::format(" and wants to be left alone for {} s",
                      std::chrono::duration_cast<std::chrono::seconds>(*come_back).count());
      if (set.server->pace.is_down()) {
        error.message += "; run it again after that, it goes on where it stopped";
        gone_ = std::move(error);
        return;
      }
      return failed(set, std::move(error));
    }
    set.server->pace.turned_away(set.sent, now_, is_about_all ? come_back : std::nullopt);
    if (come_back) alive_ = std::max(alive_, now_ + *come_back);
    last_refusal_ = error.message;
    try_again(position, std::move(error), come_back.value_or(std::chrono::milliseconds(0)));
  }

  void try_again(std::size_t position, Error error, std::chrono::milliseconds not_before) {
    OpenSet& set = at(position);
    set.redirects = 0;
    set.built.reset();
    if (++set.failures > options_.retries) {
      if (options_.retries > 0) error.message += fmt::format(" (tried {} times)", set.failures);
      return failed(set, std::move(error));
    }
    const bool is_down = set.server != nullptr && set.server->pace.is_down();
    if (!budget_.take() && !is_down) {
      error.message += "; it was not tried again, because too many requests have failed";
      return failed(set, std::move(error));
    }
    if (is_down) last_refusal_ = error.message;
    ++progress_.retries;
    retries_.emplace(now_ + std::max(not_before, backoff_.after(set.failures)), position);
  }

  void failed(OpenSet& set, Error error) {
    set.answer.failure = std::move(error);
    ++progress_.failed;
    done(set);
  }
  void done(OpenSet& set) {
    set.is_done = true;
    set.page = {};
    set.asked = {};
  }

  void is_alive() {
    alive_ = std::max(alive_, now_);
    was_ever_alive_ = true;
  }

  // What is handed over.

  Result<void> deliver() {
    for (std::size_t i = 0; i < kDeliveries && !open_.empty() && open_.front().is_done; ++i) {
      OpenSet set = std::move(open_.front());
      open_.pop_front();
      ++base_;
      // The next one reads on while this one is dealt with.
      if (options_.memory) options_.memory->first_in_line(base_);
      ++progress_.answered;
      auto dealt = asking_.answered(set.n, std::move(set.answer));
      give_back(set.held);
      LAKEGATE_CHECK(std::move(dealt));
    }
    return {};
  }

  Result<void> deliver_all() {
    while (!open_.empty() && open_.front().is_done) LAKEGATE_CHECK(deliver());
    return {};
  }

  // What is asked.

  // Builds the request of the set's page. False: that is not to be now, or never.
  bool build(std::size_t position) {
    OpenSet& set = at(position);
    auto request = asking_.request(set.n, set.page);
    if (!request) {
      if (request.error().kind == ErrorKind::kRetryable)
        try_again(position, std::move(request).error(), std::chrono::milliseconds(0));
      else
        failed(set, std::move(request).error());
      return false;
    }
    built(set, *std::move(request));
    return true;
  }
  void built(OpenSet& set, AuthorizedRequest request) {
    set.asked = std::move(request);
    set.built = now_;
    const HttpOrigin& origin = set.asked.request.origin;
    auto found = servers_.find(origin);
    if (found == servers_.end())
      found = servers_
                  .try_emplace(
                      origin, Server{.pace = ServerPace({.concurrency = concurrency_,
                                                         .requests_per_second =
                                                             options_.requests_per_second_per_host},
                                                        options_.seed + servers_.size() + 1),
                                     .ready = {}})
                  .first;
    set.server = &found->second;
  }

  void resume_retries() {
    while (!retries_.empty() && retries_.top().first <= now_) {
      const std::size_t position = retries_.top().second;
      retries_.pop();
      OpenSet& set = at(position);
      if (set.server != nullptr || build(position)) waits_for_place(position);
    }
    if (!retries_.empty()) wake_at(retries_.top().first);
  }

  bool has_place(std::size_t position) const {
    return in_flight_ + (is_oldest(position) ? 0 : 1) < concurrency_;
  }
  // Whether the set may be sent now; when, is told to wake_at.
  bool may_send(std::size_t position, ServerPace& pace) {
    if (!has_place(position)) return false;
    // The oldest must not wait for places that are taken by what waits for it.
    const bool others_wait_for_it =
        is_oldest(position) && options_.memory && options_.memory->is_spent();
    if (!pace.has_room() && !others_wait_for_it) return false;
    const PaceTime at = std::max(pace.ready_at(now_), rate_.ready_at(now_));
    if (at <= now_) return true;
    wake_at(at);
    return false;
  }

  void waits_for_place(std::size_t position) {
    Server* const server = at(position).server;
    if (server->ready.insert(position).second) ++ready_;
    with_ready_.insert(server);
  }
  void forget_place(Server& server, std::size_t position) {
    ready_ -= server.ready.erase(position);
    if (server.ready.empty()) with_ready_.erase(&server);
  }

  void send_ready() {
    for (Server* const server : std::vector(with_ready_.begin(), with_ready_.end())) {
      while (!server->ready.empty()) {
        const std::size_t position = *server->ready.begin();
        if (!may_send(position, server->pace)) break;
        forget_place(*server, position);
        OpenSet& set = at(position);
        const bool is_fresh = set.built && now_ - *set.built < kFresh;
        if (!is_fresh && !build(position)) continue;
        if (set.server == server)
          send(position);
        else
          waits_for_place(position);
      }
    }
  }

  void begin_sets() {
    while (next_ < sets_.size() && !is_closing_ && ready_ < kAhead && has_memory()) {
      const std::size_t position = base_ + open_.size();
      if (!has_place(position)) return;
      if (!asking_.may_begin(sets_[next_])) {
        is_closing_ = true;
        return forget_unsent();
      }
      open_.emplace_back().n = sets_[next_++];
      ++progress_.begun;
      if (!build(position)) continue;
      Server& server = *at(position).server;
      if (server.ready.empty() && may_send(position, server.pace))
        send(position);
      else
        waits_for_place(position);
    }
  }
  // Begun, but nobody outside has seen anything of them.
  void forget_unsent() {
    while (!open_.empty() && open_.back().built && !open_.back().first_sent) {
      forget_place(*open_.back().server, base_ + open_.size() - 1);
      open_.pop_back();
      --next_;
      --progress_.begun;
    }
  }
  bool has_memory() const {
    if (!options_.memory || open_.empty()) return true;
    const double coming = static_cast<double>(in_flight_ + 1) * usual_reply_;
    return static_cast<double>(options_.memory->held()) + coming <=
           static_cast<double>(options_.memory->limit());
  }

  void send(std::size_t position) {
    OpenSet& set = at(position);
    set.built.reset();
    set.sent = now_;
    if (!set.first_sent) set.first_sent = now_;
    if (set.redirects == 0) ++set.answer.attempts;
    rate_.sent();
    budget_.asked();
    set.server->pace.sent();
    ++in_flight_;
    most_in_flight_ = std::max(most_in_flight_, in_flight_);
    HttpRequest request = set.asked.request;
    request.order = position;
    batch_.push_back({std::move(request), [inbox = inbox_, position](Result<HttpReply> outcome) {
                        inbox->put({position, std::move(outcome)});
                      }});
    if (batch_.size() == kBatch) flush();
  }
  void flush() {
    if (!batch_.empty()) client_.send_all(std::exchange(batch_, {}));
  }

  // The end.

  bool has_to_give_up() {
    if (now_ < options_.give_up_at && !(options_.give_up && options_.give_up())) {
      wake_at(options_.give_up_at);
      return false;
    }
    return true;
  }
  Result<void> servers_are_there() const {
    const bool is_any_down =
        std::ranges::any_of(servers_, [](const auto& one) { return one.second.pace.is_down(); });
    const auto patience = was_ever_alive_ ? options_.give_up_after : options_.give_up_after / 3;
    if (!is_any_down || now_ - alive_ < patience) return {};
    return fail(ErrorKind::kRetryable,
                fmt::format("nothing else has come back for {} s: {}; run it again when the "
                            "servers are there, it goes on where it stopped",
                            std::chrono::duration_cast<std::chrono::seconds>(patience).count(),
                            last_refusal_));
  }

  void tell_progress() {
    progress_.in_flight = in_flight_;
    told_ = now_;
    asking_.progress(progress_);
  }
  EngineStats stats() const {
    return {.total = progress_,
            .most_in_flight = most_in_flight_,
            .took = std::chrono::duration_cast<std::chrono::milliseconds>(now_ - started_),
            .complete = open_.empty() && next_ == sets_.size()};
  }

  HttpClient& client_;
  const EngineOptions& options_;
  const std::vector<std::size_t>& sets_;
  Asking& asking_;
  EngineClock machine_clock_;
  EngineClock& clock_;
  std::shared_ptr<Inbox> inbox_;

  const std::size_t concurrency_;
  RequestRate rate_;
  RetryBudget budget_;
  RetryBackoff backoff_;
  std::map<HttpOrigin, Server> servers_;
  std::set<Server*> with_ready_;
  std::size_t ready_ = 0;  // sets in their `ready`
  double usual_reply_ = kFirstGuess;

  // Sets have positions in `sets_`; those in `open_` begin at base_.
  std::deque<OpenSet> open_;
  std::size_t base_ = 0;
  std::size_t next_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t most_in_flight_ = 0;
  using Retry = std::pair<PaceTime, std::size_t>;
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
  std::vector<HttpClient::Sending> batch_;

  EngineProgress progress_;
  PaceTime now_;
  PaceTime started_;
  PaceTime told_{};
  PaceTime wake_{};
  PaceTime alive_;  // when something came through
  bool was_ever_alive_ = false;
  bool is_closing_ = false;
  std::string last_refusal_;
  std::optional<Error> gone_;
};

}  // namespace

std::chrono::steady_clock::time_point EngineClock::now() {
  return std::chrono::steady_clock::now();
}

std::chrono::system_clock::time_point EngineClock::wall() {
  return std::chrono::system_clock::now();
}

void EngineClock::wait(std::unique_lock<std::mutex>& lock, std::condition_variable& woken,
                       std::chrono::steady_clock::time_point until) {
  woken.wait_until(lock, until);
}

Result<EngineStats> run_engine(HttpClient& client, const EngineOptions& options,
                               const std::vector<std::size_t>& sets, Asking& asking) {
  return Engine(client, options, sets, asking).run();
}

}  // namespace lakegate
