// JSON as `cat --text` shows it, judged by JSONTestSuite where real data is there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "formats/open.h"
#include "lake/utf8.h"
#include "unit/formats/json_pass.h"

namespace lakegate::json_test {
namespace {

namespace fs = std::filesystem;

using Cells = std::vector<std::optional<std::string>>;

struct Text {
  std::optional<std::vector<std::string>> header;
  std::vector<Cells> records;
};

Result<Text> read_text(std::string bytes) {
  LAKEGATE_TRY(auto records, open_json_text(memory_input("in.json", std::move(bytes))));
  Text text{.header = records->header()};
  while (true) {
    LAKEGATE_TRY(auto record, records->next());
    if (!record) return text;
    text.records.push_back(std::move(record->cells));
  }
}

TEST(JsonText, HeaderIsAllKeysInOrderOfAppearance) {
  const auto text = read_text(R"({"b": 1, "a": "x\ny"}
{"a": null, "c": {"k": [1, 2.50]}}
{}
)");
  ASSERT_TRUE(text) << text.error().to_string();
  EXPECT_EQ(text->header, (std::vector<std::string>{"b", "a", "c"}));
  EXPECT_EQ(text->records, (std::vector<Cells>{{"1", "x\ny", std::nullopt},
                                               {std::nullopt, std::nullopt, R"({"k": [1, 2.50]})"},
                                               {std::nullopt, std::nullopt, std::nullopt}}));
}

TEST(JsonText, ValuesThatAreNoObjectsAreOneColumn) {
  const auto text = read_text(R"([1, "x", [true, null], 1e400, null])");
  ASSERT_TRUE(text) << text.error().to_string();
  EXPECT_EQ(text->header, (std::vector<std::string>{"value"}));
  EXPECT_EQ(text->records,
            (std::vector<Cells>{{"1"}, {"x"}, {"[true, null]"}, {"1e400"}, {std::nullopt}}));
}

TEST(JsonText, OfAKeyThatStandsTwiceTheLastValueIsShown) {
  const auto text = read_text(R"({"a": 1, "a": 2})");
  ASSERT_TRUE(text) << text.error().to_string();
  EXPECT_EQ(text->records, (std::vector<Cells>{{"2"}}));
}

TEST(JsonText, AnEmptyArrayHasNeitherHeaderNorRecords) {
  const auto text = read_text("[]");
  ASSERT_TRUE(text) << text.error().to_string();
  EXPECT_FALSE(text->header);
  EXPECT_TRUE(text->records.empty());
}

TEST(JsonText, AnythingThatIsNotJsonIsAnErrorWithItsPlace) {
  const auto text = read_text("{\"a\": 1}\n{\"a\": 1,}\n{\"a\": 3}\n");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().where.line, 2U);
  EXPECT_EQ(text.error().where.column, 9U);
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class JsonTestSuite : public testing::Test {
 protected:
  void SetUp() override {
    const char* data = std::getenv("LAKEGATE_REALDATA");
    if (data == nullptr) GTEST_SKIP() << "LAKEGATE_REALDATA names no folder of real data";
    for (const auto& entry : fs::directory_iterator(fs::path(data) / "json" / "test_parsing"))
      files_.push_back(entry.path());
    std::sort(files_.begin(), files_.end());
    ASSERT_EQ(files_.size(), 318U);
  }
  std::vector<fs::path> files_;
};

TEST_F(JsonTestSuite, AllThatMustBeAcceptedIsAndAllElseIsRefused) {
  int accepted = 0, refused = 0;
  for (const fs::path& path : files_) {
    const std::string name = path.filename().string();
    const auto text = read_text(bytes_of(path));
    accepted += name.starts_with("y_") && text;
    refused += name.starts_with("n_") && !text;
    if (name.starts_with("y_")) {
      EXPECT_TRUE(text) << name << ": " << text.error().to_string();
    } else if (name.starts_with("n_")) {
      EXPECT_FALSE(text) << name;
    }
    if (!text) {
      EXPECT_EQ(text.error().kind, ErrorKind::kInvalidInput) << name;
      EXPECT_TRUE(is_utf8(text.error().message)) << name;
      continue;
    }
    for (const Cells& cells : text->records)
      for (const auto& cell : cells) EXPECT_TRUE(!cell || is_utf8(*cell)) << name;
  }
  EXPECT_EQ(accepted, 95);
  EXPECT_EQ(refused, 188);
}

// The fast parser must see all that the strict one sees, wherever the value stands.
TEST_F(JsonTestSuite, RecordsWithTheValueInsideAreAcceptedOrRejectedAlike) {
  for (const fs::path& path : files_) {
    const std::string name = path.filename().string();
    std::string bytes = bytes_of(path);
    if (name.starts_with("i_") || bytes.find('\n') < bytes.size() - 1) continue;
    if (bytes.ends_with('\n')) bytes.pop_back();
    // A line behind it, so that the file is read as lines whatever is in the first.
    const std::string line = "{\"k\": " + bytes + "}\n";
    const auto file = open_text("{\"k\": 0}\n" + line + "{\"k\": 1}\n");
    ASSERT_TRUE(file) << name;
    const bool expected = name.starts_with("y_") && !name.starts_with("y_object_duplicated_key");
    DecodePlan ignoring{.new_columns = NewColumns::kIgnore};
    DecodePlan as_text;
    as_text.columns.push_back({.field = {.name = "k", .type = {LogicalType::Kind::kText}}});
    for (const DecodePlan& plan : {ignoring, as_text}) {
      const auto pass = decode(**file, plan);
      if (!pass) {
        EXPECT_FALSE(expected) << name << ": " << pass.error().to_string();
        continue;
      }
      EXPECT_EQ(pass->rows.size(), expected ? 3U : 2U) << name;
    }
    const auto inferred = infer(**file);
    EXPECT_TRUE(inferred || !expected) << name;
  }
}

}  // namespace
}  // namespace lakegate::json_test
