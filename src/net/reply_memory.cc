#include "net/reply_memory.h"

namespace lakegate {

void ReplyMemory::give_back(std::size_t bytes) {
  const std::size_t before = held_.fetch_sub(bytes, std::memory_order_relaxed);
  if (before >= limit_ && before - bytes < limit_) tell();
}

void ReplyMemory::first_in_line(std::uint64_t order) {
  first_.store(order, std::memory_order_relaxed);
  if (is_spent()) tell();
}

void ReplyMemory::when_there_is_room(std::function<void()> what) {
  const std::lock_guard guard(mutex_);
  tell_ = std::move(what);
}

void ReplyMemory::tell() {
  const std::lock_guard guard(mutex_);
  if (tell_) tell_();
}

}  // namespace lakegate
