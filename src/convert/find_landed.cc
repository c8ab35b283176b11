// Which arrivals are there: landing/ as a listing shows it.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "convert/input_digest.h"
#include "convert/lake_run.h"
#include "lake/layout.h"
#include "lake/utf8.h"

namespace lakegate {
namespace {

// Sorted by key, not by age: an index of 50,000 files must not be searched from end to end.
using Json = nlohmann::json;

const ObjectKey kIndexKey("_lake/index.json");
constexpr int kIndexFormat = 1;

// What was found out about a landed file when it was last read: only where the store has no
// versions.
struct Known {
  std::uint64_t size = 0;
  Instant modified;  // as listed
  std::string sha256;
  Instant arrived_at;  // of the arrival that the content is; older than `modified` if only touched
  bool operator==(const Known&) const = default;
};
using Index = std::map<ObjectKey, Known>;

std::string to_json(const Index& index) {
  Json files = Json::object();
  for (const auto& [key, known] : index)
    files[key.str()] = {{"size", known.size},
                        {"modified", to_iso(known.modified)},
                        {"sha256", known.sha256},
                        {"arrived_at", to_iso(known.arrived_at)}};
  return Json({{"format", kIndexFormat}, {"files", std::move(files)}}).dump(1) + "\n";
}

// Nothing if the text is not an index of this format: it is only a help, and is made anew.
std::optional<Index> index_from_json(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object() || json.value("format", 0) != kIndexFormat)
    return std::nullopt;
  Index index;
  try {
    for (const auto& [key, file] : json.at("files").items()) {
      const auto modified = instant_from_iso(file.at("modified").get<std::string>());
      const auto arrived_at = instant_from_iso(file.at("arrived_at").get<std::string>());
      if (!modified || !arrived_at) return std::nullopt;
      index.emplace(ObjectKey(key),
                    Known{file.at("size"), *modified, file.at("sha256"), *arrived_at});
    }
  } catch (const Json::exception&) {
    return std::nullopt;
  }
  return index;
}

// What the records say of each landed key: its newest arrival.
Result<Index> index_from_records(const ObjectStore& store, const Config& config) {
  Index index;
  const auto note = [&](const Arrival& arrival) {
    const auto it = index.find(arrival.key);
    if (it != index.end() && it->second.arrived_at >= arrival.arrived_at) return;
    index[arrival.key] = {arrival.size, arrival.arrived_at, arrival.version, arrival.arrived_at};
  };
  for (const DatasetConfig& dataset : config.datasets) {
    LAKEGATE_TRY(auto failures, list_failures(store, dataset.name));
    for (const FailureRecord& failure : failures) note(failure.arrival);
    LAKEGATE_TRY(auto runs, list_runs(store, dataset.name));
    for (const RunRecord& run : runs) note(run.arrival);
  }
  return index;
}

// The content's identity and the arrival's time, from the index where size and time are unchanged.
Result<Known> identify(const ObjectStore& store, const ObjectInfo& object, const Index& index) {
  const auto it = index.find(object.key);
  if (it != index.end() && it->second.size == object.size && it->second.modified == object.modified)
    return it->second;
  LAKEGATE_TRY(const auto input, store.open(object.key));
  LAKEGATE_TRY(std::string sha256, sha256_of(*input));
  const bool only_touched =
      it != index.end() && it->second.size == object.size && it->second.sha256 == sha256;
  return Known{object.size, object.modified, sha256,
               only_touched ? it->second.arrived_at : object.modified};
}

Arrival arrival_of(const ObjectInfo& object, Match match) {
  return {.dataset = match.dataset->name,
          .key = object.key,
          .version = object.version,
          .size = object.size,
          .arrived_at = object.modified,
          .captures = std::move(match.captures),
          .id = {}};
}

// What a fetch has landed is identified by its place in the plan, which is in its key: asked once
// more (which happens where two fetches of one plan overlap) it is the same arrival.
bool is_fetched(const DatasetConfig& dataset, Arrival& arrival) {
  const auto scheduled_at = layout::fetched_at(arrival.key);
  if (!dataset.source || !scheduled_at) return false;
  arrival.version = kFetchedVersion;
  arrival.arrived_at = *scheduled_at;
  arrival.id = make_arrival_id(arrival.dataset, arrival.key, arrival.version, 0, *scheduled_at);
  return true;
}

void identify(Arrival& arrival) {
  arrival.id = make_arrival_id(arrival.dataset, arrival.key, arrival.version, arrival.size,
                               arrival.arrived_at);
}

// The index with the tag that an update must name; made from the records where it is missing.
struct StoredIndex {
  Index files;
  std::string tag;  // empty: not stored
};
Result<StoredIndex> load_index(const ObjectStore& store, const Config& config) {
  StoredIndex index;
  auto blob = store.get(kIndexKey);
  if (!blob && blob.error().kind != ErrorKind::kNotFound)
    return tl::unexpected<Error>(std::move(blob).error());
  if (blob) {
    index.tag = std::move(blob->tag);
    if (auto known = index_from_json(blob->bytes)) {
      index.files = std::move(*known);
      return index;
    }
  }
  LAKEGATE_TRY(index.files, index_from_records(store, config));
  return index;
}

// What is known of one landed file, noted in the index for whoever looks next.
Result<Known> identify_and_note(ObjectStore& store, const Config& config,
                                const ObjectInfo& object) {
  constexpr int kMaxAttempts = 64;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    LAKEGATE_TRY(StoredIndex index, load_index(store, config));
    LAKEGATE_TRY(Known known, identify(store, object, index.files));
    const auto before = index.files.find(object.key);
    if (before != index.files.end() && before->second == known) return known;
    index.files[object.key] = known;
    const auto put = index.tag.empty()
                         ? store.put_if_absent(kIndexKey, to_json(index.files))
                         : store.put_if_match(kIndexKey, to_json(index.files), index.tag);
    if (put) return known;
    if (put.error().kind != ErrorKind::kConflict) return tl::unexpected<Error>(put.error());
  }
  return fail(ErrorKind::kRetryable, "other runs kept changing _lake/index.json; run again",
              {.file = object.key.str()});
}

}  // namespace

Arrival fetched_arrival(const DatasetConfig& dataset, const ObjectInfo& object) {
  auto captures = dataset.landing.match(object.key.str().substr(layout::kLanding.size()));
  Arrival arrival = arrival_of(
      object, Match{.dataset = &dataset,
                    .captures = captures.value_or(std::map<std::string, std::string>())});
  (void)is_fetched(dataset, arrival);
  return arrival;
}

Result<std::optional<Arrival>> find_arrival(ObjectStore& store, const Config& config,
                                            const ObjectKey& key) {
  LAKEGATE_TRY(auto match, match_dataset(config, key));
  if (!match || !is_utf8(key.str())) return std::nullopt;
  const DatasetConfig& dataset = *match->dataset;
  auto found = store.head(key);
  const bool is_gone = !found && found.error().kind == ErrorKind::kNotFound;
  // Replies that are not kept are gone when their run is committed, and may still be heard of.
  if (is_gone && dataset.source && !dataset.source->keep_raw && layout::fetched_at(key))
    return fetched_arrival(dataset, {.key = key});
  LAKEGATE_TRY(const ObjectInfo object, std::move(found));
  Arrival arrival = arrival_of(object, std::move(*match));
  if (is_fetched(dataset, arrival)) return arrival;
  if (arrival.version.empty()) {
    LAKEGATE_TRY(Known known, identify_and_note(store, config, object));
    arrival.version = std::move(known.sha256);
    arrival.arrived_at = known.arrived_at;
  }
  identify(arrival);
  return arrival;
}

Result<Landed> find_landed(ObjectStore& store, const Config& config,
                           const std::optional<DatasetName>& only, bool remember_index) {
  LAKEGATE_TRY(auto objects, store.list(layout::kLanding));
  std::optional<Index> index;
  // Only of stores that do not know the identity of a version.
  if (std::ranges::any_of(objects,
                          [](const ObjectInfo& object) { return object.version.empty(); })) {
    if (auto blob = store.get(kIndexKey); blob)
      index = index_from_json(blob->bytes);
    else if (blob.error().kind != ErrorKind::kNotFound)
      return tl::unexpected<Error>(std::move(blob).error());
  }

  Landed landed;
  Index now;
  bool changed = !index;
  for (const ObjectInfo& object : objects) {
    if (layout::is_ignored_landing_key(object.key)) continue;
    LAKEGATE_TRY(auto match, match_dataset(config, object.key));
    // Records are JSON, which cannot hold a name that is not UTF-8.
    if (!match || !is_utf8(object.key.str())) {
      landed.unmatched.push_back(object.key);
      continue;
    }
    if (only && match->dataset->name != *only) {
      // Another dataset's; what is known of it stays known.
      if (index && index->contains(object.key)) now[object.key] = index->at(object.key);
      continue;
    }
    const DatasetConfig& dataset = *match->dataset;
    Arrival arrival = arrival_of(object, std::move(*match));
    if (is_fetched(dataset, arrival)) {
      landed.arrivals.push_back(std::move(arrival));
      continue;
    }
    if (arrival.version.empty()) {
      if (!index) {
        LAKEGATE_TRY(index, index_from_records(store, config));
      }
      auto known = identify(store, object, *index);
      if (!known && known.error().kind == ErrorKind::kNotFound) continue;  // gone since the listing
      if (!known && known.error().kind == ErrorKind::kRetryable) return Failure(known.error());
      if (!known) {
        known.error().where.file = object.key.str();
        landed.unreadable.push_back({dataset.name, std::move(known).error()});
        if (index->contains(object.key)) now[object.key] = index->at(object.key);
        continue;
      }
      const auto before = index->find(object.key);
      changed = changed || before == index->end() || !(before->second == *known);
      arrival.version = known->sha256;
      arrival.arrived_at = known->arrived_at;
      now[object.key] = std::move(*known);
    }
    identify(arrival);
    landed.arrivals.push_back(std::move(arrival));
  }
  std::sort(landed.arrivals.begin(), landed.arrivals.end(), [](const Arrival& a, const Arrival& b) {
    return std::tie(a.arrived_at, a.key) < std::tie(b.arrived_at, b.key);
  });
  if (remember_index && !now.empty() && (changed || now.size() != index->size()))
    LAKEGATE_CHECK(store.put(kIndexKey, to_json(now)));
  return landed;
}

}  // namespace lakegate
