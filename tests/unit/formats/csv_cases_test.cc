// Every file of tests/cases/csv is an input with what is expected of it. See README.md there.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "unit/formats/csv_reading.h"

namespace lakegate {
namespace {

using csv_test::Reading;
using csv_test::ReadOptions;

struct CsvCase {
  std::map<std::string, std::vector<std::string>> sections;
  std::vector<std::string> lines(const std::string& section) const {
    const auto found = sections.find(section);
    return found == sections.end() ? std::vector<std::string>() : found->second;
  }
  bool has(const std::string& section) const { return sections.contains(section); }
};

CsvCase read_case(const std::filesystem::path& path) {
  CsvCase read;
  std::ifstream file(path, std::ios::binary);
  std::string section = "comment";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("--- ")) {
      section = line.substr(4);
      read.sections[section];
    } else {
      read.sections[section].push_back(line);
    }
  }
  return read;
}

// \r, \n, \t, \\, \xHH; a backslash at the end of a line: no line feed there.
std::string input_bytes(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    bool line_feed = true;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] != '\\') {
        out += line[i];
      } else if (i + 1 == line.size()) {
        line_feed = false;
      } else if (line[++i] == 'x') {
        out += static_cast<char>(std::stoi(line.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        out += line[i] == 'r' ? '\r' : line[i] == 'n' ? '\n' : line[i] == 't' ? '\t' : line[i];
      }
    }
    if (line_feed) out += '\n';
  }
  return out;
}

std::vector<std::string> words(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> out;
  for (std::string word; stream >> word;) out.push_back(word);
  return out;
}

ReadOptions read_options(const CsvCase& read) {
  ReadOptions options;
  for (const std::string& line : read.lines("options")) {
    const std::vector<std::string> word = words(line);
    const std::string value = word.size() > 1 ? word[1] : "";
    if (word[0] == "delimiter") {
      options.open.csv.delimiter = value == "tab" ? '\t' : value[0];
    } else if (word[0] == "quote") {
      options.open.csv.quote = value == "none" ? '\0' : value[0];
    } else if (word[0] == "header") {
      options.open.csv.header = value == "true";
    } else if (word[0] == "null") {
      options.open.csv.nulls.push_back(value);
    } else if (word[0] == "expect") {
      options.open.expected_columns.assign(word.begin() + 1, word.end());
    } else if (word[0] == "declare") {
      csv_test::Declared declared{.column = value, .type = type_from(word.at(2)).value()};
      for (std::size_t i = 3; i < word.size(); ++i) {
        if (word[i] == "required") declared.required = true;
        if (word[i].starts_with("format=")) declared.format = word[i].substr(7);
      }
      options.declared.push_back(declared);
    } else {
      ADD_FAILURE() << "unknown option " << line;
    }
  }
  return options;
}

void check(const CsvCase& expected, const Reading& reading) {
  if (expected.has("error")) {
    ASSERT_FALSE(expected.lines("error").empty());
    EXPECT_NE(reading.error.find(expected.lines("error")[0]), std::string::npos) << reading.error;
    return;
  }
  EXPECT_EQ(reading.error, "");
  EXPECT_EQ(reading.columns, expected.lines("columns"));
  EXPECT_EQ(reading.rows, expected.lines("rows"));
  EXPECT_EQ(reading.rejects, expected.lines("rejects"));
  EXPECT_EQ(reading.remarks, expected.lines("remarks"));
  for (std::size_t i = 0; i < expected.lines("messages").size(); ++i) {
    ASSERT_LT(i, reading.messages.size());
    EXPECT_NE(reading.messages[i].find(expected.lines("messages")[i]), std::string::npos)
        << reading.messages[i];
  }
}

class CsvCases : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(CsvCases, ReadsAsExpected) {
  const CsvCase expected = read_case(GetParam());
  ASSERT_TRUE(expected.has("input"));
  const std::string bytes = input_bytes(expected.lines("input"));
  ReadOptions options = read_options(expected);
  {
    SCOPED_TRACE("settled types");
    check(expected, csv_test::read_all(memory_input("case.csv", bytes), options));
  }
  options.guess = true;
  {
    SCOPED_TRACE("guessed types");
    check(expected, csv_test::read_all(memory_input("case.csv", bytes), options));
  }
}

std::vector<std::filesystem::path> case_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path(LAKEGATE_CASES_DIR) / "csv")) {
    if (entry.path().extension() == ".case") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

INSTANTIATE_TEST_SUITE_P(Files, CsvCases, testing::ValuesIn(case_files()), [](const auto& param) {
  std::string name = param.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace lakegate
