#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.h"

namespace lakegate {
namespace {

using testing::HasSubstr;

Schema two_fields() {
  return {.fields = {{.name = "a", .type = *type_from("int64")},
                     {.name = "b", .type = *type_from("text"), .original = "B: \"x\", y"}}};
}

constexpr const char* kBody = "landing: new/*.csv\nschema:\n  - {name: x, type: int64}\n";

struct Case {
  const char* what;
  const char* before;
  const char* after;
};

TEST(WithDataset, KeepsTheRest) {
  const Case cases[] = {
      {"empty", "",
       "datasets:\n  n:\n    landing: new/*.csv\n    schema:\n      - {name: x, type: int64}\n"},
      {"comments only", "# mine\n",
       "# mine\ndatasets:\n  n:\n    landing: new/*.csv\n    schema:\n      - {name: x, type: "
       "int64}\n"},
      {"no datasets", "environments: {}",
       "environments: {}\ndatasets:\n  n:\n    landing: new/*.csv\n    schema:\n      - {name: x, "
       "type: int64}\n"},
      {"null", "datasets:   # none yet\nenvironments: {}\n",
       "datasets:   # none yet\n  n:\n    landing: new/*.csv\n    schema:\n      - {name: x, type: "
       "int64}\nenvironments: {}\n"},
      {"empty mapping", "datasets: {}\n",
       "datasets: \n  n:\n    landing: new/*.csv\n    schema:\n      - {name: x, type: int64}\n"},
      {"a block, its own indentation, comments before what follows",
       "datasets:\n    d: {landing: d/*}  # a remark\n\n# about environments\nenvironments: {}\n",
       "datasets:\n    d: {landing: d/*}  # a remark\n    n:\n      landing: new/*.csv\n      "
       "schema:\n        - {name: x, type: int64}\n\n# about environments\nenvironments: {}\n"},
      {"no line feed at the end", "datasets:\n  d:\n    landing: d/*",
       "datasets:\n  d:\n    landing: d/*\n  n:\n    landing: new/*.csv\n    schema:\n      - "
       "{name: x, type: int64}\n"},
      {"carriage returns", "datasets:\r\n  d:\r\n    landing: d/*\r\n",
       "datasets:\r\n  d:\r\n    landing: d/*\r\n  n:\r\n    landing: new/*.csv\r\n    "
       "schema:\r\n      - {name: x, type: int64}\r\n"},
  };
  for (const auto& [what, before, after] : cases) {
    const auto edited = with_dataset(before, kBody, DatasetName("n"));
    ASSERT_TRUE(edited.has_value()) << what << ": " << edited.error().to_string();
    EXPECT_EQ(*edited, after) << what;
  }
}

TEST(WithDataset, Refuses) {
  const auto twice = with_dataset("datasets:\n  n: {landing: n}\n", kBody, DatasetName("n"));
  ASSERT_FALSE(twice.has_value());
  EXPECT_EQ(twice.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(twice.error().where.line, 2U);
  const auto flow = with_dataset("datasets: {d: {landing: d}}\n", kBody, DatasetName("n"));
  ASSERT_FALSE(flow.has_value());
  EXPECT_THAT(flow.error().message, HasSubstr("by hand:\ndatasets:\n  n:\n    landing: new/*.csv"));
  EXPECT_FALSE(with_dataset("[", kBody, DatasetName("n")).has_value());
  EXPECT_FALSE(with_dataset("- a\n", kBody, DatasetName("n")).has_value());
  EXPECT_FALSE(with_dataset("datasets: 7\n", kBody, DatasetName("n")).has_value());
}

TEST(WithSchema, KeepsTheRest) {
  const std::string fields =
      "- {name: a, type: int64}\n      - {name: b, type: text, original: \"B: \\\"x\\\", y\"}\n";
  const std::string block = "    schema:\n      " + fields;
  const std::string flow =
      "[{name: a, type: int64}, {name: b, type: text, original: \"B: \\\"x\\\", y\"}]";
  const std::pair<std::string, std::string> cases[] = {
      {"# mine\ndatasets:\n  d:\n    landing: d/*.csv  # a remark\n",
       "# mine\ndatasets:\n  d:\n    landing: d/*.csv  # a remark\n" + block},
      {"datasets:\n  d:\n    landing: d/*\n\n  # about e\n  e: {landing: e}\n",
       "datasets:\n  d:\n    landing: d/*\n" + block + "\n  # about e\n  e: {landing: e}\n"},
      {"datasets:\n  d:\n    schema:   # old\n      # of a\n      - name: a\n        type: text\n"
       "    # about landing\n    landing: d/*\n",
       "datasets:\n  d:\n" + block + "    # about landing\n    landing: d/*\n"},
      {"datasets:\n  d:\n    landing: d/*\n    schema: [{name: a, type: text},\n      {name: c, "
       "type: text}]\nenvironments: {}\n",
       "datasets:\n  d:\n    landing: d/*\n" + block + "environments: {}\n"},
      {"datasets:\n  d: {landing: d/*}  # short\n  e: {landing: e}\n",
       "datasets:\n  d: {landing: d/*, schema: " + flow + "}  # short\n  e: {landing: e}\n"},
      {"datasets: {d: {schema: [{name: 'x]', type: text}], landing: 'd/*'}}\n",
       "datasets: {d: {schema: " + flow + ", landing: 'd/*'}}\n"},
      {"datasets:\n  d: {landing: d/*, csv: {delimiter: ';'}}\n",
       "datasets:\n  d: {landing: d/*, csv: {delimiter: ';'}, schema: " + flow + "}\n"},
  };
  for (const auto& [before, after] : cases) {
    const auto edited = with_schema(before, DatasetName("d"), two_fields());
    ASSERT_TRUE(edited.has_value()) << before << edited.error().to_string();
    EXPECT_EQ(*edited, after);
    const auto again = with_schema(*edited, DatasetName("d"), two_fields());
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(*again, *edited) << "not stable";
    const auto config =
        parse_config({.text = *edited, .file = "lake.yaml", .env = {}, .variables = {}});
    ASSERT_TRUE(config.has_value()) << config.error().to_string();
    EXPECT_EQ(*config->find(DatasetName("d"))->schema, two_fields());
  }
}

TEST(WithSchema, Refuses) {
  const auto none = with_schema("datasets: {}\n", DatasetName("d"), two_fields());
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(with_schema("", DatasetName("d"), two_fields()).error().kind, ErrorKind::kNotFound);
  // What an anchor names belongs to two datasets: the edit would change both.
  const auto shared =
      with_schema("datasets:\n  d: &x {landing: d}\n  e: *x\n", DatasetName("e"), two_fields());
  EXPECT_FALSE(shared.has_value());
}

}  // namespace
}  // namespace lakegate
