#include "net/http_pools.h"

#include <algorithm>
#include <future>
#include <ranges>
#include <utility>

#include "net/descriptors.h"
#include "net/http_error.h"

namespace lakegate {
namespace {

constexpr std::chrono::milliseconds kOftenest{10};
constexpr std::chrono::milliseconds kSeldomest{250};
constexpr int kLooksATimeout = 10;
constexpr std::size_t kFewConnections = 128;
// Between so many the event loop looks at its sockets: making a connection takes it a tenth of a
// millisecond, and those that are there should not wait for hundreds of others.
constexpr std::size_t kStartedAtOnce = 16;

}  // namespace

Result<std::shared_ptr<HttpPools>> HttpPools::create(const HttpOptions& options) {
  // Which is waiting for other CPUs, for longer than a start of the CRT takes.
  std::future<void> room;
  if (options.max_connections > kFewConnections)
    room = std::async(std::launch::async, make_room_for_connections, options.max_connections);
  LAKEGATE_TRY(CrtRuntime * runtime, CrtRuntime::start());
  std::shared_ptr<HttpPools> pools(new HttpPools(options, *runtime));
  // Early, so that a CA file that cannot be read is said when it is named.
  if (!options.ca_file.empty()) {
    LAKEGATE_TRY(pools->tls_, make_tls_context({options.ca_file, options.keep_system_cas}));
  }
  if (options.addresses) {
    LAKEGATE_TRY(pools->checked_, CheckedBootstrap::create(*runtime, *options.addresses));
    if (!options.first_host.empty() && !options.use_proxy)
      pools->checked_->look_up_ahead(options.first_host);
  }
  if (options.memory)
    options.memory->when_there_is_room([weak = std::weak_ptr(pools), runtime] {
      if (auto self = weak.lock()) runtime->post([self = std::move(self)] { self->read_on(); });
    });
  return pools;
}

void HttpPools::on_event_loop(std::function<void()> what) {
  if (runtime_.on_event_loop())
    what();
  else
    runtime_.post(std::move(what));
}

void HttpPools::send_all(std::vector<HttpClient::Sending> batch) {
  {
    const std::lock_guard guard(mutex_);
    outstanding_ += batch.size();
  }
  on_event_loop([self = shared_from_this(),
                 all = std::make_shared<std::vector<HttpClient::Sending>>(std::move(batch))] {
    for (HttpClient::Sending& one : *all) self->queue(std::move(one));
    if (!self->is_starting_) self->start_some();
  });
}

void HttpPools::queue(HttpClient::Sending sending) {
  // Nearly always at the end.
  const auto later = [order = sending.request->order](const Queued& one) {
    return one.order() <= order;
  };
  const auto before = std::find_if(to_start_.rbegin(), to_start_.rend(), later).base();
  to_start_.insert(before, {.sending = std::move(sending), .since = HttpExchange::Clock::now()});
}

bool HttpPools::has_place(std::uint64_t order) const {
  if (is_closed_) return true;  // it is only told so
  const auto& memory = options_.memory;
  const bool takes_the_last = !memory || memory->is_first_in_line(order);
  return in_flight_ < options_.max_in_flight - (takes_the_last ? 0 : 1);
}

bool HttpPools::first_may_start() {
  if (to_start_.empty()) {
    if (options_.memory) options_.memory->nobody_waits_for_its_turn();
    return false;
  }
  const std::uint64_t order = to_start_.front().order();
  if (has_place(order)) return true;
  if (!options_.memory || in_flight_ >= options_.max_in_flight) return false;
  // A place is there, which it may have when its turn comes; perhaps that was just now.
  options_.memory->waits_for_its_turn(order);
  return has_place(order);
}

void HttpPools::start_some() {
  is_starting_ = true;  // what is refused calls back from here, and may send more
  for (std::size_t i = 0; i < kStartedAtOnce && first_may_start(); ++i) {
    Queued first = std::move(to_start_.front());
    to_start_.pop_front();
    start(std::move(first));
  }
  is_starting_ = first_may_start();
  if (is_starting_) runtime_.post([self = shared_from_this()] { self->start_some(); });
}

void HttpPools::start(Queued queued) {
  ++in_flight_;
  auto& [sending, since] = queued;
  auto pool = pool_of(sending.request->origin);
  auto exchange = std::make_unique<HttpExchange>(
      shared_from_this(), std::move(sending.request), std::move(sending.done),
      std::chrono::duration_cast<std::chrono::microseconds>(HttpExchange::Clock::now() - since));
  if (pool)
    (*pool)->send(std::move(exchange));
  else
    HttpExchange::refuse(std::move(exchange), std::move(pool).error());
}

Result<HttpPool*> HttpPools::pool_of(const HttpOrigin& origin) {
  if (is_closed_) return fail(ErrorKind::kRetryable, "the HTTP client is closed");
  const auto found = pools_.find(origin);
  if (found != pools_.end()) return found->second.get();
  if (origin.tls && !tls_) {
    LAKEGATE_TRY(tls_, make_tls_context({options_.ca_file, options_.keep_system_cas}));
  }
  // It keeps what it uses for as long as its connections last, which may be longer than the client.
  LAKEGATE_TRY(
      auto pool,
      HttpPool::create(
          origin,
          {.options = options_, .runtime = runtime_, .checked = checked_.get(), .tls = tls_.get()},
          shared_from_this()));
  return pools_.emplace(origin, std::move(pool)).first->second.get();
}

void HttpPools::began(HttpExchange& exchange) {
  exchange.place = running_.size();
  running_.push_back(&exchange);
  const bool has_timeouts =
      options_.first_byte_timeout.count() > 0 || options_.total_timeout.count() > 0;
  if (has_timeouts && !is_watching_) watch_the_time();
}

// One look at all that runs, now and then, costs less than a timer for each.
void HttpPools::watch_the_time() {
  is_watching_ = true;
  std::chrono::milliseconds shortest = std::chrono::milliseconds::max();
  for (const auto timeout : {options_.first_byte_timeout, options_.total_timeout})
    if (timeout.count() > 0) shortest = std::min(shortest, timeout);
  const auto pause = std::clamp(shortest / kLooksATimeout, kOftenest, kSeldomest);
  runtime_.post(
      [self = shared_from_this()] {
        self->is_watching_ = false;
        if (self->running_.empty()) return;
        const auto now = HttpExchange::Clock::now();
        for (HttpExchange* const exchange : self->running_) exchange->give_up_if_late(now);
        self->watch_the_time();
      },
      pause);
}

void HttpPools::waits_for_memory(HttpExchange& exchange) {
  for_memory_.emplace(exchange.order(), &exchange);
  options_.memory->somebody_waits(true);
  // Room that was made in between was not told of.
  if (options_.memory->may_read(exchange.order()))
    runtime_.post([self = shared_from_this()] { self->read_on(); });
}

void HttpPools::read_on() {
  const ReplyMemory& memory = *options_.memory;
  // What may be read on will take a window each before it can be stopped again.
  const std::size_t held = memory.held();
  std::size_t room = memory.limit() > held ? memory.limit() - held : 0;
  while (!for_memory_.empty()) {
    const auto first = for_memory_.begin();
    const bool is_first_in_line = memory.is_spent() && memory.may_read(first->first);
    // What was complete has been decompressed meanwhile, to whatever size.
    if ((room == 0 || memory.is_spent()) && !is_first_in_line) break;
    room -= std::min(room, kReplyWindow);
    HttpExchange* const exchange = first->second;
    for_memory_.erase(first);
    exchange->read_on();
  }
  options_.memory->somebody_waits(!for_memory_.empty());
  if (!is_starting_) start_some();
}

void HttpPools::ended(HttpExchange& exchange) {
  const std::size_t place = exchange.place;
  if (place < running_.size() && running_[place] == &exchange) {
    running_[place] = running_.back();
    running_[place]->place = place;
    running_.pop_back();
  }
  const auto [first, last] = for_memory_.equal_range(exchange.order());
  const auto waiting =
      std::find_if(first, last, [&](const auto& one) { return one.second == &exchange; });
  if (waiting != last) for_memory_.erase(waiting);
}

void HttpPools::gone() {
  --in_flight_;
  if (!is_starting_ && !to_start_.empty()) start_some();
  // What waits for memory that has become free while nobody gave any back.
  if (!for_memory_.empty() && !options_.memory->is_spent())
    runtime_.post([self = shared_from_this()] { self->read_on(); });
  not_outstanding(1);
}

void HttpPools::not_outstanding(std::size_t requests) {
  const std::lock_guard guard(mutex_);
  outstanding_ -= requests;
  if (outstanding_ == 0) all_gone_.notify_all();
}

void HttpPools::close_all() {
  is_closed_ = true;
  for (HttpExchange* const exchange : std::vector(running_)) exchange->cancel();
  for (const auto& [order, exchange] : std::exchange(for_memory_, {})) exchange->cancel();
  for (const auto& [origin, pool] : pools_) pool->close();
  if (!is_starting_) start_some();
}

void HttpPools::recall() {
  on_event_loop([self = shared_from_this()] {
    const auto recalled = std::exchange(self->to_start_, {});
    for (const Queued& one : std::views::reverse(recalled))
      one.sending.done(Failure(Error{ErrorKind::kRetryable, std::string(kRecalled), {}}));
    self->not_outstanding(recalled.size());
  });
}

void HttpPools::let_go() {
  on_event_loop([self = shared_from_this()] { self->lets_go_ = true; });
}

void HttpPools::close() {
  if (options_.memory) options_.memory->when_there_is_room(nullptr);
  on_event_loop([self = shared_from_this()] { self->close_all(); });
  // On the event loop's own thread nothing would ever happen while we wait.
  if (runtime_.on_event_loop()) return;
  std::unique_lock lock(mutex_);
  all_gone_.wait(lock, [&] { return outstanding_ == 0; });
}

}  // namespace lakegate
