// The part of a run that reads the landed file and writes its outputs, pending: nothing is visible
// until publish(). A run, a replay and a new generation are this, with different bookkeeping
// around.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "convert/curated_writer.h"
#include "convert/reject_writer.h"
#include "convert/typed_read.h"
#include "stores/object_store.h"

namespace lakegate {

struct OutputTask {
  const DatasetConfig* dataset = nullptr;
  Arrival arrival;
  int generation = 1;
  Typing typing;
  // The version that a schema would have: the remembered one's if it is the same, else the next.
  std::function<int(const Schema&)> schema_version;
  Resources resources;
};

class ArrivalOutput {
 public:
  ArrivalOutput(ObjectStore& store, OutputTask task);
  ~ArrivalOutput();

  // Reads the whole landed file and seals the outputs. kInvalidInput: the file must be refused.
  Result<void> write();
  // Why what was written must not be published, more rows than max_rejects allows having been
  // rejected, or all: "3 of 10 rows were rejected, …". `verb`: were, would be.
  std::optional<std::string> too_many_rejects(std::string_view verb) const;
  Result<void> publish();              // rejects first, then curated
  Result<void> publish_for_failure();  // the first rejects, beside the failure record

  const Counts& counts() const { return counts_; }
  const Schema& schema() const { return schema_; }
  const std::vector<OutputFile>& outputs() const { return outputs_; }
  const std::vector<OutputFile>& reject_files() const { return reject_files_; }
  const std::string& input_sha256() const { return input_sha256_; }
  const std::vector<std::string>& remarks() const { return remarks_; }
  const std::vector<std::string>& left_out() const { return left_out_; }  // TypedRead::left_out
  std::uint64_t rejects_kept() const { return rejects_.kept_for_failure(); }

 private:
  class Sink;
  Result<void> copy_landed(const Input& input);

  ObjectStore& store_;
  OutputTask task_;
  CuratedWriter curated_;
  RejectWriter rejects_;
  std::unique_ptr<HashingSink> landed_copy_;  // where raw text had to be cut
  Counts counts_;
  Schema schema_;
  std::vector<OutputFile> outputs_;
  std::vector<OutputFile> reject_files_;
  std::string input_sha256_;
  std::vector<std::string> remarks_;
  std::vector<std::string> left_out_;
};

// What a dataset's configuration and known columns mean for reading.
Typing typing_of(const DatasetConfig& dataset, Schema known);

}  // namespace lakegate
