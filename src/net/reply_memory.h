// Bounds what replies hold between the network and whoever uses them, whatever their number and
// size: when it is spent, only the first in line is read on.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace lakegate {

// Thread-safe. Not a hard limit: what has been received is taken even if it is more than is left,
// and the first in line always reads on. So at most `limit` is held, plus what connections receive
// unasked (about 100 KB each, of large replies), plus one whole reply.
class ReplyMemory {
 public:
  explicit ReplyMemory(std::size_t limit) : limit_(limit) {}

  std::size_t limit() const { return limit_; }
  std::size_t held() const { return held_; }
  bool is_spent() const { return held_ >= limit_; }

  void take(std::size_t bytes) { held_ += bytes; }
  void give_back(std::size_t bytes);

  // Requests up to this order (HttpRequest::order) read on even when all is spent.
  void first_in_line(std::uint64_t order);
  bool is_first_in_line(std::uint64_t order) const { return order <= first_; }
  bool may_read(std::uint64_t order) const { return !is_spent() || is_first_in_line(order); }

  // Of the client whose replies wait: what to call, on the thread that makes room or names another
  // first, while somebody waits. Nothing: the client is gone.
  void when_there_is_room(std::function<void()> what);
  void somebody_waits(bool yes) { somebody_waits_ = yes; }
  // Whoever waits to be the first in line, and for nothing else.
  void waits_for_its_turn(std::uint64_t order) { next_in_line_ = order; }
  void nobody_waits_for_its_turn() { next_in_line_ = UINT64_MAX; }

 private:
  void tell();

  const std::size_t limit_;
  std::atomic<std::size_t> held_ = 0;
  std::atomic<std::uint64_t> first_ = 0;
  std::atomic<std::uint64_t> next_in_line_ = UINT64_MAX;
  std::atomic<bool> somebody_waits_ = false;
  std::mutex mutex_;
  std::function<void()> tell_;
};

}  // namespace lakegate
