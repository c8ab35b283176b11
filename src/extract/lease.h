// Who is at work on a plan. A lease is a record with an expiry, written under conditions, so that
// it excludes wherever the lake is; a holder that died is succeeded when it has expired.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "lake/error.h"
#include "lake/ids.h"
#include "lake/time.h"
#include "stores/object_store.h"

namespace lakegate {

struct LeaseOptions {
  std::string holder;                       // of this process alone
  std::chrono::milliseconds lasts{60'000};  // without being renewed
  // Whether a holder is known to be dead: then nobody waits for the expiry. May be empty.
  std::function<bool(const std::string& holder)> is_gone;
  std::function<Instant()> now = [] { return std::chrono::system_clock::now(); };
};

// Renewed by a thread of its own until it is destroyed, which gives it back.
class PlanLease {
 public:
  // kConflict while another holds it: who, and until when.
  static Result<std::unique_ptr<PlanLease>> take(ObjectStore& store, ObjectKey key,
                                                 LeaseOptions options);
  ~PlanLease();
  PlanLease(const PlanLease&) = delete;
  PlanLease& operator=(const PlanLease&) = delete;

  // Before anything that two holders must not both do: renews it now. kConflict: it was lost.
  Result<void> confirm();

 private:
  PlanLease(ObjectStore& store, ObjectKey key, LeaseOptions options);
  Result<void> renew();
  void renew_until_stopped();

  ObjectStore& store_;
  const ObjectKey key_;
  const LeaseOptions options_;
  std::mutex mutex_;  // of what follows, and of renewing
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;  // the last member: it uses the others
};

}  // namespace lakegate
