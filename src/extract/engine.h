// Asks many requests at once, as fast as the server and the limits let it, within a bounded memory,
// and hands over the answers in the order of the plan.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "extract/exchange.h"
#include "lake/error.h"
#include "net/http_client.h"
#include "net/reply_memory.h"

namespace lakegate {

// Time, and waiting for it; tests have one of their own.
class EngineClock {
 public:
  using Time = std::chrono::steady_clock::time_point;
  virtual ~EngineClock() = default;
  virtual Time now() = 0;
  virtual std::chrono::system_clock::time_point wall() = 0;  // for dates in Retry-After
};

struct EngineOptions {
  std::size_t concurrency = 256;   // requests in flight; within most_connections() in any case
  double requests_per_second = 0;  // 0: no limit
  double requests_per_second_per_host = 0;  // 0: no limit
  int retries = 5;                          // of one request, after the first attempt
  double retry_budget = 0.5;                // retries as a share of the requests
  bool allow_http = false;                  // redirects to http
  // Every server refuses or loses connections for so long: the run ends, and what was begun is not
  // answered, so that a lost network is not taken for failures of the sets.
  std::chrono::milliseconds give_up_after{60'000};
  // When it has passed, run_engine returns without what is still in flight.
  std::chrono::steady_clock::time_point give_up_at = std::chrono::steady_clock::time_point::max();
  // True: as if give_up_at had passed (a second Ctrl-C). Asked at least every 200 ms.
  std::function<bool()> give_up;
  // The one of the client's HttpOptions; none: no bound.
  std::shared_ptr<ReplyMemory> memory;
  std::uint64_t seed = 0;  // of jitter
};

struct EngineStats {
  EngineProgress total;
  std::size_t most_in_flight = 0;
  std::chrono::milliseconds took{};
  bool complete = false;  // every set was answered
};

// What a client for servers of a source needs besides: HTTP/2, decoding, timeouts, addresses are
// set by the caller. Connections: as many as `concurrency`.
//
// `sets` are begun in order. Answered ones wait for their turn; when memory is spent no new one is
// begun until the oldest is answered. Retried: no connection or one that is lost, timeouts, 408,
// 425, 429, 5xx. At most 5 redirects are followed, https to http only with allow_http, and
// credentials are not sent to another origin. Errors are those of Asking::answered, and kRetryable
// when the servers are gone.
Result<EngineStats> run_engine(HttpClient& client, const EngineOptions& options,
                               const std::vector<std::size_t>& sets, Asking& asking);

}  // namespace lakegate
