#include "stores/stoppable_store.h"

#include <string>
#include <utility>
#include <vector>

namespace lakegate {
namespace {

using SharedReason = std::shared_ptr<const StopReason>;

Result<void> go_on(const StopReason& stop) {
  if (auto reason = stop()) return tl::unexpected<Error>(std::move(*reason));
  return {};
}

class StoppableStream : public ByteStream {
 public:
  StoppableStream(std::unique_ptr<ByteStream> stream, SharedReason stop)
      : stream_(std::move(stream)), stop_(std::move(stop)) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    LAKEGATE_CHECK(go_on(*stop_));
    return stream_->read(out);
  }
  std::uint64_t input_bytes() const override { return stream_->input_bytes(); }

 private:
  std::unique_ptr<ByteStream> stream_;
  SharedReason stop_;
};

class StoppableInput : public Input {
 public:
  StoppableInput(std::shared_ptr<Input> input, SharedReason stop)
      : input_(std::move(input)), stop_(std::move(stop)) {}
  const std::string& name() const override { return input_->name(); }
  std::uint64_t size() const override { return input_->size(); }
  Result<std::unique_ptr<ByteStream>> open() const override {
    LAKEGATE_TRY(auto stream, input_->open());
    return std::make_unique<StoppableStream>(std::move(stream), stop_);
  }
  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    LAKEGATE_CHECK(go_on(*stop_));
    return input_->read_at(offset, out);
  }

 private:
  std::shared_ptr<Input> input_;
  SharedReason stop_;
};

class StoppablePending : public PendingObject {
 public:
  StoppablePending(std::unique_ptr<PendingObject> pending, SharedReason stop)
      : pending_(std::move(pending)), stop_(std::move(stop)) {}
  Result<void> write(std::span<const std::byte> bytes) override {
    LAKEGATE_CHECK(go_on(*stop_));
    return pending_->write(bytes);
  }
  Result<std::uint64_t> seal() override {
    LAKEGATE_CHECK(go_on(*stop_));
    return pending_->seal();
  }
  Result<void> publish() override { return pending_->publish(); }

 private:
  std::unique_ptr<PendingObject> pending_;
  SharedReason stop_;
};

class StoppableStore : public ObjectStore {
 public:
  StoppableStore(std::unique_ptr<ObjectStore> store, StopReason stop)
      : store_(std::move(store)), stop_(std::make_shared<const StopReason>(std::move(stop))) {}
  std::string describe() const override { return store_->describe(); }
  Result<std::vector<ObjectInfo>> list(std::string_view prefix) const override {
    return store_->list(prefix);
  }
  Result<ObjectInfo> head(const ObjectKey& key) const override { return store_->head(key); }
  Result<std::shared_ptr<Input>> open(const ObjectKey& key) const override {
    LAKEGATE_TRY(auto input, store_->open(key));
    return std::make_shared<StoppableInput>(std::move(input), stop_);
  }
  Result<Blob> get(const ObjectKey& key) const override { return store_->get(key); }
  Result<std::unique_ptr<PendingObject>> create(const ObjectKey& key) override {
    LAKEGATE_TRY(auto pending, store_->create(key));
    return std::make_unique<StoppablePending>(std::move(pending), stop_);
  }
  Result<void> put(const ObjectKey& key, std::string_view bytes) override {
    return store_->put(key, bytes);
  }
  Result<void> put_if_absent(const ObjectKey& key, std::string_view bytes) override {
    return store_->put_if_absent(key, bytes);
  }
  Result<void> put_if_match(const ObjectKey& key, std::string_view bytes,
                            const std::string& tag) override {
    return store_->put_if_match(key, bytes, tag);
  }
  Result<void> remove(const ObjectKey& key) override { return store_->remove(key); }
  Result<std::unique_ptr<Lease>> lease(std::string_view name) override {
    return store_->lease(name);
  }
  Result<std::unique_ptr<Lease>> try_lease(std::string_view name) override {
    return store_->try_lease(name);
  }
  Result<void> sweep() override { return store_->sweep(); }

 private:
  std::unique_ptr<ObjectStore> store_;
  SharedReason stop_;
};

}  // namespace

std::unique_ptr<ObjectStore> stoppable(std::unique_ptr<ObjectStore> store, StopReason stop) {
  return std::make_unique<StoppableStore>(std::move(store), std::move(stop));
}

}  // namespace lakegate
