#include "stores/memory_store.h"

#include <fmt/format.h>

#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "lake/digest.h"

namespace lakegate {
namespace {

struct Object {
  std::shared_ptr<const std::string> bytes;
  std::string version;
  std::uint64_t write = 0;  // which write made it
  Instant modified;
};

// Shared by the store and by whatever it has given out.
struct Contents {
  std::mutex mutex;
  std::condition_variable lease_given_back;
  std::map<std::string, Object, std::less<>> objects;
  std::set<std::string, std::less<>> leases;
  std::uint64_t writes = 0;

  // With the mutex held.
  void put(const std::string& key, std::string bytes) {
    ++writes;
    Object object{.bytes = nullptr,
                  .version = sha256_hex(bytes),
                  .write = writes,
                  .modified = Instant(std::chrono::sys_days(std::chrono::year(2020) / 1 / 1)) +
                              std::chrono::seconds(writes)};
    object.bytes = std::make_shared<const std::string>(std::move(bytes));
    objects[key] = std::move(object);
  }
};

Result<void> check_key(const ObjectKey& key) {
  const std::string padded = "/" + key.str() + "/";
  if (key.empty() || padded.find("//") != std::string::npos ||
      padded.find("/./") != std::string::npos || padded.find("/../") != std::string::npos ||
      padded.find('\0') != std::string::npos)
    return invalid_input(fmt::format("\"{}\" is not a key of a lake", key.str()));
  return {};
}

// Fails as a store does that is asked for one version of an object: as soon as it is replaced.
struct PinnedObject {
  std::shared_ptr<Contents> contents;
  std::string key;
  Object object;

  std::uint64_t size() const { return object.bytes->size(); }
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const {
    const std::lock_guard guard(contents->mutex);
    const auto found = contents->objects.find(key);
    if (found == contents->objects.end() || found->second.write != object.write)
      return fail(ErrorKind::kConflict, fmt::format("{} was replaced while being read", key));
    if (!out.empty()) std::memcpy(out.data(), object.bytes->data() + offset, out.size());
    return {};
  }
};

class MemoryObjectStream : public ByteStream {
 public:
  explicit MemoryObjectStream(PinnedObject object) : object_(std::move(object)) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    const std::size_t count = std::min<std::uint64_t>(out.size(), object_.size() - offset_);
    LAKEGATE_CHECK(object_.read(offset_, out.first(count)));
    offset_ += count;
    return count;
  }
  std::uint64_t input_bytes() const override { return offset_; }

 private:
  PinnedObject object_;
  std::uint64_t offset_ = 0;
};

class MemoryObjectInput : public Input {
 public:
  explicit MemoryObjectInput(PinnedObject object) : object_(std::move(object)) {}

  const std::string& name() const override { return object_.key; }
  std::uint64_t size() const override { return object_.size(); }
  Result<std::unique_ptr<ByteStream>> open() const override {
    return std::make_unique<MemoryObjectStream>(object_);
  }
  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > size() || out.size() > size() - offset)
      return invalid_input(fmt::format("{} ends at byte {}", name(), size()));
    return object_.read(offset, out);
  }

 private:
  PinnedObject object_;
};

class MemoryPending : public PendingObject {
 public:
  MemoryPending(std::shared_ptr<Contents> contents, ObjectKey key)
      : contents_(std::move(contents)), key_(std::move(key)) {}

  Result<void> write(std::span<const std::byte> bytes) override {
    if (sealed_) return out_of_turn();
    bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }
  Result<std::uint64_t> seal() override {
    if (sealed_) return out_of_turn();
    sealed_ = true;
    return bytes_.size();
  }
  Result<void> publish() override {
    if (!sealed_ || published_) return out_of_turn();
    const std::lock_guard guard(contents_->mutex);
    contents_->put(key_.str(), std::move(bytes_));
    published_ = true;
    return {};
  }

 private:
  Failure out_of_turn() const {
    return fail(ErrorKind::kPermanent, fmt::format("{} is written out of turn", key_.str()));
  }

  std::shared_ptr<Contents> contents_;
  ObjectKey key_;
  std::string bytes_;
  bool sealed_ = false;
  bool published_ = false;
};

class MemoryLease : public Lease {
 public:
  MemoryLease(std::shared_ptr<Contents> contents, std::string name)
      : contents_(std::move(contents)), name_(std::move(name)) {}
  ~MemoryLease() override {
    const std::lock_guard guard(contents_->mutex);
    contents_->leases.erase(name_);
    contents_->lease_given_back.notify_all();
  }

 private:
  std::shared_ptr<Contents> contents_;
  std::string name_;
};

class MemoryStore : public ObjectStore {
 public:
  std::string describe() const override { return "memory"; }

  Result<std::vector<ObjectInfo>> list(std::string_view prefix) const override {
    const std::lock_guard guard(contents_->mutex);
    std::vector<ObjectInfo> found;
    for (auto at = contents_->objects.lower_bound(prefix);
         at != contents_->objects.end() && at->first.starts_with(prefix); ++at)
      found.push_back(info(at->first, at->second));
    return found;
  }
  Result<ObjectInfo> head(const ObjectKey& key) const override {
    LAKEGATE_TRY(const Object object, find(key));
    return info(key.str(), object);
  }
  Result<std::shared_ptr<Input>> open(const ObjectKey& key) const override {
    LAKEGATE_TRY(Object object, find(key));
    return std::make_shared<MemoryObjectInput>(
        PinnedObject{.contents = contents_, .key = key.str(), .object = std::move(object)});
  }
  Result<Blob> get(const ObjectKey& key) const override {
    LAKEGATE_TRY(const Object object, find(key));
    return Blob{.bytes = *object.bytes, .tag = object.version};
  }
  Result<std::unique_ptr<PendingObject>> create(const ObjectKey& key) override {
    LAKEGATE_CHECK(check_key(key));
    return std::make_unique<MemoryPending>(contents_, key);
  }
  Result<void> put(const ObjectKey& key, std::string_view bytes) override {
    return put_where(key, bytes, [](const Object*) { return true; });
  }
  Result<void> put_if_absent(const ObjectKey& key, std::string_view bytes) override {
    return put_where(key, bytes, [](const Object* there) { return there == nullptr; });
  }
  Result<void> put_if_match(const ObjectKey& key, std::string_view bytes,
                            const std::string& tag) override {
    return put_where(
        key, bytes, [&](const Object* there) { return there != nullptr && there->version == tag; });
  }
  Result<void> remove(const ObjectKey& key) override {
    LAKEGATE_CHECK(check_key(key));
    const std::lock_guard guard(contents_->mutex);
    contents_->objects.erase(key.str());
    return {};
  }
  Result<std::unique_ptr<Lease>> lease(std::string_view name) override {
    std::unique_lock guard(contents_->mutex);
    contents_->lease_given_back.wait(guard, [&] { return !contents_->leases.contains(name); });
    contents_->leases.emplace(name);
    return std::make_unique<MemoryLease>(contents_, std::string(name));
  }
  Result<std::unique_ptr<Lease>> try_lease(std::string_view name) override {
    const std::lock_guard guard(contents_->mutex);
    if (!contents_->leases.emplace(name).second) return nullptr;
    return std::make_unique<MemoryLease>(contents_, std::string(name));
  }
  Result<void> sweep() override { return {}; }

 private:
  static ObjectInfo info(const std::string& key, const Object& object) {
    return {.key = ObjectKey(key),
            .size = object.bytes->size(),
            .modified = object.modified,
            .version = object.version};
  }
  Result<Object> find(const ObjectKey& key) const {
    LAKEGATE_CHECK(check_key(key));
    const std::lock_guard guard(contents_->mutex);
    const auto found = contents_->objects.find(key.str());
    if (found != contents_->objects.end()) return found->second;
    return fail(ErrorKind::kNotFound, fmt::format("there is no object {}", key.str()));
  }
  template <class Condition>
  Result<void> put_where(const ObjectKey& key, std::string_view bytes, Condition condition) {
    LAKEGATE_CHECK(check_key(key));
    const std::lock_guard guard(contents_->mutex);
    const auto found = contents_->objects.find(key.str());
    if (!condition(found == contents_->objects.end() ? nullptr : &found->second))
      return fail(ErrorKind::kConflict,
                  fmt::format("{} is not as expected: somebody else wrote first", key.str()));
    contents_->put(key.str(), std::string(bytes));
    return {};
  }

  std::shared_ptr<Contents> contents_ = std::make_shared<Contents>();
};

}  // namespace

std::unique_ptr<ObjectStore> make_memory_store() {
  return std::make_unique<MemoryStore>();
}

}  // namespace lakegate
