// The run of one arrival, from its claim to its record.
#include <fmt/format.h>

#include <chrono>

#include "build_info.h"
#include "convert/arrival_output.h"
#include "convert/lake_run.h"
#include "convert/orphans.h"
#include "lake/digest.h"
#include "lake/layout.h"

namespace lakegate {
namespace {

constexpr int kMaxAttempts = 16;

// A failure stands until something that could change it has changed, max_rejects included.
std::string failure_hash(const DatasetConfig& dataset) {
  return sha256_hex(dataset.hash() + "/" + dataset.max_rejects.to_string());
}

int current_version(const std::optional<StoredSchema>& stored) {
  return stored ? stored->remembered.current().version : 0;
}

bool stands(const FailureRecord& failure, const DatasetConfig& dataset,
            const std::optional<StoredSchema>& stored) {
  return failure.config_hash == failure_hash(dataset) &&
         failure.schema_version == current_version(stored);
}

template <class Record, class Parse>
Result<std::optional<Record>> find_record(const ObjectStore& store, const ObjectKey& key,
                                          Parse parse, std::string* tag = nullptr) {
  auto blob = store.get(key);
  if (!blob && blob.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!blob) return tl::unexpected<Error>(std::move(blob).error());
  if (tag != nullptr) *tag = blob->tag;
  LAKEGATE_TRY(Record record, parse(blob->bytes, key));
  return record;
}

class Stopwatch {
 public:
  Stopwatch()
      : started_at_(std::chrono::system_clock::now()), begin_(std::chrono::steady_clock::now()) {}
  std::string started_at() const { return to_iso(started_at_); }
  std::uint64_t milliseconds() const {
    using std::chrono::milliseconds;
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin_)
            .count());
  }

 private:
  std::chrono::system_clock::time_point started_at_;
  std::chrono::steady_clock::time_point begin_;
};

// One attempt at an arrival. Nothing is decided that another process cannot repeat.
class Attempt {
 public:
  Attempt(ObjectStore& store, const DatasetConfig& dataset, const Arrival& arrival,
          const RunOptions& options)
      : store_(store), dataset_(dataset), arrival_(arrival), options_(options) {}

  // Nothing: another process has changed the schema or claimed the arrival meanwhile; try again.
  Result<std::optional<RunOutcome>> run() {
    LAKEGATE_TRY(auto done, find_record<RunRecord>(store_, run_key(), run_from_json));
    LAKEGATE_TRY(claim_, find_record<Claim>(store_, claim_key(), claim_from_json, &claim_tag_));
    if (done) {
      if (claim_ && claim_->generation > 1) LAKEGATE_CHECK(clear_losers(*done));
      return RunOutcome{.kind = RunOutcome::Kind::kAlreadyDone, .record = std::move(done)};
    }
    LAKEGATE_TRY(stored_, load_schema(store_, dataset_.name));
    bound_ = claim_ && binds(*claim_);
    if (claim_) generation_ = bound_ ? claim_->generation : claim_->generation + 1;
    LAKEGATE_TRY(Typing typing, make_typing());
    if (!options_.retry_failed) {
      LAKEGATE_TRY(auto before, unchanged_failure());
      if (before)
        return RunOutcome{.kind = RunOutcome::Kind::kFailedBefore, .failure = std::move(before)};
    }

    ArrivalOutput output(store_,
                         {.dataset = &dataset_,
                          .arrival = arrival_,
                          .generation = generation_,
                          .typing = std::move(typing),
                          .schema_version = [this](const Schema& s) { return version_of(s); },
                          .resources = options_.resources});
    auto written = output.write();
    if (!written && written.error().kind != ErrorKind::kInvalidInput)
      return tl::unexpected<Error>(std::move(written).error());
    std::optional<Error> refusal = written ? verdict(output) : std::move(written).error();
    if (refusal) return put_failure(output, std::move(*refusal));
    if (is_hash_of_content() && output.input_sha256() != arrival_.version)
      return fail(ErrorKind::kConflict,
                  "the file changed while it was read; run again when it is completely written",
                  {.file = arrival_.key.str()});

    LAKEGATE_TRY(const bool schema_is_ours, put_schema(output.schema()));
    if (!schema_is_ours) return std::nullopt;
    LAKEGATE_TRY(const bool claim_is_ours, put_claim(version_of(output.schema())));
    if (!claim_is_ours) return std::nullopt;
    if (generation_ > 1) LAKEGATE_CHECK(begin_rewrite(store_, arrival_));
    LAKEGATE_CHECK(output.publish());
    return commit(output);
  }

 private:
  ObjectKey run_key() const { return layout::run_key(dataset_.name, arrival_.id); }
  ObjectKey claim_key() const { return layout::claim_key(dataset_.name, arrival_.id); }
  ObjectKey failure_key() const { return layout::failure_key(dataset_.name, arrival_.id); }

  // Local files have no version but their content's SHA-256.
  bool is_hash_of_content() const { return arrival_.version.size() == 64; }

  // A claim of the same configuration binds: its schema version, and nothing to infer. One that
  // does not bind may be of somebody who is still at work, and would write other bytes: whoever
  // takes its place writes another generation, so that no two attempts write one key.
  bool binds(const Claim& claim) const {
    return claim.config_hash == dataset_.hash() && claim.lakegate_version == kVersion &&
           claim.arrival.captures == arrival_.captures && stored_ &&
           stored_->remembered.find(claim.schema_version) != nullptr;
  }

  Result<Typing> make_typing() const {
    if (bound_) {
      Typing typing = typing_of(dataset_, stored_->remembered.find(claim_->schema_version)->schema);
      typing.closed = true;
      return typing;
    }
    std::optional<RememberedSchema> remembered;
    if (stored_) remembered = stored_->remembered;
    LAKEGATE_TRY(Schema known, known_schema(dataset_, remembered));
    return typing_of(dataset_, std::move(known));
  }

  int version_of(const Schema& schema) const {
    if (bound_) return claim_->schema_version;
    if (stored_ && stored_->remembered.current().schema == schema) return current_version(stored_);
    return current_version(stored_) + 1;
  }

  Result<std::optional<FailureRecord>> unchanged_failure() const {
    LAKEGATE_TRY(auto before, find_record<FailureRecord>(store_, failure_key(), failure_from_json));
    if (!before || !stands(*before, dataset_, stored_)) return std::nullopt;
    return before;
  }

  std::optional<Error> verdict(const ArrivalOutput& output) const {
    const auto why = output.too_many_rejects("were");
    if (!why) return std::nullopt;
    return Error{ErrorKind::kInvalidInput,
                 fmt::format("{}; nothing was published; see them with `lakegate rejects {}`", *why,
                             dataset_.name.str()),
                 {.file = arrival_.key.str()}};
  }

  // False: somebody else was first.
  Result<bool> put_schema(const Schema& schema) {
    if (version_of(schema) == current_version(stored_) || bound_) return true;
    RememberedSchema next;
    if (stored_) next = stored_->remembered;
    next.versions.push_back(
        {.version = current_version(stored_) + 1,
         .schema = schema,
         .because = fmt::format("{} arrival {} of {}", stored_ ? "new columns in" : "first",
                                arrival_.id.str(), arrival_.key.str())});
    const ObjectKey key = layout::schema_key(dataset_.name);
    auto put = stored_ ? store_.put_if_match(key, to_json(next), stored_->tag)
                       : store_.put_if_absent(key, to_json(next));
    if (!put && put.error().kind == ErrorKind::kConflict) return false;
    if (!put) return tl::unexpected<Error>(std::move(put).error());
    stored_ = StoredSchema{std::move(next), ""};
    return true;
  }

  Result<bool> put_claim(int schema_version) {
    // The same bytes again where it is there: it is as old as the latest attempt, then.
    const Claim claim{.arrival = arrival_,
                      .schema_version = schema_version,
                      .config_hash = dataset_.hash(),
                      .generation = generation_,
                      .lakegate_version = std::string(kVersion)};
    auto put = claim_ ? store_.put_if_match(claim_key(), to_json(claim), claim_tag_)
                      : store_.put_if_absent(claim_key(), to_json(claim));
    if (!put && put.error().kind == ErrorKind::kConflict) return false;
    if (!put) return tl::unexpected<Error>(std::move(put).error());
    return true;
  }

  Result<std::optional<RunOutcome>> commit(const ArrivalOutput& output) {
    RunRecord record{.arrival = arrival_,
                     .generation = generation_,
                     .schema_version = version_of(output.schema()),
                     .config_hash = dataset_.hash(),
                     .input_sha256 = output.input_sha256(),
                     .counts = output.counts(),
                     .outputs = output.outputs(),
                     .rejects = output.reject_files(),
                     .started_at = watch_.started_at(),
                     .duration_ms = watch_.milliseconds(),
                     .lakegate_version = std::string(kVersion)};
    auto put = store_.put_if_absent(run_key(), to_json(record));
    if (!put && put.error().kind == ErrorKind::kConflict) {  // done by another process
      LAKEGATE_CHECK(clear_away(record));
      return std::nullopt;
    }
    if (!put) return tl::unexpected<Error>(std::move(put).error());
    if (generation_ > 1) LAKEGATE_CHECK(clear_losers(record));
    LAKEGATE_CHECK(store_.remove(failure_key()));
    LAKEGATE_CHECK(store_.remove(layout::failure_rejects_key(dataset_.name, arrival_.id)));
    return RunOutcome{.kind = RunOutcome::Kind::kCommitted,
                      .record = std::move(record),
                      .remarks = output.remarks()};
  }

  // What was published here and is not what the other process has committed.
  Result<void> clear_away(const RunRecord& ours) {
    LAKEGATE_TRY(const auto theirs, find_record<RunRecord>(store_, run_key(), run_from_json));
    if (theirs && theirs->outputs == ours.outputs && theirs->rejects == ours.rejects)
      return generation_ > 1 ? clear_losers(*theirs) : Result<void>();
    return settle_rewrite(store_, dataset_.name, arrival_.id);
  }

  // What attempts published whose claims were replaced. A redelivery does it again, since whoever
  // was to do it may have died. No rewrite of what is committed takes a generation that was
  // claimed.
  Result<void> clear_losers(const RunRecord& committed) {
    const int last = std::max(committed.generation, claim_ ? claim_->generation : generation_);
    return end_rewrite(store_, committed, last);
  }

  Result<std::optional<RunOutcome>> put_failure(ArrivalOutput& output, Error error) {
    if (error.where.file.empty()) error.where.file = arrival_.key.str();
    LAKEGATE_CHECK(output.publish_for_failure());
    FailureRecord record{.arrival = arrival_,
                         .schema_version = current_version(stored_),
                         .config_hash = failure_hash(dataset_),
                         .error = std::move(error),
                         .counts = output.counts(),
                         .rejects_kept = output.rejects_kept(),
                         .started_at = watch_.started_at(),
                         .duration_ms = watch_.milliseconds(),
                         .lakegate_version = std::string(kVersion)};
    LAKEGATE_CHECK(store_.put(failure_key(), to_json(record)));
    return RunOutcome{.kind = RunOutcome::Kind::kFailed,
                      .failure = std::move(record),
                      .remarks = output.remarks()};
  }

  ObjectStore& store_;
  const DatasetConfig& dataset_;
  const Arrival& arrival_;
  const RunOptions& options_;
  Stopwatch watch_;
  std::optional<StoredSchema> stored_;
  std::optional<Claim> claim_;
  std::string claim_tag_;
  bool bound_ = false;
  int generation_ = 1;
};

}  // namespace

Result<RunOutcome> run_arrival(ObjectStore& store, const DatasetConfig& dataset,
                               const Arrival& arrival, const RunOptions& options) {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    LAKEGATE_TRY(auto outcome, Attempt(store, dataset, arrival, options).run());
    if (outcome) return std::move(*outcome);
  }
  return fail(
      ErrorKind::kRetryable,
      fmt::format("other runs kept changing the schema of {}; run again", dataset.name.str()),
      {.file = arrival.key.str()});
}

Result<std::set<std::string>> standing_failures(const ObjectStore& store,
                                                const DatasetConfig& dataset) {
  LAKEGATE_TRY(const auto failures, list_failures(store, dataset.name));
  std::set<std::string> ids;
  if (failures.empty()) return ids;
  LAKEGATE_TRY(const auto stored, load_schema(store, dataset.name));
  for (const FailureRecord& failure : failures)
    if (stands(failure, dataset, stored)) ids.insert(failure.arrival.id.str());
  return ids;
}

}  // namespace lakegate
