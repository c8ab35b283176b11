#include "stores/local_temporary.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <random>

#include "stores/local_lock.h"

namespace lakegate {
namespace {

constexpr std::string_view kTemporaryFolder = "_lake/tmp";
constexpr std::string_view kLockSuffix = ".lock";
constexpr int kNameRounds = 100;
constexpr std::size_t kBufferBytes = 64 * 1024;

std::string random_name() {
  static thread_local std::random_device device;
  return fmt::format("{}-{:08x}{:08x}", ::getpid(), device(), device());
}

// Makes `to` a second name, or the only one, of `from` unless it is there.
int rename_if_absent(int from_folder, const char* from, int to_folder, const char* to) {
  if (::renameat2(from_folder, from, to_folder, to, RENAME_NOREPLACE) == 0) return 0;
  // File systems without that kind of renaming have links as a rule, and the reverse.
  if (errno != EINVAL && errno != ENOSYS) return -1;
  if (::linkat(from_folder, from, to_folder, to, 0) != 0) return -1;
  ::unlinkat(from_folder, from, 0);
  return 0;
}

class PendingFile : public PendingObject {
 public:
  PendingFile(ObjectKey key, std::string path, TemporaryFile file)
      : key_(std::move(key)), path_(std::move(path)), file_(std::move(file)) {}

  Result<void> write(std::span<const std::byte> bytes) override {
    if (sealed_) return out_of_turn("written to after seal()");
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    size_ += text.size();
    if (buffer_.size() + text.size() > kBufferBytes) LAKEGATE_CHECK(flush());
    if (text.size() >= kBufferBytes) return file_.write(text, path_);
    buffer_ += text;
    return {};
  }

  Result<std::uint64_t> seal() override {
    if (sealed_) return out_of_turn("sealed twice");
    LAKEGATE_CHECK(flush());
    buffer_ = std::string();
    LAKEGATE_CHECK(file_.seal(path_));
    sealed_ = true;
    return size_;
  }

  Result<void> publish() override {
    if (!sealed_ || published_) return out_of_turn("published before seal() or twice");
    LAKEGATE_CHECK(file_.replace(key_));
    published_ = true;
    return {};
  }

 private:
  Failure out_of_turn(std::string_view what) const {
    return fail(ErrorKind::kPermanent,
                fmt::format("{} was {}; this is an error of lakegate's own", path_, what));
  }
  Result<void> flush() {
    LAKEGATE_CHECK(file_.write(buffer_, path_));
    buffer_.clear();
    return {};
  }

  ObjectKey key_;
  std::string path_;
  TemporaryFile file_;
  std::string buffer_;
  std::uint64_t size_ = 0;
  bool sealed_ = false;
  bool published_ = false;
};

// Removes a temporary folder, which has no folders in it, and reports nothing: what stays is for
// the next sweep.
void remove_folder(int all, const std::string& name) {
  const int descriptor =
      ::openat(all, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return;
  if (DIR* folder = ::fdopendir(descriptor)) {
    while (const dirent* entry = ::readdir(folder)) ::unlinkat(::dirfd(folder), entry->d_name, 0);
    ::closedir(folder);
  } else {
    ::close(descriptor);
  }
  ::unlinkat(all, name.c_str(), AT_REMOVEDIR);
}

}  // namespace

TemporaryFile::~TemporaryFile() {
  if (folder_ && !moved_) ::unlinkat(folder_->descriptor(), name_.c_str(), 0);
}

Result<void> TemporaryFile::write(std::string_view bytes, std::string_view path) {
  return write_fully(file_.get(), bytes, path);
}

Result<void> TemporaryFile::seal(std::string_view path) {
  if (::fsync(file_.get()) != 0) return system_failure(errno, "make durable", path);
  file_ = FileDescriptor();
  return {};
}

template <class Move>
Result<void> TemporaryFile::move_to(const ObjectKey& key, Move move) {
  const LakeDirectory& lake = folder_->lake();
  for (int round = 0; round < kNameRounds; ++round) {
    LAKEGATE_TRY(const LakeDirectory::Place place, lake.make(key));
    if (move(folder_->descriptor(), name_.c_str(), place.folder.get(), place.name.c_str()) == 0) {
      moved_ = true;
      return sync_folder(place.folder.get(), lake.path(key.str()));
    }
    const int error = errno;
    if (error == ENOENT) continue;  // the folder was empty, and a neighbour has just pruned it
    if (error == EISDIR)
      return invalid_input(fmt::format(
          "cannot write {}: a folder of that name is in the way; move it out of the lake",
          lake.path(key.str())));
    if (error == EXDEV)
      return fail(ErrorKind::kPermanent,
                  fmt::format("cannot write {}: it is on another file system than {}/_lake; keep "
                              "a lake on one file system",
                              lake.path(key.str()), lake.root()));
    return system_failure(error, "write", lake.path(key.str()));
  }
  return fail(ErrorKind::kRetryable,
              fmt::format("cannot write {}: its temporary file or its folder vanishes; is another "
                          "program tidying the lake?",
                          lake.path(key.str())));
}

Result<void> TemporaryFile::replace(const ObjectKey& key) {
  return move_to(key, [](int from_folder, const char* from, int to_folder, const char* to) {
    return ::renameat(from_folder, from, to_folder, to);
  });
}

Result<void> TemporaryFile::place_if_absent(const ObjectKey& key) {
  return move_to(key, rename_if_absent);
}

TemporaryFolder::~TemporaryFolder() {
  if (!folder_) return;
  remove_folder(all_.get(), name_);
  // The lock last: a folder without one is anybody's to remove.
  ::unlinkat(all_.get(), (name_ + std::string(kLockSuffix)).c_str(), 0);
}

Result<void> TemporaryFolder::open() {
  LAKEGATE_TRY(all_, lake_->make_folder(kTemporaryFolder));
  const std::string path = lake_->path(kTemporaryFolder);
  for (int round = 0; round < kNameRounds; ++round) {
    const std::string name = random_name();
    LAKEGATE_TRY(auto lock, try_lock_file(all_.get(), name + std::string(kLockSuffix), path));
    if (!lock) continue;
    if (::mkdirat(all_.get(), name.c_str(), 0777) != 0)
      return system_failure(errno, "make a folder in", path);
    FileDescriptor folder(
        ::openat(all_.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder) return system_failure(errno, "open a folder in", path);
    name_ = name;
    lock_ = std::move(*lock);
    folder_ = std::move(folder);
    return {};
  }
  return fail(ErrorKind::kRetryable, fmt::format("cannot lock a folder in {}; try again", path));
}

Result<TemporaryFile> TemporaryFolder::create() {
  {
    const std::lock_guard guard(mutex_);
    if (!folder_) LAKEGATE_CHECK(open());
  }
  std::string name = fmt::format("{}", next_.fetch_add(1));
  FileDescriptor file(::openat(folder_.get(), name.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!file) return system_failure(errno, "make a file in", lake_->path(kTemporaryFolder));
  return TemporaryFile(shared_from_this(), std::move(name), std::move(file));
}

std::unique_ptr<PendingObject> make_pending_file(ObjectKey key, std::string path,
                                                 TemporaryFile file) {
  return std::make_unique<PendingFile>(std::move(key), std::move(path), std::move(file));
}

Result<void> sweep_temporary_folders(const LakeDirectory& lake) {
  auto all = lake.open_folder(kTemporaryFolder);
  if (!all && all.error().kind == ErrorKind::kNotFound) return {};
  if (!all) return tl::unexpected(all.error());
  LAKEGATE_TRY(const auto names, list_folder(all->get(), lake.path(kTemporaryFolder)));
  for (std::string name : names) {
    if (name.ends_with(kLockSuffix)) name.resize(name.size() - kLockSuffix.size());
    const std::string lock_name = name + std::string(kLockSuffix);
    LAKEGATE_TRY(const auto lock,
                 try_lock_file(all->get(), lock_name, lake.path(kTemporaryFolder)));
    if (!lock) continue;  // its process lives
    remove_folder(all->get(), name);
    ::unlinkat(all->get(), name.c_str(), 0);  // a file that strayed in
    ::unlinkat(all->get(), lock_name.c_str(), 0);
  }
  return {};
}

}  // namespace lakegate
