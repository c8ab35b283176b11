#include "extract/slice_curator.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace lakegate {
namespace {

constexpr std::size_t kMostWaiting = 1;
constexpr auto kBetweenTries = std::chrono::milliseconds(20);

// Where cores are scarce, replies that arrive come before those that have: a connection that waits
// for its next request is lost time, a slice that waits to be written is not. With all threads
// equal, a fetch that waits for 100 ms replies takes 5% longer. (Linux has a niceness for each
// thread, and those that it starts inherit it. If it cannot be had, nothing is lost.)
void give_way() {
  constexpr int kNicer = 5, kNicest = 19;
  const auto thread = static_cast<id_t>(::gettid());
  const int niceness = ::getpriority(PRIO_PROCESS, thread);  // -1 is one, too
  (void)::setpriority(PRIO_PROCESS, thread, std::min(niceness + kNicer, kNicest));
}

}  // namespace

SliceCurator::SliceCurator(ObjectStore& store, const DatasetConfig& dataset, Options options)
    : store_(store),
      dataset_(dataset),
      options_(std::move(options)),
      thread_([this] { work_until_over(); }) {}

SliceCurator::~SliceCurator() {
  {
    const std::scoped_lock lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<void> SliceCurator::take(std::unique_ptr<SliceWriter> slice) {
  Lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting || error_; });
  waiting_.push_back(std::move(slice));
  changed_.notify_all();
  return error_ ? Result<void>(Failure(*error_)) : Result<void>();
}

void SliceCurator::take(SliceRecord slice) {
  const std::scoped_lock lock(mutex_);
  to_run_.push_back(std::move(slice));
  changed_.notify_all();
}

SliceCurator::Done SliceCurator::finish() {
  Lock lock(mutex_);
  changed_.wait(lock, [this] { return is_idle(); });
  Done done = done_;
  done.error = error_;
  return done;
}

void SliceCurator::work_until_over() {
  give_way();
  Lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_over_ || !is_idle(); });
    if (is_over_) return;
    is_busy_ = true;
    // One of each in turn: what is asked is safe before anything else is run, and what waits to be
    // run does not grow.
    publish_next(lock);
    run_next(lock);
    is_busy_ = false;
    changed_.notify_all();
  }
}

void SliceCurator::publish_next(Lock& lock) {
  if (waiting_.empty()) return;
  auto writer = std::move(waiting_.front());
  waiting_.pop_front();
  changed_.notify_all();
  lock.unlock();
  auto published = writer->publish(options_.may_publish);
  writer.reset();
  lock.lock();
  if (!published) return failed(std::move(published).error());
  done_.published.push_back(*published);
  if (!published->landed.empty()) to_run_.push_back(*std::move(published));
}

void SliceCurator::run_next(Lock& lock) {
  if (to_run_.empty()) return;
  const SliceRecord slice = std::move(to_run_.front());
  to_run_.pop_front();
  if (error_) return;
  lock.unlock();
  const auto curated = options_.must_stop() ? Result<void>() : curate(slice);
  lock.lock();
  // Cut off by the end of the invocation, it is only not run yet.
  const bool is_cut_off =
      !curated && curated.error().kind == ErrorKind::kRetryable && options_.must_stop();
  if (!curated && !is_cut_off) failed(curated.error());
}

void SliceCurator::failed(Error error) {
  if (!error_) error_ = std::move(error);
}

Result<void> SliceCurator::curate(const SliceRecord& slice) {
  LAKEGATE_TRY(const ObjectInfo landed, store_.head(slice.landed));
  const Arrival arrival = fetched_arrival(dataset_, landed);
  LAKEGATE_TRY(const auto lease, hold_dataset());
  if (!lease) return {};
  LAKEGATE_TRY(const RunOutcome outcome, run_arrival(store_, dataset_, arrival, options_.run));
  {
    const Lock lock(mutex_);
    ++done_.run;
  }
  return options_.ran ? options_.ran(outcome) : Result<void>();
}

// Null: another process had it until it was time to stop, or publishing failed. Slices that become
// complete meanwhile are published, so that nothing of them is asked again however long that takes.
Result<std::unique_ptr<Lease>> SliceCurator::hold_dataset() {
  for (;;) {
    LAKEGATE_TRY(auto lease, try_to_hold(store_, dataset_.name));
    if (lease) return lease;
    Lock lock(mutex_);
    if (options_.must_stop()) {
      done_.was_held_up = true;
      return nullptr;
    }
    changed_.wait_for(lock, kBetweenTries, [this] { return !waiting_.empty(); });
    publish_next(lock);
    if (error_) return nullptr;
  }
}

}  // namespace lakegate
