#include "cli/pending_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <vector>

#include "cli/interrupts.h"

namespace lakegate::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDescriptors = "/proc/self/fd";

std::string folder_of(const std::string& target) {
  const fs::path folder = fs::path(target).parent_path();
  return folder.empty() ? "." : folder.string();
}

std::string hidden_name(const std::string& target) {
  return fmt::format("{}/.{}.{}.tmp", folder_of(target), fs::path(target).filename().string(),
                     ::getpid());
}

Result<void> sync_folder(const std::string& folder, const std::string& path) {
  const FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return {};  // it may be written to, but not be read
  if (::fsync(opened.get()) != 0 && errno != EINVAL) return system_failure(errno, "write", path);
  return {};
}

}  // namespace

struct PendingFile::NamedFile {
  explicit NamedFile(std::string name) : path(std::move(name)), removal(path) {}
  ~NamedFile() { ::unlink(path.c_str()); }  // fails if it has been renamed: nothing to do then
  std::string path;
  RemoveOnInterrupt removal;
};

Result<std::unique_ptr<PendingFile>> PendingFile::create(const std::string& path) {
  std::unique_ptr<PendingFile> file(new PendingFile);
  file->path_ = path == "-" ? "standard output" : path;
  file->target_ = path;
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (path == "-" || (fs::exists(status) && !fs::is_regular_file(status))) {
    if (fs::is_directory(status))
      return invalid_input("it is a directory; name the file to write in it", {.file = path});
    file->is_spooled_ = true;
    LAKEGATE_TRY(file->file_, open_temporary_file());
    return file;
  }
  // Through a link, so that what it points to is replaced and not the link.
  if (fs::is_symlink(path, error)) file->target_ = fs::canonical(path, error).string();
  LAKEGATE_CHECK(file->create_beside());
  return file;
}

Result<std::unique_ptr<PendingFile>> PendingFile::temporary() {
  std::unique_ptr<PendingFile> file(new PendingFile);
  file->path_ = "a temporary file";
  LAKEGATE_TRY(file->file_, open_temporary_file());
  return file;
}

PendingFile::~PendingFile() = default;

Result<void> PendingFile::create_beside() {
  // Only through /proc can an unnamed file be given its name, and there may be none in a chroot.
  if (::access(kDescriptors, X_OK) == 0)
    file_ =
        FileDescriptor(::open(folder_of(target_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
  if (file_) return {};
  // Nor has every file system unnamed files.
  auto named = std::make_unique<NamedFile>(hidden_name(target_));
  file_ = FileDescriptor(::open(named->path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666));
  if (!file_) return system_failure(errno, "write", path_);
  named_ = std::move(named);
  return {};
}

Result<void> PendingFile::write(std::span<const std::byte> bytes) {
  return write_fully(file_, bytes, path_);
}

Result<void> PendingFile::write_text(std::string_view text) {
  return write(std::as_bytes(std::span(text)));
}

Result<void> PendingFile::restart() {
  if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) != 0)
    return system_failure(errno, "write", path_);
  return {};
}

Result<std::shared_ptr<Input>> PendingFile::reopen() const {
  return open_file(named_ ? named_->path : fmt::format("{}/{}", kDescriptors, file_.get()));
}

Result<void> PendingFile::publish() {
  if (is_spooled_) return copy_to_target();
  if (::fsync(file_.get()) != 0) return system_failure(errno, "write", path_);
  if (!named_) {
    const std::string unnamed = fmt::format("{}/{}", kDescriptors, file_.get());
    const auto link_to = [&](const std::string& name) {
      return ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link_to(target_)) return sync_folder(folder_of(target_), path_);
    if (errno != EEXIST) return system_failure(errno, "write", path_);
    named_ = std::make_unique<NamedFile>(hidden_name(target_));
    ::unlink(named_->path.c_str());  // of a process of this number that was killed
    if (!link_to(named_->path)) return system_failure(errno, "write", path_);
  }
  if (::rename(named_->path.c_str(), target_.c_str()) != 0)
    return system_failure(errno, "write", path_);
  return sync_folder(folder_of(target_), path_);
}

Result<void> PendingFile::copy_to_target() {
  // A descriptor of its own for stdout too, so that closing tells of what could not be written.
  FileDescriptor out(target_ == "-" ? ::dup(STDOUT_FILENO)
                                    : ::open(target_.c_str(), O_WRONLY | O_CLOEXEC));
  if (!out) return system_failure(errno, "write", path_);
  std::vector<std::byte> block(1024 * 1024);
  for (off_t offset = 0;;) {
    const ssize_t count = ::pread(file_.get(), block.data(), block.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(errno, "read back", path_);
    if (count == 0) break;
    offset += count;
    LAKEGATE_CHECK(
        write_fully(out, std::span(block).first(static_cast<std::size_t>(count)), path_));
  }
  if (::close(out.release()) != 0) return system_failure(errno, "write", path_);
  return {};
}

}  // namespace lakegate::cli
