// What a fetch writes down beside its plan, as JSON under _lake/fetches/<dataset>/<plan>/. The
// records outlive the process: docs/fetch.md describes each field, and every record carries
// `format`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"
#include "lake/ids.h"
#include "lake/time.h"

namespace lakegate {

// A parameter set that gave no whole answer.
struct FailedSet {
  std::uint64_t n = 0;     // its index in the plan, from 0
  std::string parameters;  // a JSON object
  int status = 0;          // the last one; 0: never a reply
  int attempts = 0;
  std::string reason;
  bool operator==(const FailedSet&) const = default;
};

// Records tell of the so many that took most attempts; the report beside them has all.
inline constexpr std::size_t kMostFailuresTold = 100;
// Adds to those told of, worst first, of equals the first in the plan.
void add_to_worst(FailedSet failure, std::vector<FailedSet>& worst);

struct FetchCounts {
  std::uint64_t sets = 0, failed = 0;
  std::uint64_t attempts = 0, replies = 0;
  std::uint64_t bytes = 0;  // of replies, decoded
  std::uint64_t rows = 0;   // in the replies, before they are typed
  FetchCounts& operator+=(const FetchCounts& other);
  bool operator==(const FetchCounts&) const = default;
};

// slice-0001.json: what a slice came to. Put before the landed object, which completes the slice.
struct SliceRecord {
  DatasetName dataset;
  std::string plan;
  std::uint64_t slice = 1;
  FetchCounts counts;
  std::vector<FailedSet> failures;  // the worst
  ObjectKey landed;                 // empty: no reply came, so nothing was landed
  std::uint64_t landed_size = 0;
  std::string asked_at;  // ISO, by the clock: when its first set was begun
  std::uint64_t duration_ms = 0;
  std::string lakegate_version;
};

// fetch.json: put if absent when every slice is asked and run. The plan is done.
struct FetchRecord {
  struct Slice {
    std::uint64_t slice = 1;
    ArrivalId arrival;    // empty: nothing was landed
    bool failed = false;  // its run: nothing of it was published; a failure record says why
    std::uint64_t rows_written = 0, rows_rejected = 0;
  };
  DatasetName dataset;
  std::string plan;
  Instant scheduled_at;
  std::string failed_of;  // the plan whose failures were asked again; empty: none
  FetchCounts counts;
  std::vector<FailedSet> failures;  // the worst
  std::vector<Slice> slices;
  std::string finished_at;
  std::string lakegate_version;
};

// last.json: the newest finished fetch of a dataset, {since} of the next one.
struct LastFetch {
  std::string plan;
  Instant scheduled_at;
};

// lease.json: who is at work on a plan, and until when nobody else is.
struct LeaseRecord {
  std::string holder;  // empty: nobody
  Instant expires_at;
};

std::string to_json(const SliceRecord&);
std::string to_json(const FetchRecord&);
std::string to_json(const LastFetch&);
std::string to_json(const LeaseRecord&);

// `key` names the record in errors.
Result<SliceRecord> slice_from_json(std::string_view json, const ObjectKey& key);
Result<FetchRecord> fetch_from_json(std::string_view json, const ObjectKey& key);
Result<LastFetch> last_fetch_from_json(std::string_view json, const ObjectKey& key);
Result<LeaseRecord> lease_from_json(std::string_view json, const ObjectKey& key);

}  // namespace lakegate
