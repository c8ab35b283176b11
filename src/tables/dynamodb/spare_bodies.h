// Bodies of requests that are used again: to allocate some KB on one thread and free them on
// another is among the dearer things about a request.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lakegate::dynamodb {

class SpareBodies {
 public:
  // One to overwrite. It comes back by itself when nobody holds it any more, from whatever thread.
  std::shared_ptr<std::string> take() {
    std::unique_ptr<std::string> body = kept_->take();
    if (body == nullptr) body = std::make_unique<std::string>();
    return {body.release(), [kept = kept_](std::string* used) {
              kept->give_back(std::unique_ptr<std::string>(used));
            }};
  }

 private:
  static constexpr std::size_t kMost = 64;
  static constexpr std::size_t kMostBytes = std::size_t{64} << 10;  // of one

  class Kept {
   public:
    std::unique_ptr<std::string> take() {
      const std::lock_guard guard(mutex_);
      if (bodies_.empty()) return nullptr;
      std::unique_ptr<std::string> body = std::move(bodies_.back());
      bodies_.pop_back();
      return body;
    }
    void give_back(std::unique_ptr<std::string> body) {
      if (body->capacity() > kMostBytes) return;
      const std::lock_guard guard(mutex_);
      if (bodies_.size() < kMost) bodies_.push_back(std::move(body));
    }

   private:
    std::mutex mutex_;
    std::vector<std::unique_ptr<std::string>> bodies_;
  };

  std::shared_ptr<Kept> kept_ = std::make_shared<Kept>();
};

}  // namespace lakegate::dynamodb
