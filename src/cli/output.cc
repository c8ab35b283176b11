#include "cli/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "cli/characters.h"

namespace lakegate::cli {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

bool wants_colours() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || std::string_view(term) != "dumb");
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kYellow:
      return "\x1b[33m";
    case Style::kGreen:
      return "\x1b[32m";
  }
  return "";
}

}  // namespace

Output::Output(int descriptor)
    : descriptor_(descriptor),
      is_terminal_(::isatty(descriptor) == 1),
      colours_(is_terminal_ && wants_colours()) {}

Output::~Output() {
  drain();
}

int Output::width() const {
  if (!is_terminal_) return 0;
  winsize size{};
  if (::ioctl(descriptor_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  const int width = columns == nullptr ? 0 : std::atoi(columns);
  return width > 0 ? width : 80;
}

void Output::write(std::string_view text) {
  if (!is_terminal_) return append(text);
  std::string escaped;
  append_escaped(text, LineFeeds::kKeep, escaped);
  append(escaped);
}

void Output::write(Style style, std::string_view text) {
  if (!colours_ || style == Style::kPlain) return write(text);
  append(code_of(style));
  write(text);
  append("\x1b[0m");
}

void Output::write_bytes(std::span<const std::byte> bytes) {
  append({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void Output::append(std::string_view bytes) {
  if (closed()) return;
  buffer_ += bytes;
  if (buffer_.size() >= kBufferBytes) drain();
}

void Output::drain() {
  std::string_view rest = buffer_;
  while (!rest.empty() && !closed()) {
    const ssize_t count = ::write(descriptor_, rest.data(), rest.size());
    if (count < 0 && errno != EINTR) error_ = errno;
    if (count > 0) rest.remove_prefix(static_cast<std::size_t>(count));
  }
  buffer_.clear();
}

Result<void> Output::flush() {
  drain();
  if (error_ == 0 || error_ == EPIPE) return {};
  return system_failure(error_, "write to",
                        descriptor_ == 1 ? "standard output" : "standard error");
}

void append_escaped(std::string_view text, LineFeeds line_feeds, std::string& out) {
  while (!text.empty()) {
    const Character c = first_character(text);
    const std::string_view bytes = text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
    const bool is_line_feed = c.code == '\n' || c.code == '\t';
    if (!c.is_valid)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[0]));
    else if (is_line_feed && line_feeds == LineFeeds::kKeep)
      out += bytes;
    else if (c.code == '\n')
      out += "\\n";
    else if (c.code == '\t')
      out += "\\t";
    else if (c.code == '\r')
      out += "\\r";
    else if (c.code < 0x20 || c.code == 0x7F)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c.code));
    else if (is_unprintable(c.code))
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c.code));
    else
      out += bytes;
  }
}

}  // namespace lakegate::cli
