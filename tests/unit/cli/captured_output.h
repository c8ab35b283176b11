// An Output whose text a test can read: into a file, or into a terminal of some width.
#pragma once

#include <pty.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <string>

#include "cli/output.h"

namespace lakegate::cli {

class CapturedOutput {
 public:
  // 0: not a terminal.
  explicit CapturedOutput(unsigned short width = 0) {
    if (width == 0) {
      writing_ = reading_ = ::memfd_create("output", 0);
      return;
    }
    const winsize size{.ws_row = 24, .ws_col = width, .ws_xpixel = 0, .ws_ypixel = 0};
    termios raw{};
    ::cfmakeraw(&raw);
    ::openpty(&reading_, &writing_, nullptr, &raw, &size);
  }
  ~CapturedOutput() {
    ::close(writing_);
    if (reading_ != writing_) ::close(reading_);
  }
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;

  int descriptor() const { return writing_; }

  // What has been written and flushed. A terminal holds a few kilobytes.
  std::string text() const {
    std::array<char, 64 * 1024> block{};
    const ssize_t size = reading_ == writing_ ? ::pread(reading_, block.data(), block.size(), 0)
                                              : ::read(reading_, block.data(), block.size());
    return {block.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  int writing_ = -1;
  int reading_ = -1;
};

}  // namespace lakegate::cli
