// Where everything stands in a lake. docs/lake-layout.md is the same in prose; keys outlive the
// process, so a change here is a change of format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lake/ids.h"
#include "lake/time.h"

namespace lakegate::layout {

inline constexpr std::string_view kLanding = "landing/";
inline constexpr std::string_view kCurated = "curated/";
inline constexpr std::string_view kRejected = "rejected/";
inline constexpr std::string_view kRecords = "_lake/";

// The landed name's last component without its format suffixes (.csv, .json, .gz …); characters
// outside [A-Za-z0-9.-] become "-"; begins with a letter or digit, because engines hide names that
// begin with "_" or ".".
std::string output_stem(const ObjectKey& landed);

struct OutputName {
  DatasetName dataset;
  std::string partition;  // "dt=2026-11-23/store=a%2Fb", or empty
  std::string stem;
  ArrivalId arrival;
  int generation = 1;  // from 2 on, "-g2" is part of the name
  int part = 0;        // 0: no "-NNN" in the name
};

ObjectKey curated_key(const OutputName& name);   // curated/<dataset>/<partition>/…parquet
ObjectKey rejected_key(const OutputName& name);  // rejected/<dataset>/<partition>/…ndjson
// The generation of such a key if it is of that arrival, of whatever part; else nothing. (A stem
// may hold the id of another arrival, whose output has landed.)
std::optional<int> generation_of(const ObjectKey& key, const ArrivalId& arrival);
// The landed file, copied beside its rejects where their raw text had to be cut.
ObjectKey rejected_copy_key(const OutputName& name, const ObjectKey& landed);

ObjectKey claim_key(const DatasetName& dataset, const ArrivalId& arrival);
ObjectKey run_key(const DatasetName& dataset, const ArrivalId& arrival);
ObjectKey failure_key(const DatasetName& dataset, const ArrivalId& arrival);
ObjectKey failure_rejects_key(const DatasetName& dataset, const ArrivalId& arrival);
ObjectKey load_key(const TableName& table, const ArrivalId& arrival);
ObjectKey schema_key(const DatasetName& dataset);

// A part of a fetch: as many parameter sets of its plan as one landed object holds.
struct FetchSlice {
  DatasetName dataset;
  std::string plan;      // its id
  Instant scheduled_at;  // whole seconds
  std::uint64_t number = 1;
};
ObjectKey fetch_key(const DatasetName& dataset, const std::string& plan, std::string_view name);
ObjectKey plan_key(const DatasetName& dataset, const std::string& plan);
ObjectKey fetch_record_key(const DatasetName& dataset, const std::string& plan);  // the commit
ObjectKey fetch_lease_key(const DatasetName& dataset, const std::string& plan);
ObjectKey last_fetch_key(const DatasetName& dataset);
std::string fetches_prefix(const DatasetName& dataset);
ObjectKey slice_key(const FetchSlice& slice);         // what it came to
ObjectKey slice_report_key(const FetchSlice& slice);  // each parameter set, as Parquet
// landing/<dataset>/20261123T042244Z-<plan>-0001.replies.ndjson.zst
ObjectKey replies_key(const FetchSlice& slice);
// When the fetch of such an object was scheduled; nothing for other keys.
std::optional<Instant> fetched_at(const ObjectKey& key);

// Names that are never arrivals: components that begin with "_" or ".", *.filepart, *.tmp, and the
// markers of empty folders (keys that end in "/").
bool is_ignored_landing_key(const ObjectKey& key);

}  // namespace lakegate::layout
