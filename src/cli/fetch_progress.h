// How far a fetch has come, drawn on a terminal while it asks.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "cli/command.h"
#include "extract/fetch.h"

namespace lakegate::cli {

// "devices  34%  4,080 of 12,000  1,020 requests/s  12 MB/s  256 in flight  3 failed  8 s left"
std::string fetch_progress_line(const std::string& label, const FetchProgress& progress,
                                std::size_t width);

// Draws on stderr as it is told, and leaves nothing behind; nothing at all where stderr is no
// terminal, or under -q. Nobody else may write to the terminal meanwhile. One thread.
class FetchProgressLine {
 public:
  FetchProgressLine(const Context& context, std::string label);
  ~FetchProgressLine();
  FetchProgressLine(const FetchProgressLine&) = delete;
  FetchProgressLine& operator=(const FetchProgressLine&) = delete;

  void draw(const FetchProgress& progress);

 private:
  const std::string label_;
  const int width_;  // 0: not drawn
  std::chrono::steady_clock::time_point drawn_at_;
  bool is_drawn_ = false;
};

}  // namespace lakegate::cli
