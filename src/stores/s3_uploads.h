#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

#include "lake/ids.h"
#include "stores/object_store.h"
#include "stores/s3_client.h"

namespace lakegate {

// What all pending objects of a store may use together. Thread-safe.
class UploadBudget {
 public:
  explicit UploadBudget(const S3Options& options) : options_(options) {}

  // Waits until a part of that size may go on its way; the first may always.
  void begin_part(std::size_t bytes);
  void end_part(std::size_t bytes);

  // Whether a sealed object may wait in memory.
  bool try_hold(std::size_t bytes);
  void let_go(std::size_t bytes);

 private:
  const S3Options options_;
  std::mutex mutex_;
  std::condition_variable less_;
  std::size_t on_the_way_ = 0;
  std::size_t held_ = 0;
};

// An object that is uploaded part by part and appears when published. Up to then it is an
// unfinished multipart upload, which keeps nothing in memory; or, if small, its bytes.
std::unique_ptr<PendingObject> make_s3_pending(std::shared_ptr<const S3Client> client,
                                               std::shared_ptr<UploadBudget> budget, ObjectKey key);

}  // namespace lakegate
