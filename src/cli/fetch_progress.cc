#include "cli/fetch_progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/amounts.h"
#include "cli/characters.h"

namespace lakegate::cli {
namespace {

constexpr auto kBetweenFrames = std::chrono::milliseconds(100);
constexpr double kBeforeSpeed = 0.2;  // seconds; before, it would be a guess

void write_to_terminal(std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

std::string fetch_progress_line(const std::string& label, const FetchProgress& progress,
                                std::size_t width) {
  const double seconds = static_cast<double>(progress.elapsed.count()) / 1000;
  std::string numbers;
  if (progress.sets > 0)
    numbers += fmt::format("{:3.0f}%  ", 100.0 * static_cast<double>(progress.answered) /
                                             static_cast<double>(progress.sets));
  numbers += fmt::format("{} of {}  ", with_commas(progress.answered), with_commas(progress.sets));
  if (seconds >= kBeforeSpeed && progress.replies > 0) {
    numbers += fmt::format(
        "{} requests/s  {:.1f} MB/s  ",
        with_commas(static_cast<std::uint64_t>(static_cast<double>(progress.replies) / seconds)),
        static_cast<double>(progress.bytes) / seconds / 1e6);
  }
  numbers += fmt::format("{} in flight  ", with_commas(progress.in_flight));
  if (progress.failed > 0) numbers += fmt::format("{} failed  ", with_commas(progress.failed));
  if (seconds >= kBeforeSpeed && progress.answered_now > 0 && progress.sets > progress.answered) {
    const double speed = static_cast<double>(progress.answered_now) / seconds;
    numbers += duration_text(
                   std::max(1.0, static_cast<double>(progress.sets - progress.answered) / speed)) +
               " left  ";
  }
  const std::size_t taken = display_width(numbers) + 2;
  std::string shown;
  append_escaped(label, LineFeeds::kEscape, shown);
  if (width > taken + 8) return cut_to_width(shown, width - taken) + "  " + numbers;
  return cut_to_width(numbers, width);
}

FetchProgressLine::FetchProgressLine(const Context& context, std::string label)
    : label_(std::move(label)), width_(context.quiet() ? 0 : context.err.width()) {}

FetchProgressLine::~FetchProgressLine() {
  if (is_drawn_) write_to_terminal("\r\x1b[K");
}

void FetchProgressLine::draw(const FetchProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (width_ <= 0 || (is_drawn_ && now - drawn_at_ < kBetweenFrames)) return;
  write_to_terminal("\r\x1b[K" +
                    fetch_progress_line(label_, progress, static_cast<std::size_t>(width_) - 1));
  drawn_at_ = now;
  is_drawn_ = true;
}

}  // namespace lakegate::cli
