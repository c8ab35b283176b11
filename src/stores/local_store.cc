#include "stores/local_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "lake/digest.h"
#include "lake/layout.h"
#include "stores/local_directory.h"
#include "stores/local_input.h"
#include "stores/local_lock.h"
#include "stores/local_temporary.h"

namespace lakegate {
namespace {

// Under these, folders come and go with their objects.
constexpr std::string_view kPrunedZones[] = {layout::kCurated, layout::kRejected};
// The store's own, no objects.
constexpr std::string_view kOwnFolders[] = {"_lake/tmp/", "_lake/locks/"};

ObjectInfo info_of(std::string key, const struct stat& status) {
  return {.key = ObjectKey(std::move(key)),
          .size = static_cast<std::uint64_t>(status.st_size),
          .modified = Instant(std::chrono::seconds(status.st_mtim.tv_sec) +
                              std::chrono::nanoseconds(status.st_mtim.tv_nsec)),
          .version = {}};
}

class LocalStore : public ObjectStore {
 public:
  explicit LocalStore(LakeDirectory lake)
      : lake_(std::make_shared<const LakeDirectory>(std::move(lake))),
        temporary_(std::make_shared<TemporaryFolder>(lake_)) {}

  std::string describe() const override { return lake_->root(); }

  Result<std::vector<ObjectInfo>> list(std::string_view prefix) const override;
  Result<ObjectInfo> head(const ObjectKey& key) const override;
  Result<std::shared_ptr<Input>> open(const ObjectKey& key) const override;
  Result<Blob> get(const ObjectKey& key) const override;
  Result<std::unique_ptr<PendingObject>> create(const ObjectKey& key) override;
  Result<void> put(const ObjectKey& key, std::string_view bytes) override;
  Result<void> put_if_absent(const ObjectKey& key, std::string_view bytes) override;
  Result<void> put_if_match(const ObjectKey& key, std::string_view bytes,
                            const std::string& tag) override;
  Result<void> remove(const ObjectKey& key) override;

  Result<std::unique_ptr<Lease>> lease(std::string_view name) override {
    return take_lease(*lake_, name, IfHeld::kWait);
  }
  Result<std::unique_ptr<Lease>> try_lease(std::string_view name) override {
    return take_lease(*lake_, name, IfHeld::kReturnNull);
  }
  Result<void> sweep() override { return sweep_temporary_folders(*lake_); }

 private:
  Result<void> list_into(const FileDescriptor& folder, const std::string& path,
                         std::string_view prefix, std::vector<ObjectInfo>& objects) const;
  Result<TemporaryFile> sealed_file(const ObjectKey& key, std::string_view bytes);
  Result<void> prune_above(const ObjectKey& key);

  std::shared_ptr<const LakeDirectory> lake_;
  std::shared_ptr<TemporaryFolder> temporary_;
};

// `path` is the folder's key with its "/", or empty for the root.
Result<void> LocalStore::list_into(const FileDescriptor& folder, const std::string& path,
                                   std::string_view prefix,
                                   std::vector<ObjectInfo>& objects) const {
  if (std::ranges::find(kOwnFolders, std::string_view(path)) != std::end(kOwnFolders)) return {};
  LAKEGATE_TRY(const auto names, list_folder(folder.get(), lake_->path(path)));
  for (const std::string& name : names) {
    std::string key = path + name;
    // Only what begins with the prefix, or is on the way to it.
    if (!key.starts_with(prefix) && !prefix.starts_with(key + "/")) continue;
    struct stat status{};
    if (::fstatat(folder.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;  // vanished meanwhile
      return system_failure(errno, "look at", lake_->path(key));
    }
    if (S_ISREG(status.st_mode)) {
      if (key.starts_with(prefix)) objects.push_back(info_of(std::move(key), status));
    } else if (S_ISDIR(status.st_mode)) {
      const FileDescriptor next(
          ::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!next && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) continue;
      if (!next) return system_failure(errno, "list", lake_->path(key));
      LAKEGATE_CHECK(list_into(next, key + "/", prefix, objects));
    }
  }
  return {};
}

Result<std::vector<ObjectInfo>> LocalStore::list(std::string_view prefix) const {
  // Begin at the deepest folder that the prefix names in full.
  const std::size_t slash = prefix.rfind('/');
  const std::string_view start = slash == std::string_view::npos ? "" : prefix.substr(0, slash);
  auto folder = lake_->open_folder(start);
  if (!folder && folder.error().kind == ErrorKind::kNotFound) return std::vector<ObjectInfo>();
  if (!folder) return tl::unexpected(folder.error());
  std::vector<ObjectInfo> objects;
  LAKEGATE_CHECK(
      list_into(*folder, start.empty() ? "" : std::string(start) + "/", prefix, objects));
  std::ranges::sort(objects, {}, &ObjectInfo::key);
  return objects;
}

Result<ObjectInfo> LocalStore::head(const ObjectKey& key) const {
  LAKEGATE_TRY(const FileDescriptor file, lake_->open_file(key));
  struct stat status{};
  if (::fstat(file.get(), &status) != 0)
    return system_failure(errno, "look at", lake_->path(key.str()));
  return info_of(key.str(), status);
}

Result<std::shared_ptr<Input>> LocalStore::open(const ObjectKey& key) const {
  LAKEGATE_TRY(FileDescriptor file, lake_->open_file(key));
  return pinned_input(std::move(file), lake_->path(key.str()));
}

Result<Blob> LocalStore::get(const ObjectKey& key) const {
  LAKEGATE_TRY(const FileDescriptor file, lake_->open_file(key));
  Blob blob;
  LAKEGATE_TRY(blob.bytes, read_fully(file.get(), lake_->path(key.str())));
  blob.tag = sha256_hex(blob.bytes);
  return blob;
}

Result<std::unique_ptr<PendingObject>> LocalStore::create(const ObjectKey& key) {
  LAKEGATE_CHECK(split_key(key.str()));
  LAKEGATE_TRY(auto file, temporary_->create());
  return make_pending_file(key, lake_->path(key.str()), std::move(file));
}

Result<TemporaryFile> LocalStore::sealed_file(const ObjectKey& key, std::string_view bytes) {
  LAKEGATE_CHECK(split_key(key.str()));
  const std::string path = lake_->path(key.str());
  LAKEGATE_TRY(auto file, temporary_->create());
  LAKEGATE_CHECK(file.write(bytes, path));
  LAKEGATE_CHECK(file.seal(path));
  return file;
}

Result<void> LocalStore::put(const ObjectKey& key, std::string_view bytes) {
  LAKEGATE_TRY(auto file, sealed_file(key, bytes));
  LAKEGATE_TRY(const FileDescriptor lock, lock_writes(*lake_, WriteLock::kShared));
  return file.replace(key);
}

Result<void> LocalStore::put_if_absent(const ObjectKey& key, std::string_view bytes) {
  LAKEGATE_TRY(auto file, sealed_file(key, bytes));
  return file.place_if_absent(key);
}

Result<void> LocalStore::put_if_match(const ObjectKey& key, std::string_view bytes,
                                      const std::string& tag) {
  LAKEGATE_TRY(auto file, sealed_file(key, bytes));
  LAKEGATE_TRY(const FileDescriptor lock, lock_writes(*lake_, WriteLock::kExclusive));
  const auto there = get(key);
  if (!there && there.error().kind != ErrorKind::kNotFound) return tl::unexpected(there.error());
  if (!there || there->tag != tag)
    return fail(ErrorKind::kConflict,
                fmt::format("{} is not what it was when it was read: somebody else has {} it",
                            lake_->path(key.str()), there ? "changed" : "removed"));
  return file.replace(key);
}

Result<void> LocalStore::remove(const ObjectKey& key) {
  LAKEGATE_CHECK(split_key(key.str()));
  const auto place = lake_->find(key);
  if (!place && place.error().kind == ErrorKind::kNotFound) return {};
  if (!place) return tl::unexpected(place.error());
  LAKEGATE_TRY(const FileDescriptor lock, lock_writes(*lake_, WriteLock::kShared));
  if (::unlinkat(place->folder.get(), place->name.c_str(), 0) != 0) {
    if (errno == ENOENT) return {};
    if (errno == EISDIR || errno == EPERM) {
      struct stat status{};
      if (::fstatat(place->folder.get(), place->name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
          S_ISDIR(status.st_mode))
        return {};  // a folder is no object
      return system_failure(EPERM, "remove", lake_->path(key.str()));
    }
    return system_failure(errno, "remove", lake_->path(key.str()));
  }
  LAKEGATE_CHECK(sync_folder(place->folder.get(), lake_->path(key.str())));
  return prune_above(key);
}

// Removes the folders that the object leaves empty. A writer that is about to use one makes it
// again.
Result<void> LocalStore::prune_above(const ObjectKey& key) {
  const auto zone = std::ranges::find_if(
      kPrunedZones, [&](std::string_view z) { return key.str().starts_with(z); });
  if (zone == std::end(kPrunedZones)) return {};
  std::string_view folder = key.str();
  while (true) {
    folder = folder.substr(0, folder.rfind('/'));
    if (folder.size() < zone->size()) return {};  // the zone itself stays
    const auto place = lake_->find(ObjectKey(std::string(folder)));
    if (!place) return {};
    // Not empty, gone already, or not ours to remove: none of it matters to the caller.
    if (::unlinkat(place->folder.get(), place->name.c_str(), AT_REMOVEDIR) != 0) return {};
  }
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_local_store(const std::string& root) {
  LAKEGATE_TRY(auto lake, LakeDirectory::open(root));
  return std::make_unique<LocalStore>(std::move(lake));
}

}  // namespace lakegate
