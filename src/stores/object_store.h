// Where objects live: memory (tests), a local directory, S3. Stages know only this interface; every
// store passes the same contract suite (tests/contract/object_store_contract.h).
//
// Keys are relative to the lake's root. An object is written whole or not at all, and a reader sees
// one version or another, never a mixture. Every method may be called from several threads at once,
// and several processes may use one lake.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/byte_sink.h"
#include "formats/input.h"
#include "lake/error.h"
#include "lake/ids.h"
#include "lake/time.h"

namespace lakegate {

struct ObjectInfo {
  ObjectKey key;
  std::uint64_t size = 0;
  Instant modified;
  // Version id, or ETag without versions. Empty where the store has neither (local files): then the
  // content's SHA-256 identifies a version, and whoever needs it reads the content.
  std::string version;
  bool operator==(const ObjectInfo&) const = default;
};

// A small object in one piece, with the tag that a conditional update must name.
struct Blob {
  std::string bytes;
  std::string tag;
};

// An object being written; nothing is visible until publish(). Destroyed unpublished, it leaves no
// trace. write and seal from one thread at a time.
class PendingObject : public ByteSink {
 public:
  // Everything is written and durable, and what the writing held (file descriptor, buffers) is
  // released: thousands may be sealed and waiting. Returns the size.
  virtual Result<std::uint64_t> seal() = 0;
  // Makes it visible under its key, replacing what is there. Only after seal().
  virtual Result<void> publish() = 0;
};

// Exclusive among the processes that use a lake, released when destroyed or when the process dies.
class Lease {
 public:
  virtual ~Lease() = default;
  virtual bool is_exclusive() const { return true; }  // false: the store gives one to everybody
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual std::string describe() const = 0;  // "/data/lake", "s3://bucket/lake": for messages

  // All objects whose key begins with `prefix`, ascending by key (bytes). Objects under `prefix`
  // that appear or vanish meanwhile may or may not be among them. Symbolic links are not followed.
  virtual Result<std::vector<ObjectInfo>> list(std::string_view prefix) const = 0;
  virtual Result<ObjectInfo> head(const ObjectKey& key) const = 0;  // kNotFound
  // The version that is there now, pinned: if it is replaced, reading fails with kConflict.
  virtual Result<std::shared_ptr<Input>> open(const ObjectKey& key) const = 0;  // kNotFound
  virtual Result<Blob> get(const ObjectKey& key) const = 0;  // small objects; kNotFound
  virtual Result<std::unique_ptr<PendingObject>> create(const ObjectKey& key) = 0;

  // Small objects, durable when the call returns. kConflict where the condition does not hold.
  // After a lost reply the store finds out by content whether the write was its own.
  virtual Result<void> put(const ObjectKey& key, std::string_view bytes) = 0;
  virtual Result<void> put_if_absent(const ObjectKey& key, std::string_view bytes) = 0;
  virtual Result<void> put_if_match(const ObjectKey& key, std::string_view bytes,
                                    const std::string& tag) = 0;
  virtual Result<void> remove(const ObjectKey& key) = 0;  // also if it is not there

  // Waits until no other process holds `name`. An advisory help against doing work twice:
  // correctness never depends on it, and stores without it (S3) return a lease at once.
  virtual Result<std::unique_ptr<Lease>> lease(std::string_view name) = 0;
  // The same, but returns null at once when another process holds it.
  virtual Result<std::unique_ptr<Lease>> try_lease(std::string_view name) = 0;

  // Removes what writers that died have left behind. Never touches what a living one holds.
  virtual Result<void> sweep() = 0;
};

}  // namespace lakegate
