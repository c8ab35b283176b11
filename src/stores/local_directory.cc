#include "stores/local_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace lakegate {
namespace {

constexpr int kFolderFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
// Folders that a neighbour prunes while they are being made: each round is another neighbour.
constexpr int kRounds = 100;

bool is_symbolic_link(int folder, const std::string& name) {
  struct stat status{};
  return ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISLNK(status.st_mode);
}

Failure refuse_link(std::string_view path, std::string_view component) {
  return invalid_input(
      fmt::format("{} goes through the symbolic link \"{}\", and links are not followed inside a "
                  "lake; put the file or folder itself there, or mount it",
                  path, component));
}

}  // namespace

Result<std::vector<std::string_view>> split_key(std::string_view key) {
  const auto refuse = [&](std::string_view why) {
    return invalid_input(
        fmt::format("\"{}\" is not a key of a lake: {}; write it relative to the lake's root, like "
                    "landing/sales/a.csv",
                    key, why));
  };
  if (key.empty()) return refuse("it is empty");
  if (key.front() == '/') return refuse("it begins with \"/\"");
  if (key.find('\0') != std::string_view::npos) return refuse("it has a NUL byte");
  std::vector<std::string_view> components;
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view component = key.substr(begin, end - begin);
    if (component.empty()) return refuse("a component is empty");
    if (component == "." || component == "..")
      return refuse(fmt::format("\"{}\" could leave the lake", component));
    components.push_back(component);
    begin = end + 1;
  }
  return components;
}

Result<LakeDirectory> LakeDirectory::open(const std::string& root) {
  LakeDirectory directory;
  directory.root_ = root;
  while (directory.root_.size() > 1 && directory.root_.back() == '/') directory.root_.pop_back();
  directory.descriptor_ = FileDescriptor(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.descriptor_) return directory;
  if (errno == ENOENT)
    return fail(ErrorKind::kNotFound, fmt::format("there is no lake at {}; make one with "
                                                  "`lakegate init {}`",
                                                  root, root));
  if (errno == ENOTDIR)
    return invalid_input(fmt::format("{} is not a directory; a lake is one", root));
  return system_failure(errno, "open the lake", root);
}

std::string LakeDirectory::path(std::string_view key) const {
  return fmt::format("{}/{}", root_ == "/" ? "" : root_, key);
}

Result<FileDescriptor> LakeDirectory::walk(const std::vector<std::string_view>& folders,
                                           std::string_view key, IfMissing if_missing) const {
  for (int round = 0; round < kRounds; ++round) {
    FileDescriptor folder(::openat(descriptor_.get(), ".", kFolderFlags));
    if (!folder) return system_failure(errno, "open the lake", root_);
    bool vanished = false;
    for (std::string_view component : folders) {
      const std::string name(component);
      FileDescriptor next(::openat(folder.get(), name.c_str(), kFolderFlags));
      if (!next && errno == ENOENT && if_missing == IfMissing::kMake) {
        if (::mkdirat(folder.get(), name.c_str(), 0777) == 0) {
          LAKEGATE_CHECK(sync_folder(folder.get(), path(key)));
        } else if (errno != EEXIST && errno != ENOENT) {
          return system_failure(errno, "make the folders of", path(key));
        }
        next = FileDescriptor(::openat(folder.get(), name.c_str(), kFolderFlags));
        vanished = !next && errno == ENOENT;
      }
      if (vanished) break;
      if (!next) {
        const int error = errno;
        if ((error == ENOTDIR || error == ELOOP) && is_symbolic_link(folder.get(), name))
          return refuse_link(path(key), component);
        if (error == ENOTDIR && if_missing == IfMissing::kMake)
          return invalid_input(fmt::format(
              "cannot make {}: \"{}\" on its way is a file, not a folder; move that file away",
              path(key), component));
        return system_failure(error == ENOTDIR ? ENOENT : error, "open", path(key));
      }
      folder = std::move(next);
    }
    if (!vanished) return folder;
  }
  return fail(ErrorKind::kRetryable,
              fmt::format("the folders of {} vanish as fast as they are made; is another program "
                          "tidying the lake?",
                          path(key)));
}

Result<LakeDirectory::Place> LakeDirectory::find(const ObjectKey& key) const {
  LAKEGATE_TRY(auto components, split_key(key.str()));
  Place place;
  place.name = components.back();
  components.pop_back();
  LAKEGATE_TRY(place.folder, walk(components, key.str(), IfMissing::kFail));
  return place;
}

Result<LakeDirectory::Place> LakeDirectory::make(const ObjectKey& key) const {
  LAKEGATE_TRY(auto components, split_key(key.str()));
  Place place;
  place.name = components.back();
  components.pop_back();
  LAKEGATE_TRY(place.folder, walk(components, key.str(), IfMissing::kMake));
  return place;
}

Result<FileDescriptor> LakeDirectory::open_file(const ObjectKey& key) const {
  LAKEGATE_TRY(const Place place, find(key));
  // O_NONBLOCK: a named pipe must not hold us up before we see that it is none of ours.
  FileDescriptor file(::openat(place.folder.get(), place.name.c_str(),
                               O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    if (errno == ELOOP) return refuse_link(path(key.str()), place.name);
    return system_failure(errno == ENXIO ? ENOENT : errno, "read", path(key.str()));
  }
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return system_failure(errno, "read", path(key.str()));
  if (!S_ISREG(status.st_mode))
    return fail(ErrorKind::kNotFound, fmt::format("{} is not a file", path(key.str())));
  return file;
}

Result<FileDescriptor> LakeDirectory::open_folder(std::string_view folder) const {
  if (folder.empty()) return walk({}, folder, IfMissing::kFail);
  LAKEGATE_TRY(const auto components, split_key(folder));
  return walk(components, folder, IfMissing::kFail);
}

Result<FileDescriptor> LakeDirectory::make_folder(std::string_view folder) const {
  LAKEGATE_TRY(const auto components, split_key(folder));
  return walk(components, folder, IfMissing::kMake);
}

Result<void> write_fully(int descriptor, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure(errno, "write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_fully(int descriptor, std::string_view path) {
  std::string bytes;
  std::array<char, 16 * 1024> block{};
  while (true) {
    const ssize_t count = ::read(descriptor, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(errno, "read", path);
    if (count == 0) return bytes;
    bytes.append(block.data(), static_cast<std::size_t>(count));
  }
}

Result<std::vector<std::string>> list_folder(int descriptor, std::string_view path) {
  // A descriptor of its own: the position in the listing belongs to the open file.
  const int own = ::openat(descriptor, ".", kFolderFlags);
  if (own < 0) return system_failure(errno, "list", path);
  DIR* folder = ::fdopendir(own);
  if (folder == nullptr) {
    const int error = errno;
    ::close(own);
    return system_failure(error, "list", path);
  }
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error = errno;
  ::closedir(folder);
  if (error != 0 && error != ENOENT) return system_failure(error, "list", path);
  return names;
}

Result<void> sync_folder(int descriptor, std::string_view path) {
  // EINVAL: a file system whose directories need no fsync.
  if (::fsync(descriptor) != 0 && errno != EINVAL)
    return system_failure(errno, "make durable the folder of", path);
  return {};
}

}  // namespace lakegate
