#include "formats/parquet/column_workers.h"

#include <algorithm>
#include <utility>

namespace lakegate {

ColumnWorkers::ColumnWorkers(int columns, int threads, Work work)
    : work_(std::move(work)),
      done_(static_cast<std::size_t>(columns), 0),
      queued_(static_cast<std::size_t>(columns), false) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

ColumnWorkers::~ColumnWorkers() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  work_there_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ColumnWorkers::add() {
  if (threads_.empty()) {
    for (std::size_t column = 0; column < done_.size(); ++column) {
      work_(static_cast<int>(column), added_);
      ++done_[column];
    }
    ++added_;
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    ++added_;
    for (std::size_t column = 0; column < done_.size(); ++column) {
      if (queued_[column]) continue;
      queued_[column] = true;
      ready_.push_back(static_cast<int>(column));
    }
  }
  work_there_.notify_all();
}

void ColumnWorkers::wait_for(std::uint64_t pieces) {
  std::unique_lock lock(mutex_);
  piece_done_.wait(lock, [&] {
    return std::ranges::all_of(done_, [&](std::uint64_t done) { return done >= pieces; });
  });
}

void ColumnWorkers::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_there_.wait(lock, [&] { return stop_ || !ready_.empty(); });
    if (stop_) return;
    const auto column = static_cast<std::size_t>(ready_.front());
    ready_.pop_front();
    const std::uint64_t piece = done_[column];
    lock.unlock();
    work_(static_cast<int>(column), piece);
    lock.lock();
    ++done_[column];
    if (done_[column] < added_) {
      ready_.push_back(static_cast<int>(column));
    } else {
      queued_[column] = false;
    }
    piece_done_.notify_one();
  }
}

}  // namespace lakegate
