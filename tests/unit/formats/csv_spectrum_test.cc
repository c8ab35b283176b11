// csv-spectrum: 12 files with the JSON that each means.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "formats/open.h"

namespace lakegate {
namespace {

// Where the published files differ from what their JSON says: line ends that version control has
// normalised, and one telephone number.
std::string as_meant(const std::string& name, const std::string& stored) {
  std::string bytes;
  for (char c : stored) {
    if (c == '\n' && name.ends_with("_crlf") && !bytes.ends_with('\r')) bytes += '\r';
    bytes += c;
  }
  if (const auto at = bytes.find("2095257564"); at != std::string::npos)
    bytes.replace(at, 10, "1234567890");
  return bytes;
}

class CsvSpectrum : public testing::TestWithParam<const char*> {};

TEST_P(CsvSpectrum, MeansItsJson) {
  const char* data = std::getenv("LAKEGATE_REALDATA");
  if (data == nullptr) GTEST_SKIP() << "LAKEGATE_REALDATA is not set";
  const std::filesystem::path folder = std::filesystem::path(data) / "csv-spectrum";
  const std::string name = GetParam();
  std::ifstream file(folder / "csvs" / (name + ".csv"), std::ios::binary);
  ASSERT_TRUE(file) << "no such file";
  const std::string stored{std::istreambuf_iterator<char>(file), {}};
  auto records = open_csv_text(memory_input(name, as_meant(name, stored)), {});
  ASSERT_TRUE(records) << records.error().to_string();
  ASSERT_TRUE((*records)->header().has_value());
  const std::vector<std::string> header = *(*records)->header();

  nlohmann::ordered_json read = nlohmann::ordered_json::array();
  while (true) {
    auto record = (*records)->next();
    ASSERT_TRUE(record) << record.error().to_string();
    if (!*record) break;
    ASSERT_EQ((*record)->cells.size(), header.size());
    nlohmann::ordered_json object;
    for (std::size_t i = 0; i < header.size(); ++i) object[header[i]] = (*record)->cells[i].value();
    read.push_back(std::move(object));
  }
  std::ifstream expected(folder / "json" / (name + ".json"));
  auto meant = nlohmann::ordered_json::parse(expected);
  if (meant.is_object()) meant = nlohmann::ordered_json::array({meant});
  EXPECT_EQ(nlohmann::ordered_json::parse(read.dump()), meant);
}

INSTANTIATE_TEST_SUITE_P(All, CsvSpectrum,
                         testing::Values("comma_in_quotes", "empty", "empty_crlf", "escaped_quotes",
                                         "json", "location_coordinates", "newlines",
                                         "newlines_crlf", "quotes_and_newlines", "simple",
                                         "simple_crlf", "utf8"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace lakegate
