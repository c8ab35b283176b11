#include "formats/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "formats/file_descriptor.h"

namespace lakegate {
namespace {

// What must not change while a file is read.
struct Version {
  off_t size = 0;
  std::int64_t modified_s = 0;
  std::int64_t modified_ns = 0;
  bool operator==(const Version&) const = default;
};

Version version_of(const struct stat& status) {
  return {status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
}

class OpenFile {
 public:
  OpenFile(FileDescriptor fd, std::string name, Version version)
      : fd_(std::move(fd)), name_(std::move(name)), version_(version) {}

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return static_cast<std::uint64_t>(version_.size); }

  // Fewer bytes than asked only at the end of the file.
  Result<std::size_t> read_some(std::uint64_t offset, std::span<std::byte> out) const {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t count = ::pread(fd_.get(), out.data() + done, out.size() - done,
                                    static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_failure(errno, "read", name_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Result<void> check_unchanged() const {
    struct stat status = {};
    if (::fstat(fd_.get(), &status) != 0) return system_failure(errno, "look at", name_);
    if (version_of(status) == version_) return {};
    return fail(ErrorKind::kConflict,
                "the file was changed while it was being read; wait until it is complete and run "
                "again",
                {.file = name_});
  }

 private:
  FileDescriptor fd_;
  std::string name_;
  Version version_;
};

class FileStream final : public ByteStream {
 public:
  explicit FileStream(std::shared_ptr<const OpenFile> file) : file_(std::move(file)) {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    // Never past the size at opening: a file that grows meanwhile is found out at its end.
    const std::uint64_t left = file_->size() - offset_;
    if (out.size() > left) out = out.first(static_cast<std::size_t>(left));
    LAKEGATE_TRY(const std::size_t count, file_->read_some(offset_, out));
    offset_ += count;
    if (offset_ == file_->size() || count < out.size()) LAKEGATE_CHECK(file_->check_unchanged());
    return count;
  }

  std::uint64_t input_bytes() const override { return offset_; }

 private:
  std::shared_ptr<const OpenFile> file_;
  std::uint64_t offset_ = 0;
};

Failure past_the_end(const std::string& name, std::uint64_t offset, std::size_t count,
                     std::uint64_t size) {
  return invalid_input(
      fmt::format("{} bytes at offset {} were asked for, but the file ends at {}: it is truncated "
                  "or damaged",
                  count, offset, size),
      {.file = name});
}

class FileInput final : public Input {
 public:
  explicit FileInput(OpenFile file) : file_(std::make_shared<const OpenFile>(std::move(file))) {}

  const std::string& name() const override { return file_->name(); }
  std::uint64_t size() const override { return file_->size(); }

  Result<std::unique_ptr<ByteStream>> open() const override {
    return std::make_unique<FileStream>(file_);
  }

  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > size() || out.size() > size() - offset)
      return past_the_end(name(), offset, out.size(), size());
    LAKEGATE_TRY(const std::size_t count, file_->read_some(offset, out));
    LAKEGATE_CHECK(file_->check_unchanged());
    if (count < out.size()) return past_the_end(name(), offset, out.size(), offset + count);
    return {};
  }

 private:
  std::shared_ptr<const OpenFile> file_;
};

class MemoryInput final : public Input {
 public:
  MemoryInput(std::string name, std::string bytes)
      : name_(std::move(name)), bytes_(std::make_shared<const std::string>(std::move(bytes))) {}

  const std::string& name() const override { return name_; }
  std::uint64_t size() const override { return bytes_->size(); }

  Result<std::unique_ptr<ByteStream>> open() const override {
    return std::make_unique<Stream>(bytes_);
  }

  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > size() || out.size() > size() - offset)
      return past_the_end(name_, offset, out.size(), size());
    if (!out.empty()) std::memcpy(out.data(), bytes_->data() + offset, out.size());
    return {};
  }

 private:
  class Stream final : public ByteStream {
   public:
    explicit Stream(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
      const std::size_t count = std::min(out.size(), bytes_->size() - offset_);
      if (count > 0) std::memcpy(out.data(), bytes_->data() + offset_, count);
      offset_ += count;
      return count;
    }
    std::uint64_t input_bytes() const override { return offset_; }

   private:
    std::shared_ptr<const std::string> bytes_;
    std::size_t offset_ = 0;
  };

  std::string name_;
  std::shared_ptr<const std::string> bytes_;
};

// Sequential reading doubles the kernel's read-ahead; where the hint is refused nothing is lost.
void expect_sequential_reading([[maybe_unused]] int fd) {
#ifdef POSIX_FADV_SEQUENTIAL
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
}

// What can be read only once (stdin, a pipe) as a file that can be read twice.
Result<FileDescriptor> spool(int source, const std::string& name) {
  LAKEGATE_TRY(FileDescriptor file, open_temporary_file());
  std::vector<std::byte> block(256 * 1024);
  while (true) {
    const ssize_t count = ::read(source, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(errno, "read", name);
    if (count == 0) return file;
    LAKEGATE_CHECK(write_fully(file, std::span(block).first(static_cast<std::size_t>(count)),
                               "a temporary file (in $TMPDIR)"));
  }
}

Result<std::shared_ptr<Input>> input_of(FileDescriptor fd, std::string name) {
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0) return system_failure(errno, "look at", name);
  if (S_ISDIR(status.st_mode))
    return invalid_input("this is a directory, a file was expected", {.file = std::move(name)});
  if (!S_ISREG(status.st_mode)) {
    LAKEGATE_TRY(FileDescriptor spooled, spool(fd.get(), name));
    return input_of(std::move(spooled), std::move(name));
  }
  expect_sequential_reading(fd.get());
  const Version version = version_of(status);
  return std::make_shared<FileInput>(OpenFile(std::move(fd), std::move(name), version));
}

}  // namespace

Result<std::shared_ptr<Input>> open_file(const std::string& path) {
  if (path == "-") {
    LAKEGATE_TRY(FileDescriptor spooled, spool(STDIN_FILENO, "stdin"));
    return input_of(std::move(spooled), "stdin");
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT && path.find("://") != std::string::npos)
    return fail(ErrorKind::kNotFound,
                "only files of this machine are read here; a lake on S3 is named with --lake "
                "s3://BUCKET/PREFIX, and an API is asked through a dataset (`lakegate add URL`)",
                {.file = path});
  if (fd < 0) return system_failure(errno, "open", path);
  return input_of(FileDescriptor(fd), path);
}

std::shared_ptr<Input> memory_input(std::string name, std::string bytes) {
  return std::make_shared<MemoryInput>(std::move(name), std::move(bytes));
}

}  // namespace lakegate
