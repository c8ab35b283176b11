// tests/cases/config: documents, and in their comments the errors that they must give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/config.h"

namespace lakegate {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

std::vector<fs::path> cases(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(fs::path(LAKEGATE_CASES_DIR) / "config" / folder))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  EXPECT_FALSE(files.empty());
  return files;
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<Config> parse(const std::string& text) {
  return parse_config({.text = text, .file = "lake.yaml", .env = {}, .variables = {}});
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(ConfigCases, GoodOnesAreAccepted) {
  for (const auto& path : cases("good")) {
    const auto config = parse(read_file(path));
    EXPECT_TRUE(config.has_value()) << path << "\n" << config.error().to_string();
  }
}

// Each "# error: LINE:COLUMN: WORDS" must be given, and no error at another place.
void expect_errors(const fs::path& path) {
  const std::string text = read_file(path);
  const auto config = parse(text);
  ASSERT_FALSE(config.has_value()) << path;
  EXPECT_EQ(config.error().kind, ErrorKind::kInvalidInput);
  const auto given = split_lines(config.error().to_string());
  const std::string all = config.error().to_string();
  std::set<std::string> places;
  for (const std::string& line : split_lines(text)) {
    const std::string marker = "# error: ";
    if (!line.starts_with(marker)) continue;
    const std::string expected = line.substr(marker.size());
    const auto space = expected.find(": ");
    const std::string place = "lake.yaml:" + expected.substr(0, space + 2);
    const std::string words = expected.substr(space + 2);
    places.insert(place);
    const bool found = std::any_of(given.begin(), given.end(), [&](const std::string& error) {
      return error.starts_with(place) && error.find(words) != std::string::npos;
    });
    EXPECT_TRUE(found) << path << "\nexpected " << expected << "\ngot\n" << all;
  }
  EXPECT_FALSE(places.empty()) << path << " says no error";
  EXPECT_THAT(all, testing::Not(HasSubstr("canary"))) << "a secret is shown: " << path;
  for (const std::string& error : given) {
    const bool expected = std::any_of(places.begin(), places.end(), [&](const std::string& place) {
      return error.starts_with(place);
    });
    EXPECT_TRUE(expected) << path << "\nunexpected " << error;
  }
}

TEST(ConfigCases, BadOnesAreRefusedAtTheirPlaces) {
  for (const auto& path : cases("bad")) expect_errors(path);
}

TEST(ConfigCases, ImpossibleOnesAreRefusedAtTheirPlaces) {
  for (const auto& path : cases("semantic")) expect_errors(path);
}

TEST(ConfigJsonSchema, IsJsonThatDescribesEveryKey) {
  const auto schema = nlohmann::ordered_json::parse(config_json_schema());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  const auto& dataset = schema["properties"]["datasets"]["additionalProperties"];
  EXPECT_EQ(dataset["additionalProperties"], false);
  for (const auto& [name, property] : dataset["properties"].items())
    EXPECT_FALSE(property.value("description", "").empty()) << name;
  EXPECT_EQ(dataset["properties"]["mode"]["enum"],
            nlohmann::ordered_json::parse(R"(["append", "snapshot", "upsert"])"));
}

}  // namespace
}  // namespace lakegate
