// What the program prints. Results go to stdout, everything else to stderr; what comes from data is
// made harmless on a terminal; a reader that goes away early (`| head`) is no error.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "lake/error.h"

namespace lakegate::cli {

enum class Style { kPlain, kBold, kDim, kRed, kYellow, kGreen };

// A descriptor written through a buffer. Errors are kept until flush(); writing goes on in silence
// after one, so that callers need to look only where they loop. One thread at a time.
class Output {
 public:
  explicit Output(int descriptor);
  ~Output();
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  bool is_terminal() const { return is_terminal_; }
  int width() const;  // columns of the terminal; 0 where there is none

  // Text; control characters other than line feeds and tabs are escaped on a terminal.
  void write(std::string_view text);
  void write(Style style, std::string_view text);  // styled where the terminal takes colours
  void write_bytes(std::span<const std::byte> bytes);

  // Nobody reads any more, or writing has failed: whoever loops may stop.
  bool closed() const { return error_ != 0; }
  Result<void> flush();  // a reader that has gone is no error

 private:
  void append(std::string_view bytes);
  void drain();

  int descriptor_;
  bool is_terminal_;
  bool colours_;
  std::string buffer_;
  int error_ = 0;  // errno
};

// Appends `text` with control characters, what is not UTF-8, and characters that change the
// direction of writing as escapes (\n, \x1b, \u202e).
enum class LineFeeds { kKeep, kEscape };  // and tabs
void append_escaped(std::string_view text, LineFeeds line_feeds, std::string& out);

}  // namespace lakegate::cli
