// An open file of the system.
#pragma once

#include <unistd.h>

#include <span>
#include <string>
#include <utility>

#include "lake/error.h"

namespace lakegate {

// Closed by whoever holds it last.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }  // the caller closes it
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// A temporary file without a name in $TMPDIR (or /tmp): gone when it is closed, whatever happens to
// the process.
Result<FileDescriptor> open_temporary_file();

// All of the bytes, at the file's position; `name` is for the message of a failure.
Result<void> write_fully(const FileDescriptor& file, std::span<const std::byte> bytes,
                         const std::string& name);

}  // namespace lakegate
