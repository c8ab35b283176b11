#include "cli/table_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "cli/characters.h"
#include "unit/cli/captured_output.h"

namespace lakegate::cli {
namespace {

class TableViewTest : public testing::Test {
 protected:
  void SetUp() override { ::setenv("NO_COLOR", "1", 1); }
  void TearDown() override { ::unsetenv("NO_COLOR"); }

  // The lines of a table with one column a name; a name that begins with ">" is aligned right.
  static std::vector<std::string> lines_of(const std::vector<std::string>& names,
                                           const std::vector<std::vector<std::string>>& rows,
                                           unsigned short width) {
    const CapturedOutput captured(width);
    Output out(captured.descriptor());
    std::vector<TableColumn> columns;
    for (const std::string& name : names)
      columns.push_back(name.starts_with('>') ? TableColumn{name.substr(1), true}
                                              : TableColumn{name});
    TableView table(out, std::move(columns));
    for (const auto& row : rows) {
      TableRow cells;
      for (const std::string& text : row) cells.push_back({.text = text, .is_null = text == "\\N"});
      table.add(std::move(cells));
    }
    table.finish();
    EXPECT_TRUE(out.flush());
    std::vector<std::string> lines;
    std::istringstream text(captured.text());
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(TableViewTest, AlignsByWidthOfCharacters) {
  EXPECT_THAT(lines_of({"name", ">n"}, {{"漢字", "1"}, {"Größe", "1234"}, {"\\N", "-5"}}, 0),
              testing::ElementsAre("name      n", "漢字      1", "Größe  1234", "null     -5"));
}

TEST_F(TableViewTest, HeaderAloneWithoutRows) {
  EXPECT_THAT(lines_of({"a", ">b"}, {}, 0), testing::ElementsAre("a  b"));
}

TEST_F(TableViewTest, LineFeedsStayOnTheLine) {
  EXPECT_THAT(lines_of({"a", "b"}, {{"x\ny", "z"}}, 0),
              testing::ElementsAre("a     b", "x\\ny  z"));
}

TEST_F(TableViewTest, LongerRowsAddColumns) {
  EXPECT_THAT(lines_of({"a"}, {{"1"}, {"2", "3"}}, 0), testing::ElementsAre("a  ", "1  ", "2  3"));
}

TEST_F(TableViewTest, CutsTheWidestColumnFirst) {
  const auto lines = lines_of({"id", "text"}, {{"12345678", std::string(100, 'x')}}, 40);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1], "12345678  " + std::string(29, 'x') + "…");
}

TEST_F(TableViewTest, LeavesOutColumnsInTheMiddle) {
  std::vector<std::string> names, row;
  for (int i = 0; i < 30; ++i) {
    names.push_back("column" + std::to_string(i));
    row.push_back("value " + std::to_string(i));
  }
  const auto lines = lines_of(names, {row}, 60);
  ASSERT_EQ(lines.size(), 2U);
  for (const std::string& line : lines) EXPECT_LE(display_width(line), 60U);
  EXPECT_THAT(lines[1], testing::StartsWith("value 0"));
  EXPECT_THAT(lines[1], testing::EndsWith("value 29"));
  EXPECT_THAT(lines[1], testing::HasSubstr("…"));
}

TEST_F(TableViewTest, NoTableIsWiderThanItsTerminal) {
  for (unsigned short width = 10; width < 90; ++width) {
    const auto lines = lines_of({"a", ">b", "c", "d"},
                                {{std::string(40, 'a'), "12", std::string(15, 'c'), "漢字漢字漢字"},
                                 {"x", "3456789", "y", "z"}},
                                width);
    for (const std::string& line : lines) EXPECT_LE(display_width(line), width) << line;
  }
}

TEST_F(TableViewTest, RowsAfterTheSampleArePrintedAtOnce) {
  const CapturedOutput captured;
  Output out(captured.descriptor());
  TableView table(out, {{"n", true}});
  for (int i = 0; i < 1500; ++i) table.add({{.text = std::to_string(i)}});
  table.finish();
  ASSERT_TRUE(out.flush());
  const std::string text = captured.text();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1501);
  EXPECT_THAT(text, testing::EndsWith("1499\n"));
}

}  // namespace
}  // namespace lakegate::cli
