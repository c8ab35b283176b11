// One version of one landed object, and its identity.
#pragma once

#include <map>
#include <string>

#include "lake/ids.h"
#include "lake/time.h"

namespace lakegate {

// An arrival's time is the Last-Modified of that version of the object (locally the file's
// modification time), never the clock: events, listings and repetitions must agree.
struct Arrival {
  DatasetName dataset;
  ObjectKey key;        // under landing/
  std::string version;  // version id, or ETag without versions; locally the SHA-256 of the content
  std::uint64_t size = 0;  // bytes as landed
  Instant arrived_at;
  std::map<std::string, std::string> captures;  // from the landing pattern, by capture name
  ArrivalId id;

  bool operator==(const Arrival&) const = default;
};

// The first 20 hex digits of SHA-256 over dataset, key, version, size and arrival time. The fields
// are length-prefixed, so that no two different arrivals hash the same text.
ArrivalId make_arrival_id(const DatasetName& dataset, const ObjectKey& key,
                          const std::string& version, std::uint64_t size, Instant arrived_at);

}  // namespace lakegate
