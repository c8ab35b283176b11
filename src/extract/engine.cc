#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "extract/engine_run.h"
#include "net/descriptors.h"

namespace lakegate {
namespace {

constexpr std::size_t kBudgetToBeginWith = 100;
// Sets that are begun although their server has no place for them yet.
constexpr std::size_t kAhead = 8;
constexpr std::size_t kBatch = 64;
constexpr std::chrono::seconds kBetweenCredentials{1};  // tries to have some
constexpr std::size_t kDeliveries = 16;                 // before replies are looked after again
constexpr std::chrono::milliseconds kTick{200};
// How large replies are before any has been seen: some hundreds are asked for at once in a few MiB.
// If it is wrong, they wait for memory, after kReplyWindow of each.
constexpr double kFirstGuess = 8 * 1024;
// What a set takes from when it is begun, whatever becomes of it: those behind an old one that is
// still waited for may all fail at once.
constexpr std::size_t kSetBytes = 1024;

}  // namespace

EngineRun::EngineRun(HttpClient& client, const EngineOptions& options,
                     const std::vector<std::size_t>& sets, Asking& asking)
    : client_(client),
      options_(options),
      sets_(sets),
      asking_(asking),
      clock_(options.clock != nullptr ? *options.clock : machine_clock_),
      concurrency_(std::clamp<std::size_t>(options.concurrency, 1, most_connections())),
      seed_(options.seed ? *options.seed : std::random_device()()),
      inbox_(std::make_shared<Inbox>(options.memory)),
      servers_({.concurrency = concurrency_,
                .ahead = options.ahead,
                .requests_per_second = options.requests_per_second,
                .requests_per_second_each = options.requests_per_second_per_host,
                .seed = seed_}),
      budget_(options.retry_budget, 2 * concurrency_ + kBudgetToBeginWith),
      backoff_({}, seed_),
      usual_reply_(kFirstGuess),
      now_(clock_.now()),
      started_(now_),
      alive_(now_) {}

EngineRun::~EngineRun() {
  inbox_->close();
  for (const OpenSet& set : open_) give_back(set.held);
}

Result<EngineStats> EngineRun::run() {
  std::vector<ArrivedReply> arrivals;
  if (options_.memory) options_.memory->first_in_line(0);
  while (true) {
    wake_ = now_ + kTick;
    for (ArrivedReply& arrival : arrivals) arrived(arrival.position, std::move(arrival.outcome));
    if (gone_) return Failure(*gone_);
    resume_retries();
    LAKEGATE_CHECK(deliver());
    if (open_.empty() && (is_closing_ || next_ == sets_.size())) break;
    if (has_to_give_up()) {
      LAKEGATE_CHECK(deliver_all());
      break;
    }
    LAKEGATE_CHECK(servers_are_there());
    send_waiting();
    begin_sets();
    flush();
    let_go();
    if (now_ - told_ >= kTick) tell_progress();
    const bool has_more = !open_.empty() && open_.front().is_done;
    inbox_->take(arrivals, clock_, has_more ? now_ : wake_);
    now_ = clock_.now();
  }
  tell_progress();
  return EngineStats{.total = progress_,
                     .most_in_flight = std::min(servers_.most_in_flight(), concurrency_),
                     .took = std::chrono::duration_cast<std::chrono::milliseconds>(now_ - started_),
                     .complete = open_.empty() && next_ == sets_.size()};
}

void EngineRun::give_back(std::size_t bytes) {
  if (options_.memory && bytes > 0) options_.memory->give_back(bytes);
}

void EngineRun::begin_sets() {
  while (next_ < sets_.size() && !is_closing_ && servers_.waiting() < kAhead && has_memory() &&
         now_ >= hold_until_) {
    const std::size_t position = base_ + open_.size();
    if (!servers_.has_place(terms(position))) return;
    if (!asking_.may_begin(sets_[next_])) {
      is_closing_ = true;
      hold_back();
      return forget_unsent();
    }
    open_.emplace_back().n = sets_[next_++];
    if (options_.memory) options_.memory->take(kSetBytes);
    open_.back().held = kSetBytes;
    ++progress_.begun;
    if (!build(position)) continue;
    Server& server = *at(position).server;
    if (server.waiting.empty() && may_send(position))
      send(position);
    else
      servers_.wait(server, position);
  }
}

// Whether one more reply of the usual size would fit beside those that are coming.
bool EngineRun::has_memory() const {
  if (!options_.memory || open_.empty()) return true;
  const double coming = static_cast<double>(servers_.in_flight() + 1) * usual_reply_;
  return static_cast<double>(options_.memory->held()) + coming <=
         static_cast<double>(options_.memory->limit());
}

// Those at the end that have been begun, but nobody outside has seen anything of them.
void EngineRun::forget_unsent() {
  while (!open_.empty() && open_.back().built && !open_.back().first_sent) {
    servers_.forget(*open_.back().server, base_ + open_.size() - 1);
    give_back(open_.back().held);
    open_.pop_back();
    --next_;
    --progress_.begun;
  }
}

// The request of the set's page. False: there is none now, or never.
bool EngineRun::build(std::size_t position) {
  OpenSet& set = at(position);
  auto request = asking_.request(set.n, set.page);
  if (!request) {
    not_built(position, std::move(request).error());
    return false;
  }
  built(position, *std::move(request));
  return true;
}

void EngineRun::not_built(std::size_t position, Error error) {
  if (error.kind != ErrorKind::kRetryable) return failed(at(position), std::move(error));
  // Whoever gives tokens or keys is not there for now. No set is to blame for it, and none has a
  // better chance than this one: all wait, and it costs none a retry.
  OpenSet& set = at(position);
  set.redirects = 0;
  set.built.reset();
  last_refusal_ = std::move(error.message);
  if (!without_credentials_) without_credentials_ = now_;
  hold_until_ = now_ + kBetweenCredentials;
  retries_.emplace(hold_until_, position);
}

void EngineRun::built(std::size_t position, AuthorizedRequest request) {
  without_credentials_.reset();
  OpenSet& set = at(position);
  request.request.order = position;
  set.server = &servers_.of(request.request.origin);
  set.asked = std::make_shared<const AuthorizedRequest>(std::move(request));
  set.built = now_;
}

void EngineRun::resume_retries() {
  while (!retries_.empty() && retries_.top().first <= now_) {
    const std::size_t position = retries_.top().second;
    retries_.pop();
    if (at(position).server != nullptr || build(position))
      servers_.wait(*at(position).server, position);
  }
  if (!retries_.empty()) wake_at(retries_.top().first);
}

// The oldest; but while a server is tried out, that does not cost the same set all its retries.
std::size_t EngineRun::first_waiting(const Server& server) {
  if (!server.pace.is_down()) return *server.waiting.begin();
  return *std::ranges::min_element(server.waiting, {},
                                   [&](std::size_t position) { return at(position).failures; });
}

void EngineRun::send_waiting() {
  for (Server* const server : servers_.waited_for()) {
    while (!server->waiting.empty()) {
      const std::size_t position = first_waiting(*server);
      if (!may_send(position)) break;
      servers_.forget(*server, position);
      OpenSet& set = at(position);
      // (A redirect cannot be built again but from its beginning.)
      const bool is_fresh = set.built && (set.redirects > 0 || now_ - *set.built < kFresh);
      if (!is_fresh && !build(position)) continue;
      if (set.server == server)
        send(position);
      else
        servers_.wait(*set.server, position);
    }
  }
}

// One place is kept for the oldest set while it has none: the others may all come to wait for it,
// holding theirs. Then it need not wait for the pace either, which counts them as under way.
Servers::Terms EngineRun::terms(std::size_t position) const {
  if (position == base_)
    return {.beyond_pace = options_.memory != nullptr && options_.memory->is_spent()};
  return {.leaves_one_free = !open_.front().is_in_flight};
}

bool EngineRun::may_send(std::size_t position) {
  const auto when = servers_.place_at(*at(position).server, terms(position), now_);
  if (when && *when > now_) wake_at(*when);
  return when && *when <= now_;
}

void EngineRun::send(std::size_t position) {
  OpenSet& set = at(position);
  set.built.reset();
  set.is_in_flight = true;
  set.sent = now_;
  if (!set.first_sent) set.first_sent = now_;
  if (set.redirects == 0) ++set.answer.attempts;
  if (set.failures == 0 && set.redirects == 0) budget_.asked();
  servers_.sent(*set.server);
  batch_.push_back({std::shared_ptr<const HttpRequest>(set.asked, &set.asked->request),
                    [inbox = inbox_, client = &client_, position](auto outcome) {
                      if (inbox->put({position, std::move(outcome)}))
                        client->after_callbacks([inbox] { inbox->wake(); });
                    }});
  if (batch_.size() == kBatch) flush();
}

void EngineRun::flush() {
  if (!batch_.empty()) client_.send_all(std::exchange(batch_, {}));
}

// When all have been handed over.
void EngineRun::let_go() {
  if (has_let_go_ || !options_.one_page_each || next_ < sets_.size() || servers_.waiting() > 0 ||
      !retries_.empty())
    return;
  has_let_go_ = true;
  client_.let_go();
}

Result<void> EngineRun::deliver() {
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

Result<void> EngineRun::deliver_all() {
  while (!open_.empty() && open_.front().is_done) LAKEGATE_CHECK(deliver());
  return {};
}

bool EngineRun::has_to_give_up() {
  wake_at(options_.give_up_at);
  return now_ >= options_.give_up_at || (options_.give_up && options_.give_up());
}

Result<void> EngineRun::servers_are_there() const {
  const auto patience = was_ever_alive_ ? options_.give_up_after : options_.give_up_after / 3;
  const bool no_credentials = without_credentials_ && now_ - *without_credentials_ >= patience;
  if (now_ - alive_ < patience || !(servers_.is_any_down() || no_credentials)) return {};
  return fail(ErrorKind::kRetryable,
              fmt::format("nothing else has come back for {} s: {}; run it again when the "
                          "servers are there, it goes on where it stopped",
                          std::chrono::duration_cast<std::chrono::seconds>(patience).count(),
                          last_refusal_));
}

void EngineRun::tell_progress() {
  progress_.in_flight = std::min(servers_.in_flight(), concurrency_);
  told_ = now_;
  asking_.progress(progress_);
}

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
  return EngineRun(client, options, sets, asking).run();
}

}  // namespace lakegate
