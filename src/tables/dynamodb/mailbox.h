// Answers from event-loop threads, until the one thread that waits for them takes them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "aws/service_client.h"

namespace lakegate::dynamodb {

class Mailbox {
 public:
  using Letter = std::pair<std::uint64_t, Result<AwsReply>>;

  void post(std::uint64_t id, Result<AwsReply> reply) {
    const std::lock_guard lock(mutex_);
    letters_.emplace_back(id, std::move(reply));
    is_empty_.store(false, std::memory_order_release);
    if (is_awaited_) arrived_.notify_one();
  }
  // Replaces `letters` by what has come in; waits for something until `until`.
  void take(std::vector<Letter>& letters, std::chrono::steady_clock::time_point until) {
    letters.clear();
    std::unique_lock lock(mutex_);
    is_awaited_ = true;
    arrived_.wait_until(lock, until, [&] { return !letters_.empty(); });
    is_awaited_ = false;
    take_all(letters);
  }
  // Asked for every row: cheap where nothing has come.
  void take(std::vector<Letter>& letters) {
    letters.clear();
    if (is_empty_.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(mutex_);
    take_all(letters);
  }

 private:
  void take_all(std::vector<Letter>& letters) {
    letters_.swap(letters);
    is_empty_.store(true, std::memory_order_relaxed);
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  bool is_awaited_ = false;
  std::atomic<bool> is_empty_ = true;  // letters_, without the lock
  std::vector<Letter> letters_;
};

}  // namespace lakegate::dynamodb
