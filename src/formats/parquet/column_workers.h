// Threads that work on columns side by side, each column's pieces in their order.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lakegate {

// `work(column, piece)` is called for every piece that was added, for each column once: pieces of
// a column one after the other, of different columns at the same time. With no threads, `add`
// works by itself. add and wait_for are called from one thread.
class ColumnWorkers {
 public:
  using Work = std::function<void(int column, std::uint64_t piece)>;

  ColumnWorkers(int columns, int threads, Work work);
  ~ColumnWorkers();  // what has not been started is dropped
  ColumnWorkers(const ColumnWorkers&) = delete;
  ColumnWorkers& operator=(const ColumnWorkers&) = delete;

  void add();                           // the next piece: 0, 1, 2 …
  void wait_for(std::uint64_t pieces);  // until every column has done so many
  std::uint64_t added() const { return added_; }

 private:
  void run();

  const Work work_;
  std::uint64_t added_ = 0;  // written by the adding thread, under the lock
  std::vector<std::uint64_t> done_;
  std::vector<bool> queued_;  // or being worked on
  std::deque<int> ready_;
  bool stop_ = false;
  std::mutex mutex_;
  std::condition_variable work_there_;
  std::condition_variable piece_done_;
  std::vector<std::thread> threads_;
};

}  // namespace lakegate
