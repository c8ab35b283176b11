// A store whose operations go wrong when a test says so (a decorator; whatever is underneath stays
// as it is). Operations that change the store, publish() and seal() among them, are counted from 1;
// reading is not. To try every moment of a piece of work: run it once, take steps(), then run it
// again with a fault at each of 1 … steps().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "stores/object_store.h"

namespace lakegate {

class FaultyStore : public ObjectStore {
 public:
  enum class Fault {
    kNone,
    kFail,        // the step does nothing and returns kRetryable; all others work
    kLostReply,   // the step takes effect and still returns kRetryable; all others work
    kCrash,       // the step and every later one does nothing and fails, reading too: the process
                  // is dead as far as the store can see
    kCrashAfter,  // the step takes effect, then as kCrash
  };

  explicit FaultyStore(ObjectStore& under) : under_(under) {}

  void set_fault(Fault fault, std::uint64_t step) {
    const std::lock_guard guard(state_->mutex);
    *state_ = State(fault, step);
  }
  // Somebody else's work, done just before the fault at that step.
  void set_meanwhile(Fault fault, std::uint64_t step, std::function<void()> work) {
    set_fault(fault, step);
    const std::lock_guard guard(state_->mutex);
    state_->meanwhile = std::move(work);
  }
  std::uint64_t steps() const {
    const std::lock_guard guard(state_->mutex);
    return state_->steps;
  }
  bool crashed() const {
    const std::lock_guard guard(state_->mutex);
    return state_->crashed;
  }
  // What the fault struck: "publish curated/d/a.parquet". Empty if it has not.
  std::string struck() const {
    const std::lock_guard guard(state_->mutex);
    return state_->struck;
  }

  std::string describe() const override { return under_.describe(); }

  Result<std::vector<ObjectInfo>> list(std::string_view prefix) const override {
    return read([&] { return under_.list(prefix); });
  }
  Result<ObjectInfo> head(const ObjectKey& key) const override {
    return read([&] { return under_.head(key); });
  }
  Result<std::shared_ptr<Input>> open(const ObjectKey& key) const override {
    return read([&] { return under_.open(key); });
  }
  Result<Blob> get(const ObjectKey& key) const override {
    return read([&] { return under_.get(key); });
  }
  Result<std::unique_ptr<PendingObject>> create(const ObjectKey& key) override {
    LAKEGATE_TRY(auto pending, read([&] { return under_.create(key); }));
    return std::make_unique<FaultyPending>(state_, key.str(), std::move(pending));
  }
  Result<void> put(const ObjectKey& key, std::string_view bytes) override {
    return state_->step("put " + key.str(), [&] { return under_.put(key, bytes); });
  }
  Result<void> put_if_absent(const ObjectKey& key, std::string_view bytes) override {
    return state_->step("put_if_absent " + key.str(),
                        [&] { return under_.put_if_absent(key, bytes); });
  }
  Result<void> put_if_match(const ObjectKey& key, std::string_view bytes,
                            const std::string& tag) override {
    return state_->step("put_if_match " + key.str(),
                        [&] { return under_.put_if_match(key, bytes, tag); });
  }
  Result<void> remove(const ObjectKey& key) override {
    return state_->step("remove " + key.str(), [&] { return under_.remove(key); });
  }
  Result<std::unique_ptr<Lease>> lease(std::string_view name) override {
    return read([&] { return under_.lease(name); });
  }
  Result<std::unique_ptr<Lease>> try_lease(std::string_view name) override {
    return read([&] { return under_.try_lease(name); });
  }
  Result<void> sweep() override {
    return read([&] { return under_.sweep(); });
  }

 private:
  struct State {
    State() = default;
    State(Fault new_fault, std::uint64_t step) : fault(new_fault), at(step) {}
    State& operator=(State&& other) noexcept {
      fault = other.fault;
      at = other.at;
      steps = 0;
      crashed = false;
      struck.clear();
      meanwhile = nullptr;
      return *this;
    }

    static Failure dead() { return fail(ErrorKind::kPermanent, "the store's user has crashed"); }

    template <class Operation>
    Result<void> step(const std::string& what, Operation operation) {
      Fault now = Fault::kNone;
      std::function<void()> others_work;
      {
        const std::lock_guard guard(mutex);
        if (crashed) return dead();
        if (++steps == at) {
          now = fault;
          others_work = meanwhile;
        }
        if (now != Fault::kNone) struck = what;
        if (now == Fault::kCrash || now == Fault::kCrashAfter) crashed = true;
      }
      if (others_work) others_work();
      if (now == Fault::kCrash) return dead();
      if (now == Fault::kFail) return fail(ErrorKind::kRetryable, "fault on purpose: " + what);
      auto done = operation();
      if (now == Fault::kCrashAfter) return dead();
      if (now == Fault::kLostReply)
        return fail(ErrorKind::kRetryable, "reply lost on purpose: " + what);
      return done;
    }

    mutable std::mutex mutex;
    Fault fault = Fault::kNone;
    std::uint64_t at = 0;
    std::uint64_t steps = 0;
    bool crashed = false;
    std::string struck;
    std::function<void()> meanwhile;
  };

  class FaultyPending : public PendingObject {
   public:
    FaultyPending(std::shared_ptr<State> state, std::string key,
                  std::unique_ptr<PendingObject> under)
        : state_(std::move(state)), key_(std::move(key)), under_(std::move(under)) {}
    Result<void> write(std::span<const std::byte> bytes) override { return under_->write(bytes); }
    Result<std::uint64_t> seal() override {
      std::uint64_t size = 0;
      LAKEGATE_CHECK(state_->step("seal " + key_, [&]() -> Result<void> {
        LAKEGATE_TRY(size, under_->seal());
        return {};
      }));
      return size;
    }
    Result<void> publish() override {
      return state_->step("publish " + key_, [&] { return under_->publish(); });
    }

   private:
    std::shared_ptr<State> state_;
    std::string key_;
    std::unique_ptr<PendingObject> under_;
  };

  template <class Operation>
  auto read(Operation operation) const -> decltype(operation()) {
    if (crashed()) return State::dead();
    return operation();
  }

  ObjectStore& under_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace lakegate
