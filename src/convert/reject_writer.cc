#include "convert/reject_writer.h"

namespace lakegate {

RejectWriter::RejectWriter(ObjectStore& store, layout::OutputName name)
    : store_(store), name_(std::move(name)) {}

void RejectWriter::restart() {
  all_.reset();
  first_.reset();
  count_ = 0;
  raw_was_cut_ = false;
}

Result<void> RejectWriter::take(const std::vector<Reject>& rejects) {
  if (rejects.empty()) return {};
  if (!all_) {
    LAKEGATE_TRY(auto all, store_.create(layout::rejected_key(name_)));
    LAKEGATE_TRY(auto first,
                 store_.create(layout::failure_rejects_key(name_.dataset, name_.arrival)));
    all_ = std::make_unique<HashingSink>(std::move(all));
    first_ = std::make_unique<HashingSink>(std::move(first));
  }
  std::string all_lines, first_lines;
  for (const Reject& reject : rejects) {
    const std::string line = to_ndjson(reject) + "\n";
    all_lines += line;
    if (count_ < kMaxFailureRejects) first_lines += line;
    ++count_;
    raw_was_cut_ = raw_was_cut_ || reject.raw_was_cut;
  }
  LAKEGATE_CHECK(all_->write(all_lines));
  return first_->write(first_lines);
}

Result<std::optional<OutputFile>> RejectWriter::seal() {
  if (!all_) return std::nullopt;
  LAKEGATE_CHECK(all_->seal());
  return OutputFile{.key = layout::rejected_key(name_),
                    .partition = name_.partition,
                    .rows = count_,
                    .size = all_->size(),
                    .sha256 = all_->sha256()};
}

Result<void> RejectWriter::publish() {
  first_.reset();
  return all_ ? all_->publish() : Result<void>{};
}

Result<void> RejectWriter::publish_for_failure() {
  all_.reset();
  if (!first_) return {};
  LAKEGATE_CHECK(first_->seal());
  return first_->publish();
}

}  // namespace lakegate
