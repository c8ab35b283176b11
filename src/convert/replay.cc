// An arrival done again from what landed, and the proof of what was done.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "build_info.h"
#include "convert/arrival_output.h"
#include "convert/input_digest.h"
#include "convert/lake_run.h"
#include "convert/orphans.h"
#include "formats/parquet/reader.h"
#include "lake/layout.h"

namespace lakegate {
namespace {

bool same_content(const std::vector<OutputFile>& a, const std::vector<OutputFile>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const OutputFile& x, const OutputFile& y) {
                      return x.key == y.key && x.sha256 == y.sha256 && x.size == y.size;
                    });
}

// What is wrong with one file, or nothing.
Result<std::optional<std::string>> check_file(const ObjectStore& store, const OutputFile& file) {
  auto input = store.open(file.key);
  if (!input && input.error().kind == ErrorKind::kNotFound)
    return fmt::format("{} is missing", file.key.str());
  if (!input) return tl::unexpected<Error>(std::move(input).error());
  if ((*input)->size() != file.size)
    return fmt::format("{} has {} bytes, its record says {}", file.key.str(), (*input)->size(),
                       file.size);
  LAKEGATE_TRY(const std::string sha256, sha256_of(**input));
  if (sha256 != file.sha256)
    return fmt::format("{} has other content than its record says (SHA-256 {}, recorded {})",
                       file.key.str(), sha256, file.sha256);
  if (!file.key.str().ends_with(".parquet")) return std::nullopt;
  LAKEGATE_TRY(const ParquetContents contents, parquet_contents(*input));
  if (contents.rows != file.rows)
    return fmt::format("{} has {} rows, its record says {}", file.key.str(), contents.rows,
                       file.rows);
  return std::nullopt;
}

// The landed object, if it is still the version that the record is of.
Result<void> check_still_landed(const ObjectStore& store, const RunRecord& record) {
  const Arrival& arrival = record.arrival;
  const auto gone = [&](std::string_view why) {
    return fail(
        ErrorKind::kNotFound,
        fmt::format("cannot replay arrival {}: {}; land that version again to have it run as a new "
                    "arrival, or use `lakegate widen` to change types from the curated files",
                    arrival.id.str(), why),
        {.file = arrival.key.str()});
  };
  auto input = store.open(arrival.key);
  if (!input && input.error().kind == ErrorKind::kNotFound) return gone("the landed file is gone");
  if (!input) return tl::unexpected<Error>(std::move(input).error());
  if ((*input)->size() != arrival.size) return gone("the landed file has been replaced");
  LAKEGATE_TRY(const std::string sha256, sha256_of(**input));
  if (sha256 != record.input_sha256) return gone("the landed file has been replaced");
  return {};
}

// What the landing pattern of today captures of the key, as types and partitions are today's too. A
// pattern that no longer matches leaves what was captured then, as far as that is enough.
Result<void> capture_anew(const DatasetConfig& dataset, Arrival& arrival) {
  if (auto captures = dataset.landing.match(arrival.key.str().substr(layout::kLanding.size())))
    arrival.captures = std::move(*captures);
  const auto needs = [&](const std::string& name) -> Result<void> {
    if (arrival.captures.contains(name)) return {};
    return invalid_input(
        fmt::format("cannot replay arrival {}: `landing: {}` does not match its key, from which it "
                    "would capture {}",
                    arrival.id.str(), dataset.landing.text(), name),
        {.file = arrival.key.str()});
  };
  for (const PartitionLevel& level : dataset.partition_by)
    if (level.from == PartitionLevel::From::kCapture) LAKEGATE_CHECK(needs(level.source));
  for (const std::string& name : dataset.capture_columns) LAKEGATE_CHECK(needs(name));
  return {};
}

}  // namespace

Result<ReplayOutcome> replay_arrival(ObjectStore& store, const DatasetConfig& dataset,
                                     const RunRecord& record, const RunOptions& options) {
  LAKEGATE_CHECK(check_still_landed(store, record));
  const ObjectKey run_key = layout::run_key(dataset.name, record.arrival.id);
  LAKEGATE_TRY(const Blob before, store.get(run_key));
  LAKEGATE_CHECK(check_not_rewritten(before, record));
  LAKEGATE_TRY(auto stored, load_schema(store, dataset.name));
  std::optional<RememberedSchema> remembered;
  if (stored) remembered = stored->remembered;
  LAKEGATE_TRY(Schema known, known_schema(dataset, remembered));

  const RememberedSchema::Version* bound =
      remembered ? remembered->find(record.schema_version) : nullptr;
  const int current = remembered ? remembered->current().version : 0;
  const bool same_claim =
      bound != nullptr && record.config_hash == dataset.hash() && record.schema_version == current;
  Typing typing = typing_of(dataset, same_claim ? bound->schema : known);
  typing.closed = same_claim;
  if (!same_claim) typing.new_columns = NewColumns::kIgnore;  // history does not change the schema

  // Another version of lakegate names itself in the files, so that they have other bytes.
  int generation = record.generation;
  if (!same_claim || record.lakegate_version != kVersion) {
    LAKEGATE_TRY(generation, next_generation(store, record));
  }
  Arrival arrival = record.arrival;
  if (!same_claim) LAKEGATE_CHECK(capture_anew(dataset, arrival));
  ArrivalOutput output(store, {.dataset = &dataset,
                               .arrival = arrival,
                               .generation = generation,
                               .typing = std::move(typing),
                               .schema_version = [&](const Schema&) { return current; },
                               .resources = options.resources});
  LAKEGATE_CHECK(output.write());
  if (output.input_sha256() != record.input_sha256)
    return fail(ErrorKind::kConflict,
                "the landed file was replaced while it was read; the outputs stay as they are",
                {.file = record.arrival.key.str()});
  if (const auto why = output.too_many_rejects("would be"))
    return invalid_input(*why + "; the outputs stay as they are",
                         {.file = record.arrival.key.str()});

  ReplayOutcome outcome;
  outcome.run.kind = RunOutcome::Kind::kCommitted;
  outcome.run.remarks = output.remarks();
  if (!output.left_out().empty() && dataset.new_columns != NewColumns::kIgnore)
    outcome.run.remarks.push_back(
        fmt::format("the schema lacks {}, and a replay adds nothing to it: left out; declare that "
                    "under `schema:`, or land a file that has it",
                    fmt::join(output.left_out(), ", ")));
  if (same_claim && same_content(output.outputs(), record.outputs)) {
    LAKEGATE_CHECK(output.publish());  // repairs what was damaged or deleted
    outcome.run.record = record;
    outcome.same_bytes = true;
    outcome.generation = record.generation;
    return outcome;
  }
  RunRecord next = record;
  next.arrival = std::move(arrival);
  next.generation = generation;
  next.schema_version = current;
  next.config_hash = dataset.hash();
  next.counts = output.counts();
  next.outputs = output.outputs();
  next.rejects = output.reject_files();
  next.lakegate_version = std::string(kVersion);
  LAKEGATE_CHECK(begin_rewrite(store, record.arrival));
  LAKEGATE_CHECK(output.publish());
  LAKEGATE_CHECK(commit_rewrite(store, next, before.tag));
  outcome.generation = next.generation;
  outcome.run.record = std::move(next);
  return outcome;
}

Result<std::vector<std::string>> verify_run(const ObjectStore& store, const RunRecord& record) {
  std::vector<std::string> findings;
  if (!record.counts.add_up())
    findings.push_back(
        fmt::format("the record of arrival {} does not add up: {} in, {} written, {} rejected",
                    record.arrival.id.str(), record.counts.rows_in, record.counts.rows_written,
                    record.counts.rows_rejected));
  std::uint64_t rows = 0;
  for (const OutputFile& file : record.outputs) rows += file.rows;
  if (rows != record.counts.rows_written)
    findings.push_back(fmt::format("the files of arrival {} have {} rows, its record says {}",
                                   record.arrival.id.str(), rows, record.counts.rows_written));
  for (const auto* files : {&record.outputs, &record.rejects}) {
    for (const OutputFile& file : *files) {
      auto finding = check_file(store, file);
      if (!finding)
        findings.push_back(finding.error().to_string());
      else if (*finding)
        findings.push_back(**finding);
    }
  }
  return findings;
}

}  // namespace lakegate
