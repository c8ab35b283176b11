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

std::string folder_of(const std::string& target) {
  const fs::path folder = fs::path(target).parent_path();
  return folder.empty() ? "." : folder.string();
}

std::string hidden_name(const std::string& target) {
  return fmt::format("{}/.{}.{}.tmp", folder_of(target), fs::path(target).filename().string(),
                     ::getpid());
}

Result<void> write_fully(int descriptor, std::span<const std::byte> bytes,
                         const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(errno, "write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> sync_folder(const std::string& folder, const std::string& path) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return {};  // it may be written to, but not be read
  const bool failed = ::fsync(descriptor) != 0 && errno != EINVAL;
  const int error = errno;
  ::close(descriptor);
  if (failed) return system_failure(error, "write", path);
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
    LAKEGATE_CHECK(file->create_spool());
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
  LAKEGATE_CHECK(file->create_spool());
  return file;
}

PendingFile::~PendingFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> PendingFile::create_beside() {
  descriptor_ = ::open(folder_of(target_).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
  if (descriptor_ >= 0) return {};
  // A file system without unnamed files.
  auto named = std::make_unique<NamedFile>(hidden_name(target_));
  descriptor_ = ::open(named->path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
  if (descriptor_ < 0) return system_failure(errno, "write", path_);
  named_ = std::move(named);
  return {};
}

Result<void> PendingFile::create_spool() {
  std::error_code error;
  std::string name = (fs::temp_directory_path(error) / "lakegate-XXXXXX").string();
  if (error) return fail(ErrorKind::kPermanent, "no temporary directory; set TMPDIR to one");
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) return system_failure(errno, "write a temporary file", name);
  ::unlink(name.c_str());
  return {};
}

Result<void> PendingFile::write(std::span<const std::byte> bytes) {
  return write_fully(descriptor_, bytes, path_);
}

Result<void> PendingFile::write_text(std::string_view text) {
  return write(std::as_bytes(std::span(text)));
}

Result<void> PendingFile::restart() {
  if (::ftruncate(descriptor_, 0) != 0 || ::lseek(descriptor_, 0, SEEK_SET) != 0)
    return system_failure(errno, "write", path_);
  return {};
}

Result<std::shared_ptr<Input>> PendingFile::reopen() const {
  return open_file(fmt::format("/proc/self/fd/{}", descriptor_));
}

Result<void> PendingFile::publish() {
  if (is_spooled_) return copy_to_target();
  if (::fsync(descriptor_) != 0) return system_failure(errno, "write", path_);
  if (!named_) {
    const std::string unnamed = fmt::format("/proc/self/fd/{}", descriptor_);
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
  const bool is_stdout = target_ == "-";
  const int out = is_stdout ? STDOUT_FILENO : ::open(target_.c_str(), O_WRONLY | O_CLOEXEC);
  if (out < 0) return system_failure(errno, "write", path_);
  Result<void> result;
  std::vector<std::byte> block(1024 * 1024);
  for (off_t offset = 0; result;) {
    const ssize_t count = ::pread(descriptor_, block.data(), block.size(), offset);
    if (count == 0) break;
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      result = system_failure(errno, "read back", path_);
      break;
    }
    offset += count;
    result = write_fully(out, std::span(block).first(static_cast<std::size_t>(count)), path_);
  }
  if (!is_stdout && ::close(out) != 0 && result) result = system_failure(errno, "write", path_);
  return result;
}

}  // namespace lakegate::cli
