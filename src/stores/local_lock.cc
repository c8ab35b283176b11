#include "stores/local_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "lake/ascii.h"
#include "lake/digest.h"

namespace lakegate {
namespace {

constexpr std::string_view kLocksFolder = "_lake/locks";
constexpr int kLockFlags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC;

// Opened and locked as `operation` says; nothing where it is held and the operation does not wait.
Result<std::optional<FileDescriptor>> lock_file(int folder, const std::string& name, int operation,
                                                std::string_view path) {
  while (true) {
    FileDescriptor file(::openat(folder, name.c_str(), kLockFlags, 0666));
    if (!file) return system_failure(errno, "make a lock file in", path);
    if (::flock(file.get(), operation) != 0) {
      if (errno == EWOULDBLOCK) return std::nullopt;
      return system_failure(errno, "lock a file in", path);
    }
    // Whoever held it before may have removed it, and somebody may have made it anew.
    struct stat ours{}, there{};
    if (::fstat(file.get(), &ours) != 0) return system_failure(errno, "lock a file in", path);
    if (::fstatat(folder, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
        ours.st_ino == there.st_ino && ours.st_dev == there.st_dev)
      return file;
  }
}

class FileLease : public Lease {
 public:
  FileLease(FileDescriptor folder, std::string name, FileDescriptor file)
      : folder_(std::move(folder)), name_(std::move(name)), file_(std::move(file)) {}
  ~FileLease() override { ::unlinkat(folder_.get(), name_.c_str(), 0); }

 private:
  FileDescriptor folder_;
  std::string name_;
  FileDescriptor file_;  // closed, and so unlocked, after the name is gone
};

// Readable, unique, and short enough for a file name.
std::string lease_file_name(std::string_view name) {
  std::string readable;
  for (char c : name.substr(0, 80)) {
    const bool plain = is_alphanumeric(c);
    readable += plain || c == '_' || c == '-' ? c : '-';
  }
  return fmt::format("{}-{}", readable, sha256_hex(name).substr(0, 16));
}

}  // namespace

Result<std::optional<FileDescriptor>> try_lock_file(int folder, const std::string& name,
                                                    std::string_view path) {
  return lock_file(folder, name, LOCK_EX | LOCK_NB, path);
}

Result<std::unique_ptr<Lease>> take_lease(const LakeDirectory& lake, std::string_view name,
                                          IfHeld if_held) {
  LAKEGATE_TRY(FileDescriptor folder, lake.make_folder(kLocksFolder));
  const std::string file_name = lease_file_name(name);
  const int operation = LOCK_EX | (if_held == IfHeld::kWait ? 0 : LOCK_NB);
  LAKEGATE_TRY(auto file, lock_file(folder.get(), file_name, operation, lake.path(kLocksFolder)));
  if (!file) return nullptr;
  return std::make_unique<FileLease>(std::move(folder), file_name, std::move(*file));
}

Result<FileDescriptor> lock_writes(const LakeDirectory& lake, WriteLock kind) {
  LAKEGATE_TRY(const FileDescriptor folder, lake.make_folder(kLocksFolder));
  // Never removed: it is held by many at once, so that nobody could remove it safely.
  const int operation = kind == WriteLock::kShared ? LOCK_SH : LOCK_EX;
  LAKEGATE_TRY(auto file, lock_file(folder.get(), "writes", operation, lake.path(kLocksFolder)));
  return std::move(*file);
}

}  // namespace lakegate
