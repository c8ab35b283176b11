// Rejects of one arrival -> its rejects file, pending until the run's verdict.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "convert/hashing_sink.h"
#include "lake/layout.h"
#include "lake/records.h"
#include "lake/reject.h"
#include "stores/object_store.h"

namespace lakegate {

// Writes two pending objects, of which one is published: all rejects beside the curated rows, or
// the first kMaxFailureRejects beside the failure record. Both are made when the first reject
// comes.
class RejectWriter {
 public:
  RejectWriter(ObjectStore& store, layout::OutputName name);

  void restart();  // whatever was taken is void
  Result<void> take(const std::vector<Reject>& rejects);

  std::uint64_t count() const { return count_; }
  std::uint64_t kept_for_failure() const { return std::min(count_, kMaxFailureRejects); }
  bool raw_was_cut() const { return raw_was_cut_; }

  // The rejects file, sealed, if there are rejects.
  Result<std::optional<OutputFile>> seal();
  // The verdict: one of them, and the other object is given up.
  Result<void> publish();              // after seal()
  Result<void> publish_for_failure();  // after it, or where the input could not be read to its end

 private:
  ObjectStore& store_;
  layout::OutputName name_;
  std::unique_ptr<HashingSink> all_;
  std::unique_ptr<HashingSink> first_;
  std::uint64_t count_ = 0;
  bool raw_was_cut_ = false;
};

}  // namespace lakegate
