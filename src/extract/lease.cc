#include "extract/lease.h"

#include <fmt/format.h>

#include <utility>

#include "extract/fetch_records.h"

namespace lakegate {
namespace {

struct Found {
  LeaseRecord record;
  std::string tag;
};

Result<std::optional<Found>> find_lease(const ObjectStore& store, const ObjectKey& key) {
  auto blob = store.get(key);
  if (!blob && blob.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!blob) return Failure(std::move(blob).error());
  LAKEGATE_TRY(LeaseRecord record, lease_from_json(blob->bytes, key));
  return Found{std::move(record), std::move(blob->tag)};
}

Failure held(const ObjectKey& key, const std::string& holder, Instant until) {
  return fail(
      ErrorKind::kConflict,
      fmt::format("{} is at work on this fetch, and holds it until {} at the latest; try "
                  "again when it has finished",
                  holder.empty() ? "another process" : holder, to_iso(until).substr(0, 19) + "Z"),
      {.file = key.str()});
}

}  // namespace

PlanLease::PlanLease(ObjectStore& store, ObjectKey key, LeaseOptions options)
    : store_(store), key_(std::move(key)), options_(std::move(options)) {}

Result<std::unique_ptr<PlanLease>> PlanLease::take(ObjectStore& store, ObjectKey key,
                                                   LeaseOptions options) {
  LAKEGATE_TRY(const auto found, find_lease(store, key));
  const Instant now = options.now();
  if (found) {
    const LeaseRecord& other = found->record;
    const bool is_free = other.holder.empty() || other.holder == options.holder ||
                         other.expires_at <= now ||
                         (options.is_gone && options.is_gone(other.holder));
    if (!is_free) return held(key, other.holder, other.expires_at);
  }
  const std::string mine =
      to_json(LeaseRecord{.holder = options.holder, .expires_at = now + options.lasts});
  auto put = found ? store.put_if_match(key, mine, found->tag) : store.put_if_absent(key, mine);
  if (!put && put.error().kind == ErrorKind::kConflict) return held(key, "", now + options.lasts);
  if (!put) return Failure(std::move(put).error());
  std::unique_ptr<PlanLease> lease(new PlanLease(store, std::move(key), std::move(options)));
  lease->thread_ = std::thread([&lease = *lease] { lease.renew_until_stopped(); });
  return lease;
}

PlanLease::~PlanLease() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
  const auto found = find_lease(store_, key_);
  if (!found || !*found || (*found)->record.holder != options_.holder) return;
  // Whoever comes next need not wait; if this fails, the lease expires.
  (void)store_.put_if_match(key_, to_json(LeaseRecord{.holder = "", .expires_at = options_.now()}),
                            (*found)->tag);
}

Result<void> PlanLease::confirm() {
  const std::scoped_lock lock(mutex_);
  return renew();
}

Result<void> PlanLease::renew() {
  LAKEGATE_TRY(const auto found, find_lease(store_, key_));
  if (!found || found->record.holder != options_.holder)
    return fail(ErrorKind::kConflict,
                fmt::format("the lease of this fetch was not renewed in time, and {} has taken it "
                            "over; nothing more is written here",
                            found && !found->record.holder.empty() ? found->record.holder
                                                                   : "another process"),
                {.file = key_.str()});
  return store_.put_if_match(key_,
                             to_json(LeaseRecord{.holder = options_.holder,
                                                 .expires_at = options_.now() + options_.lasts}),
                             found->tag);
}

void PlanLease::renew_until_stopped() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, options_.lasts / 3, [this] { return stop_; }))
    (void)renew();  // lost or out of reach: confirm() will find out
}

}  // namespace lakegate
