// Asks many requests at once, as fast as the server and the limits let it, within a bounded memory,
// and hands over the answers in the order of the plan.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "extract/exchange.h"
#include "lake/error.h"
#include "net/http_client.h"
#include "net/reply_memory.h"

namespace lakegate {

// Time, and waiting for it: the machine's, unless a test brings one of its own.
class EngineClock {
 public:
  virtual ~EngineClock() = default;
  virtual std::chrono::steady_clock::time_point now();
  virtual std::chrono::system_clock::time_point wall();  // for dates in Retry-After
  // Returns at `until`, or earlier if `woken` is notified. `lock` is held.
  virtual void wait(std::unique_lock<std::mutex>& lock, std::condition_variable& woken,
                    std::chrono::steady_clock::time_point until);
};

struct EngineOptions {
  std::size_t concurrency = 256;  // requests in flight; within most_connections() in any case
  // So many more are handed to the client, which sends them when others have ended without waiting
  // for this to hear of it; only while no server has shown that it is too much. The client holds
  // to `concurrency` by itself then (HttpOptions::max_in_flight).
  std::size_t ahead = 0;
  bool one_page_each = false;  // no set has further pages, so that the last ones need no connection
  double requests_per_second = 0;           // 0: no limit
  double requests_per_second_per_host = 0;  // 0: no limit
  int retries = 5;                          // of one request, after the first attempt
  double retry_budget = 0.5;                // retries as a share of the requests
  bool allow_http = false;                  // redirects to http
  // For so long nothing but refusals (no connection, 429, 503): the run ends with an error, and
  // what was begun is not answered, so that a lost network is not taken for failures of the sets.
  // Third of it where there has never been anything else.
  std::chrono::milliseconds give_up_after{60'000};
  // When it has passed, run_engine returns without what is still in flight.
  std::chrono::steady_clock::time_point give_up_at = std::chrono::steady_clock::time_point::max();
  // True: as if give_up_at had passed (a second Ctrl-C). Asked at least every 200 ms.
  std::function<bool()> give_up;
  // The one of the client's HttpOptions; none: no bound.
  std::shared_ptr<ReplyMemory> memory;
  // What the pages of one set may come to, since they wait for the last one: more fails the set.
  std::size_t most_of_a_set = SIZE_MAX;
  std::optional<std::uint64_t> seed;  // of jitter; none: another one each run
  EngineClock* clock = nullptr;       // null: the machine's
};

struct EngineStats {
  EngineProgress total;
  std::size_t most_in_flight = 0;
  std::chrono::milliseconds took{};
  bool complete = false;  // every set was answered
};

// `sets` are begun in order. Answered ones wait for their turn; when memory is spent no new one is
// begun until the oldest is answered. One place of `concurrency` is kept for the oldest, so that
// what waits for it cannot block it; with a concurrency of 1 sets follow each other.
//
// Tried again: no connection or one that is lost, timeouts, 408, 425, 429, 5xx. At most 5 redirects
// are followed, https to http only with allow_http; credentials are not sent to another origin. An
// Error is one of Asking::answered, or kRetryable when the servers are gone.
//
// `client` needs max_connections of at least `concurrency`, and the same memory.
Result<EngineStats> run_engine(HttpClient& client, const EngineOptions& options,
                               const std::vector<std::size_t>& sets, Asking& asking);

}  // namespace lakegate
