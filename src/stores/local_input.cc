#include "stores/local_input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lakegate {
namespace {

bool same(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

class PinnedFile {
 public:
  PinnedFile(FileDescriptor file, std::string name, const struct stat& status)
      : file_(std::move(file)), name_(std::move(name)), status_(status) {}

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return static_cast<std::uint64_t>(status_.st_size); }

  // Fills `out`, which must lie inside the file, with bytes of the pinned version.
  Result<void> read(std::uint64_t offset, std::span<std::byte> out) const {
    std::size_t filled = 0;
    while (filled < out.size()) {
      const ssize_t count = ::pread(file_.get(), out.data() + filled, out.size() - filled,
                                    static_cast<off_t>(offset + filled));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_failure(errno, "read", name_);
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
    }
    // Looked at after the bytes were read: what is unchanged now was unchanged then. The time of
    // the inode's change betrays writers that set the time of modification back.
    struct stat now{};
    if (::fstat(file_.get(), &now) != 0) return system_failure(errno, "read", name_);
    if (filled < out.size() || now.st_size != status_.st_size ||
        !same(now.st_mtim, status_.st_mtim) || !same(now.st_ctim, status_.st_ctim))
      return fail(ErrorKind::kConflict,
                  fmt::format("{} was changed while it was being read; it is taken up again once "
                              "it is complete",
                              name_));
    return {};
  }

 private:
  FileDescriptor file_;
  std::string name_;
  struct stat status_;
};

class PinnedStream : public ByteStream {
 public:
  explicit PinnedStream(std::shared_ptr<const PinnedFile> file) : file_(std::move(file)) {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    const std::size_t count = std::min<std::uint64_t>(out.size(), file_->size() - offset_);
    LAKEGATE_CHECK(file_->read(offset_, out.first(count)));
    offset_ += count;
    return count;
  }
  std::uint64_t input_bytes() const override { return offset_; }

 private:
  std::shared_ptr<const PinnedFile> file_;
  std::uint64_t offset_ = 0;
};

class PinnedInput : public Input {
 public:
  explicit PinnedInput(std::shared_ptr<const PinnedFile> file) : file_(std::move(file)) {}

  const std::string& name() const override { return file_->name(); }
  std::uint64_t size() const override { return file_->size(); }
  Result<std::unique_ptr<ByteStream>> open() const override {
    return std::make_unique<PinnedStream>(file_);
  }
  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > size() || out.size() > size() - offset)
      return invalid_input(fmt::format("{} ends at byte {}, before byte {}; it is cut short",
                                       name(), size(), offset + out.size()));
    return file_->read(offset, out);
  }

 private:
  std::shared_ptr<const PinnedFile> file_;
};

}  // namespace

Result<std::shared_ptr<Input>> pinned_input(FileDescriptor file, std::string name) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return system_failure(errno, "read", name);
  (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::make_shared<PinnedInput>(
      std::make_shared<const PinnedFile>(std::move(file), std::move(name), status));
}

}  // namespace lakegate
