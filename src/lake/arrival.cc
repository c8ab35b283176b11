#include "lake/arrival.h"

#include "lake/digest.h"

namespace lakegate {
namespace {

constexpr std::size_t kArrivalIdDigits = 20;

// "5:sales": a field's end is known before it is read, so no two lists of fields hash alike.
void add_field(Sha256& hash, std::string_view field) {
  hash.update(std::to_string(field.size()));
  hash.update(":");
  hash.update(field);
}

}  // namespace

ArrivalId make_arrival_id(const DatasetName& dataset, const ObjectKey& key,
                          const std::string& version, std::uint64_t size, Instant arrived_at) {
  Sha256 hash;
  add_field(hash, dataset.str());
  add_field(hash, key.str());
  add_field(hash, version);
  add_field(hash, std::to_string(size));
  add_field(hash, to_iso(arrived_at));
  return ArrivalId(hash.finish().substr(0, kArrivalIdDigits));
}

}  // namespace lakegate
