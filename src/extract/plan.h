// What a fetch is going to ask, written down before the first request: the same plan asks the same
// again, whoever goes on with it. In the lake it is _lake/fetches/<dataset>/<id>/plan.ndjson.zst:
// a header line, then a line a parameter set, in order; docs/lake-layout.md has the form.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/config.h"
#include "extract/parameter_sets.h"
#include "extract/variables.h"
#include "lake/error.h"
#include "lake/ids.h"
#include "lake/time.h"

namespace lakegate {

struct Plan {
  DatasetName dataset;
  std::string id;        // plan_id
  Instant scheduled_at;  // whole seconds; {until}
  std::optional<Instant> since;
  std::string source_hash;  // SourceConfig::request_hash: of what made it
  std::uint64_t slice_requests = 1;
  std::string failed_of;  // the plan whose failures this one asks again; empty: none
  // Names: for_each's, in order, then `since` and `until` where the source uses them, so that a set
  // says by itself what every variable stands for.
  ParameterSets sets;

  std::size_t slices() const {
    return (sets.size() + slice_requests - 1) / static_cast<std::size_t>(slice_requests);
  }
  // {"device":"d1","day":"2026-11-23"}, names in order: as landed replies and messages have them.
  std::string parameters_json(std::size_t set) const;
};

// The first 12 hex digits of the SHA-256 over dataset, scheduled time and failed_of.
std::string plan_id(const DatasetName& dataset, Instant scheduled_at, std::string_view failed_of);

// `dataset` has a source. `last_finished` is the scheduled time of the last finished fetch. The
// store is read where for_each names a file. kInvalidInput: no sets, more than kMostSets or
// kMostSlices of them, lists of unequal length that are to be zipped, {since} after {until}.
inline constexpr std::size_t kMostSets = 1'000'000;
inline constexpr std::size_t kMostSlices = 9'999;
Result<Plan> make_plan(const DatasetConfig& dataset, Instant scheduled_at,
                       std::optional<Instant> last_finished, const ObjectStore& store);

// The sets of `of` that `indexes` names, ascending, as a plan of their own. {since} and {until} are
// what they were.
Result<Plan> make_failed_plan(const DatasetConfig& dataset, const Plan& of, Instant scheduled_at,
                              std::span<const std::size_t> indexes);

std::string to_bytes(const Plan& plan);  // deterministic
Result<Plan> plan_from_bytes(std::string_view bytes, std::string_view key);

}  // namespace lakegate
