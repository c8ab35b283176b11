#include "extract/slice_curator.h"

#include <chrono>
#include <utility>

namespace lakegate {
namespace {

constexpr std::size_t kMostWaiting = 1;
constexpr auto kBetweenTries = std::chrono::milliseconds(20);

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
    waiting_.clear();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<void> SliceCurator::take(std::unique_ptr<SliceWriter> slice) {
  return take(Work{.writer = std::move(slice), .published = {}});
}

Result<void> SliceCurator::take(SliceRecord slice) {
  return take(Work{.writer = nullptr, .published = std::move(slice)});
}

Result<void> SliceCurator::take(Work work) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return waiting_.size() < kMostWaiting || error_; });
  if (error_) return Failure(*error_);
  waiting_.push_back(std::move(work));
  changed_.notify_all();
  return {};
}

Result<std::vector<SliceRecord>> SliceCurator::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return (waiting_.empty() && !is_busy_) || error_; });
  if (error_) return Failure(*error_);
  return published_;
}

void SliceCurator::work_until_over() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_over_ || (!waiting_.empty() && !error_); });
    if (is_over_) return;
    Work work = std::move(waiting_.front());
    waiting_.pop_front();
    is_busy_ = true;
    changed_.notify_all();
    lock.unlock();
    auto done = do_one(std::move(work));
    lock.lock();
    is_busy_ = false;
    if (!done) error_ = std::move(done).error();
    changed_.notify_all();
  }
}

Result<void> SliceCurator::do_one(Work work) {
  if (work.writer) {
    LAKEGATE_TRY(work.published, work.writer->publish(options_.may_publish));
    work.writer.reset();
    const std::scoped_lock lock(mutex_);
    published_.push_back(work.published);
  }
  if (work.published.landed.empty() || options_.must_stop()) return {};
  return curate(work.published);
}

Result<void> SliceCurator::curate(const SliceRecord& slice) {
  LAKEGATE_TRY(const ObjectInfo landed, store_.head(slice.landed));
  const Arrival arrival = fetched_arrival(dataset_, landed);
  LAKEGATE_TRY(const auto lease, hold_dataset());
  LAKEGATE_TRY(const RunOutcome outcome, run_arrival(store_, dataset_, arrival, options_.run));
  return options_.ran ? options_.ran(outcome) : Result<void>();
}

Result<std::unique_ptr<Lease>> SliceCurator::hold_dataset() {
  for (;;) {
    LAKEGATE_TRY(auto lease, try_to_hold(store_, dataset_.name));
    if (lease) return lease;
    if (options_.must_stop())
      return fail(ErrorKind::kRetryable, "another process holds the dataset, and time is up");
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace lakegate
