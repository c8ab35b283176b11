// Where replies arrive from the event loop's thread and are fetched by the engine's.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "lake/error.h"
#include "net/http.h"
#include "net/reply_memory.h"

namespace lakegate {

class EngineClock;

struct ArrivedReply {
  std::size_t position = 0;  // of the set in the engine's order
  Result<HttpReply> outcome;
};

// Shared with the callbacks, which may come when the engine has gone.
class Inbox {
 public:
  explicit Inbox(std::shared_ptr<ReplyMemory> memory) : memory_(std::move(memory)) {}

  // On any thread. True: somebody waits, and is to be woken, soon.
  bool put(ArrivedReply arrival);
  void wake() { woken_.notify_one(); }
  // Swaps what has arrived with `arrivals`, which is emptied first. If nothing has, waits.
  void take(std::vector<ArrivedReply>& arrivals, EngineClock& clock,
            std::chrono::steady_clock::time_point until);
  // Nobody takes any more.
  void close();

 private:
  void discard(const ArrivedReply& arrival);

  const std::shared_ptr<ReplyMemory> memory_;
  std::mutex mutex_;
  std::condition_variable woken_;
  std::vector<ArrivedReply> arrivals_;
  bool somebody_waits_ = false;
  bool is_closed_ = false;
};

}  // namespace lakegate
