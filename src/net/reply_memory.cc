#include "net/reply_memory.h"

namespace lakegate {

void ReplyMemory::give_back(std::size_t bytes) {
  held_ -= bytes;
  if (somebody_waits_) tell();
}

void ReplyMemory::first_in_line(std::uint64_t order) {
  first_ = order;
  if (somebody_waits_ || order >= next_in_line_) tell();
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
