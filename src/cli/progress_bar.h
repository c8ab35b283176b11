// How far a conversion has come, drawn on a terminal while it runs.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "cli/command.h"
#include "convert/progress.h"

namespace lakegate::cli {

// Draws on stderr until it is destroyed, and leaves nothing behind; nothing at all where stderr is
// no terminal, or under -q. Nobody else may write to the terminal meanwhile.
class ProgressBar {
 public:
  // One frame, at most `width` wide. Called on the bar's thread.
  using Line = std::function<std::string(std::size_t width)>;

  ProgressBar(const Context& context, Line line);
  ProgressBar(const Context& context, std::string label, const Progress& progress);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

 private:
  void draw_until_stopped();

  const Line line_;
  const int width_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::thread thread_;  // the last member: it uses the others
};

// One line of it: "sales.csv  42%  1,234,567 rows  210 MB/s  3.1 s left  (pass 2)".
struct ProgressView {
  std::string label;
  std::uint64_t input_bytes = 0, total_bytes = 0, rows = 0;
  int pass = 1;
  double seconds = 0;  // of this pass
};
std::string progress_line(const ProgressView& view, std::size_t width);

}  // namespace lakegate::cli
