#include "cli/output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>

#include "cli/characters.h"
#include "unit/cli/captured_output.h"

namespace lakegate::cli {
namespace {

struct EscapeCase {
  std::string text, kept, escaped;
};

TEST(AppendEscaped, ControlCharactersAndWhatIsNoText) {
  const EscapeCase cases[] = {
      {"plain äöü 漢字", "plain äöü 漢字", "plain äöü 漢字"},
      {"a\nb\tc", "a\nb\tc", "a\\nb\\tc"},
      {"a\rb", "a\\rb", "a\\rb"},
      {"\x1b[31mred", "\\x1b[31mred", "\\x1b[31mred"},
      {std::string("a\0b", 3), "a\\x00b", "a\\x00b"},
      {"\x7f", "\\x7f", "\\x7f"},
      {"\xc2\x9b"
       "31m",
       "\\u009b31m", "\\u009b31m"},
      {"caf\xe9", "caf\\xe9", "caf\\xe9"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80"},
      {"a\xe2\x80\xae"
       "b",
       "a\\u202eb", "a\\u202eb"},
      {"", "", ""},
  };
  for (const EscapeCase& c : cases) {
    std::string kept, escaped;
    append_escaped(c.text, LineFeeds::kKeep, kept);
    append_escaped(c.text, LineFeeds::kEscape, escaped);
    EXPECT_EQ(kept, c.kept);
    EXPECT_EQ(escaped, c.escaped);
  }
}

TEST(Output, KeepsControlCharactersInAFile) {
  const CapturedOutput file;
  Output out(file.descriptor());
  out.write("\x1b[31mred\n");
  out.write(Style::kBold, "bold\n");
  ASSERT_TRUE(out.flush());
  EXPECT_EQ(file.text(), "\x1b[31mred\nbold\n");
  EXPECT_EQ(out.width(), 0);
}

TEST(Output, EscapesAndStylesOnATerminal) {
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "xterm", 1);
  const CapturedOutput terminal(60);
  Output out(terminal.descriptor());
  EXPECT_EQ(out.width(), 60);
  out.write("\x1b[31mred\n");
  out.write(Style::kBold, "bold");
  ASSERT_TRUE(out.flush());
  EXPECT_EQ(terminal.text(), "\\x1b[31mred\n\x1b[1mbold\x1b[0m");
}

TEST(Output, NoColorIsObeyed) {
  ::setenv("NO_COLOR", "1", 1);
  const CapturedOutput terminal(60);
  Output out(terminal.descriptor());
  out.write(Style::kRed, "red");
  ASSERT_TRUE(out.flush());
  EXPECT_EQ(terminal.text(), "red");
  ::unsetenv("NO_COLOR");
}

TEST(Output, AReaderThatHasGoneIsNoError) {
  ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  Output out(ends[1]);
  out.write("nobody reads this");
  EXPECT_TRUE(out.flush());
  EXPECT_TRUE(out.closed());
  ::close(ends[1]);
}

TEST(Output, AFullDiskIsAnError) {
  const int full = ::open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  Output out(full);
  out.write("something");
  const auto flushed = out.flush();
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message, testing::HasSubstr("space"));
  ::close(full);
}

TEST(DisplayWidth, WideCombiningAndBroken) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("abc"), 3U);
  EXPECT_EQ(display_width("Größe"), 5U);
  EXPECT_EQ(display_width("漢字"), 4U);
  EXPECT_EQ(display_width("e\xcc\x81"), 1U);  // e with a combining accent
  EXPECT_EQ(display_width("🚚"), 2U);
  EXPECT_EQ(display_width("\xff"), 1U);
}

TEST(CutToWidth, LeavesRoomForTheEllipsis) {
  EXPECT_EQ(cut_to_width("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to_width("abcdef", 5), "abcd…");
  EXPECT_EQ(cut_to_width("漢字漢字", 5), "漢字…");
  EXPECT_EQ(cut_to_width("漢字漢字", 4), "漢…");
  EXPECT_EQ(cut_to_width("abc", 1), "…");
  EXPECT_EQ(cut_to_width("abc", 0), "");
}

}  // namespace
}  // namespace lakegate::cli
