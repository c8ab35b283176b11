#include "cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "cli/amounts.h"
#include "cli/characters.h"

namespace lakegate::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kBetweenFrames = std::chrono::milliseconds(100);
constexpr double kBeforeSpeed = 0.2;  // seconds; before, it would be a guess
constexpr auto kBeforeFirst = std::chrono::milliseconds(400);  // what is quick needs no bar

// Frames of a conversion; speed and time left are those of the pass.
class ConversionLine {
 public:
  ConversionLine(std::string label, const Progress& progress)
      : label_(std::move(label)), progress_(progress) {}

  std::string operator()(std::size_t width) {
    const int pass = progress_.pass.load(std::memory_order_relaxed);
    if (pass != pass_ && pass_ > 0) pass_began_ = Clock::now();
    pass_ = pass;
    const ProgressView view{
        .label = label_,
        .input_bytes = progress_.input_bytes.load(std::memory_order_relaxed),
        .total_bytes = progress_.total_bytes.load(std::memory_order_relaxed),
        .rows = progress_.rows.load(std::memory_order_relaxed),
        .pass = pass,
        .seconds = std::chrono::duration<double>(Clock::now() - pass_began_).count()};
    return progress_line(view, width);
  }

 private:
  std::string label_;
  const Progress& progress_;
  int pass_ = 0;
  Clock::time_point pass_began_ = Clock::now();
};

void write_to_terminal(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string progress_line(const ProgressView& view, std::size_t width) {
  std::string numbers;
  if (view.total_bytes > 0)
    numbers += fmt::format("{:3.0f}%  ", 100.0 * static_cast<double>(view.input_bytes) /
                                             static_cast<double>(view.total_bytes));
  if (view.rows > 0) numbers += counted(view.rows, "row") + "  ";
  if (view.seconds >= kBeforeSpeed && view.input_bytes > 0) {
    const double speed = static_cast<double>(view.input_bytes) / view.seconds;
    numbers += fmt::format("{:.0f} MB/s  ", speed / 1e6);
    if (view.total_bytes > view.input_bytes)
      numbers += duration_text(std::max(
                     1.0, static_cast<double>(view.total_bytes - view.input_bytes) / speed)) +
                 " left  ";
  }
  if (view.pass > 1) numbers += "(again, with the types now known)";
  const std::size_t taken = display_width(numbers) + 2;
  std::string label;
  append_escaped(view.label, LineFeeds::kEscape, label);
  if (width > taken + 8) return cut_to_width(label, width - taken) + "  " + numbers;
  return cut_to_width(numbers, width);
}

ProgressBar::ProgressBar(const Context& context, std::string label, const Progress& progress)
    : ProgressBar(context, ConversionLine(std::move(label), progress)) {}

ProgressBar::ProgressBar(const Context& context, Line line)
    : line_(std::move(line)), width_(context.err.width()) {
  if (width_ > 0 && !context.quiet()) thread_ = std::thread([this] { draw_until_stopped(); });
}

ProgressBar::~ProgressBar() {
  {
    const std::scoped_lock lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ProgressBar::draw_until_stopped() {
  bool drawn = false;
  std::unique_lock lock(mutex_);
  auto pause = kBeforeFirst;
  while (!changed_.wait_for(lock, pause, [this] { return stop_; })) {
    write_to_terminal("\r\x1b[K" + line_(static_cast<std::size_t>(width_) - 1));
    drawn = true;
    pause = kBetweenFrames;
  }
  if (drawn) write_to_terminal("\r\x1b[K");
}

}  // namespace lakegate::cli
