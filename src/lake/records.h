// The lake's own records under _lake/, as JSON. They outlive the process: docs/records.md describes
// each field, and every record carries `format`. Reading one refuses what it does not understand.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/arrival.h"
#include "lake/error.h"

namespace lakegate {

// What a run binds itself to before it publishes anything; a second attempt reads and obeys it, so
// that every attempt writes the same keys with the same bytes.
struct Claim {
  Arrival arrival;
  int schema_version = 0;
  std::string config_hash;  // of the dataset's part of lake.yaml that shapes its outputs
  int generation = 1;
  std::string lakegate_version;  // empty in claims of 0.1
};

// A file that a run wrote.
struct OutputFile {
  ObjectKey key;
  std::string partition;
  std::uint64_t rows = 0;
  std::uint64_t size = 0;
  std::string sha256;
  bool operator==(const OutputFile&) const = default;
};

struct Counts {
  std::uint64_t rows_in = 0;
  std::uint64_t rows_written = 0;
  std::uint64_t rows_rejected = 0;
  bool add_up() const { return rows_in == rows_written + rows_rejected; }
  bool operator==(const Counts&) const = default;
};

// The commit: an arrival whose run record exists is done.
struct RunRecord {
  Arrival arrival;
  int generation = 1;
  int schema_version = 0;
  std::string config_hash;
  std::string input_sha256;
  Counts counts;
  std::vector<OutputFile> outputs;
  std::vector<OutputFile> rejects;  // the rejects file, and the copy of the landed file if any
  std::string started_at;           // ISO, by the clock: the only fields that may differ between
  std::uint64_t duration_ms = 0;    // two attempts at the same arrival
  std::string lakegate_version;
};

// A run that published nothing. It is tried again when the object, the schema or the configuration
// has changed, or by `replay`.
struct FailureRecord {
  Arrival arrival;
  int schema_version = 0;  // remembered at the time; 0: none yet
  std::string config_hash;
  Error error;
  Counts counts;                   // as far as it got
  std::uint64_t rejects_kept = 0;  // in the file beside it, at most kMaxFailureRejects
  std::string started_at;
  std::uint64_t duration_ms = 0;
  std::string lakegate_version;
};

inline constexpr std::uint64_t kMaxFailureRejects = 10'000;

// Put after the last row of an arrival is in the table.
struct LoadRecord {
  TableName table;
  DatasetName dataset;
  ArrivalId arrival;
  int generation = 1;
  std::uint64_t rows_read = 0;
  std::uint64_t rows_written = 0;     // offered to the table and newest at that moment
  std::uint64_t rows_superseded = 0;  // a later row of the same arrival had the same key, or the
                                      // table had a newer one
  std::uint64_t rows_rejected = 0;
  std::uint64_t rows_removed = 0;  // snapshot: rows that the newest version no longer has
  std::string finished_at;
  std::string lakegate_version;
};

std::string to_json(const Claim&);
std::string to_json(const RunRecord&);
std::string to_json(const FailureRecord&);
std::string to_json(const LoadRecord&);

// `key` names the record in errors.
Result<Claim> claim_from_json(std::string_view json, const ObjectKey& key);
Result<RunRecord> run_from_json(std::string_view json, const ObjectKey& key);
Result<FailureRecord> failure_from_json(std::string_view json, const ObjectKey& key);
Result<LoadRecord> load_from_json(std::string_view json, const ObjectKey& key);

}  // namespace lakegate
