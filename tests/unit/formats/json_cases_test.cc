// tests/cases/json/*.case: an input, and what is expected of it. Sections begin with "--- name":
//   input             the file's text; "input escaped" understands \n \t \r \\ and \xHH, and its
//                     line feeds do not count
//   declared          optional: a field a line, "name: type [required] [format=…]"; else inferred
//   new_columns       optional: add, ignore or reject
//   schema            the inferred types
//   rows              the accepted rows
//   rejects           "line offset reason column: message", a hyphen for no column
//   error             the file is refused: "line:column: message"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "unit/formats/json_pass.h"

namespace lakegate::json_test {
namespace {

namespace fs = std::filesystem;

using Sections = std::map<std::string, std::string>;

Sections read_case(const fs::path& path) {
  std::ifstream file(path);
  Sections sections;
  std::string* section = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("--- "))
      section = &sections[line.substr(4)];
    else if (section != nullptr)
      *section += line + "\n";
  }
  return sections;
}

std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') continue;
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'n':
        out += '\n';
        break;
      case 't':
        out += '\t';
        break;
      case 'r':
        out += '\r';
        break;
      case 'x':
        out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
        i += 2;
        break;
      default:
        out += text[i];
    }
  }
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

Schema declared_schema(const std::string& text) {
  Schema schema;
  for (std::string line : lines_of(text)) {
    Field field;
    if (const auto at = line.find(" format="); at != std::string::npos) {
      field.format = line.substr(at + 8);
      line.resize(at);
    }
    if (line.ends_with(" required")) {
      field.required = true;
      line.resize(line.size() - 9);
    }
    const auto colon = line.find(": ");
    field.name = line.substr(0, colon);
    auto type = type_from(line.substr(colon + 2));
    EXPECT_TRUE(type) << (type ? "" : type.error().to_string());
    if (type) field.type = *type;
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

NewColumns policy_of(const Sections& sections) {
  const auto found = sections.find("new_columns");
  if (found == sections.end() || found->second == "add\n") return NewColumns::kAdd;
  return found->second == "ignore\n" ? NewColumns::kIgnore : NewColumns::kReject;
}

std::string shown_reject(const Reject& reject) {
  return fmt::format("{} {} {} {}: {}", reject.line, reject.offset, to_string(reject.reason),
                     reject.column.empty() ? "-" : reject.column, reject.message);
}

Result<Pass> run(const Sections& sections) {
  const std::string input =
      sections.contains("input") ? sections.at("input") : unescaped(sections.at("input escaped"));
  if (!sections.contains("declared")) return infer_and_decode(input);
  LAKEGATE_TRY(auto file, open_text(input));
  return decode(*file,
                plan_of(declared_schema(sections.at("declared")), false, policy_of(sections)));
}

class JsonCase : public testing::TestWithParam<fs::path> {};

TEST_P(JsonCase, IsReadAsExpected) {
  const Sections sections = read_case(GetParam());
  ASSERT_TRUE(sections.contains("input") || sections.contains("input escaped"));
  const auto pass = run(sections);
  if (sections.contains("error")) {
    ASSERT_FALSE(pass) << "the file was accepted";
    const Error& error = pass.error();
    EXPECT_EQ(error.kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(error.where.file, "in.json");
    EXPECT_EQ(fmt::format("{}:{}: {}\n", error.where.line, error.where.column, error.message),
              sections.at("error"));
    return;
  }
  ASSERT_TRUE(pass) << pass.error().to_string();
  ASSERT_FALSE(pass->contradicted);
  ASSERT_TRUE(sections.contains("rows"));
  EXPECT_EQ(pass->rows, lines_of(sections.at("rows")));
  if (sections.contains("schema")) {
    std::vector<std::string> types;
    for (const Field& field : pass->schema.fields)
      types.push_back(field.name + ": " + to_string(field.type));
    EXPECT_EQ(types, lines_of(sections.at("schema")));
  }
  std::vector<std::string> rejects;
  for (const Reject& reject : pass->rejects) rejects.push_back(shown_reject(reject));
  EXPECT_EQ(rejects,
            sections.contains("rejects") ? lines_of(sections.at("rejects")) : lines_of(""));
}

std::vector<fs::path> all_cases() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(LAKEGATE_CASES_DIR "/json"))
    if (entry.path().extension() == ".case") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

INSTANTIATE_TEST_SUITE_P(Cases, JsonCase, testing::ValuesIn(all_cases()),
                         [](const auto& test_case) { return test_case.param.stem().string(); });

}  // namespace
}  // namespace lakegate::json_test
