// Slices that were asked, on their way from the engine to curated rows: published, then run like
// any arrival, on a thread of their own, so that later slices are asked meanwhile.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "config/config.h"
#include "convert/lake_run.h"
#include "extract/fetch_records.h"
#include "extract/slice_writer.h"
#include "lake/error.h"
#include "stores/object_store.h"

namespace lakegate {

class SliceCurator {
 public:
  struct Options {
    RunOptions run;
    // Before a slice is published: whether this process is still the one at work.
    std::function<Result<void>()> may_publish;
    // True: what is asked is published, but no further run is begun. Asked from the thread.
    std::function<bool()> must_stop;
    // Told of each run, on the thread, one at a time. May be empty. An Error ends the work.
    std::function<Result<void>(const RunOutcome&)> ran;
  };
  // All outlive it.
  SliceCurator(ObjectStore& store, const DatasetConfig& dataset, Options options);
  ~SliceCurator();  // finishes what is going on, drops what waits
  SliceCurator(const SliceCurator&) = delete;
  SliceCurator& operator=(const SliceCurator&) = delete;

  // Waits while another slice waits already to be published, behind one that is run. An Error is
  // that of any slice before; `slice` is published all the same if it can be, since it was asked.
  Result<void> take(std::unique_ptr<SliceWriter> slice);
  // One that was published by an earlier invocation, and is not curated.
  void take(SliceRecord slice);

  struct Done {
    std::vector<SliceRecord> published;  // here, in order
    std::uint64_t run = 0;               // here
    bool was_held_up = false;            // something was not run: another process had the dataset
    std::optional<Error> error;          // what ended it before all was done
  };
  // Waits for everything.
  Done finish();

 private:
  using Lock = std::unique_lock<std::mutex>;
  bool is_idle() const { return waiting_.empty() && to_run_.empty() && !is_busy_; }
  void work_until_over();
  void publish_next(Lock& lock);
  void run_next(Lock& lock);
  void failed(Error error);
  Result<void> curate(const SliceRecord& slice);
  Result<std::unique_ptr<Lease>> hold_dataset();

  ObjectStore& store_;
  const DatasetConfig& dataset_;
  const Options options_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<std::unique_ptr<SliceWriter>> waiting_;
  std::deque<SliceRecord> to_run_;  // published
  bool is_busy_ = false;
  bool is_over_ = false;
  std::optional<Error> error_;
  Done done_;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace lakegate
