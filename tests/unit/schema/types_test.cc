#include "schema/types.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/schema.h"

namespace lakegate {
namespace {

using ::testing::HasSubstr;

TEST(Types, NamesReadBack) {
  for (const char* text : {"bool", "int32", "int64", "float32", "double", "decimal(10,2)", "text",
                           "binary", "date", "timestamp", "timestamptz", "list<int64>",
                           "struct<a: int64, `b c`: list<text>>", "struct<`q``r`: bool>"}) {
    const auto type = type_from(text);
    ASSERT_TRUE(type) << text << ": " << type.error().message;
    EXPECT_EQ(to_string(*type), text);
  }
}

TEST(Types, UnknownNamesSuggest) {
  EXPECT_THAT(type_from("string").error().message, HasSubstr("did you mean text?"));
  EXPECT_THAT(type_from("bigint").error().message, HasSubstr("did you mean int64?"));
  EXPECT_THAT(type_from("timestmp").error().message, HasSubstr("did you mean timestamp?"));
  EXPECT_THAT(type_from("decimal").error().message, HasSubstr("decimal(10,2)"));
  EXPECT_THAT(type_from("decimal(39,0)").error().message, HasSubstr("1 to 38"));
  EXPECT_THAT(type_from("list<int64").error().message, HasSubstr("\">\" is missing"));
  EXPECT_THAT(type_from("int64 x").error().message, HasSubstr("left over"));
  EXPECT_THAT(type_from("struct<a: int64, a: text>").error().message, HasSubstr("twice"));
  EXPECT_FALSE(type_from(""));
}

TEST(Types, ArrowThereAndBack) {
  for (const char* text :
       {"bool", "int32", "int64", "float32", "double", "decimal(10,2)", "text", "binary", "date",
        "timestamp", "timestamptz", "list<int64>", "struct<a: int64, b: list<text>>"}) {
    const Field field{.name = "x", .type = *type_from(text), .required = true, .original = "X x"};
    const auto back = from_arrow(*to_arrow(field));
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(to_string(back->type), text);
    EXPECT_TRUE(back->required);
    EXPECT_EQ(back->original, "X x");
  }
  EXPECT_THAT(
      from_arrow(*arrow::field("t", arrow::duration(arrow::TimeUnit::SECOND))).error().message,
      HasSubstr("column t"));
}

TEST(RememberedSchema, ReadsBackWhole) {
  RememberedSchema remembered;
  Field nested{.name = "position", .type = *type_from("struct<x_y: int64>")};
  nested.type.children[0].original = "xY";
  remembered.versions.push_back(
      {1, {{{.name = "day", .type = *type_from("int32"), .required = true}}}, "declared"});
  remembered.versions.push_back(
      {2, {{{.name = "day", .type = *type_from("int32"), .original = "Day"}, nested}}, "x"});
  const auto back = remembered_schema_from_json(to_json(remembered), "k");
  ASSERT_TRUE(back) << back.error().to_string();
  ASSERT_EQ(back->versions.size(), 2U);
  EXPECT_EQ(back->versions[0].schema, remembered.versions[0].schema);
  EXPECT_EQ(back->current().schema, remembered.current().schema);
  EXPECT_EQ(back->find(1)->because, "declared");
  EXPECT_EQ(back->find(3), nullptr);
}

TEST(RememberedSchema, DamageIsSaidWithTheFile) {
  for (const char* text :
       {"", "{", "[]", "{\"format\":2,\"versions\":[]}", "{\"format\":1,\"versions\":[]}",
        "{\"format\":1,\"versions\":[{\"version\":1,\"because\":\"\",\"fields\":[{\"name\":1}]}]"
        "}"}) {
    const auto read = remembered_schema_from_json(text, "_lake/schemas/a.json");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().where.file, "_lake/schemas/a.json");
    EXPECT_THAT(read.error().message, HasSubstr("cannot be read"));
  }
}

TEST(SchemaYaml, QuotesWhatYamlWouldMisread) {
  const Schema schema{{{.name = "day", .type = *type_from("int32"), .required = true},
                       {.name = "no", .type = *type_from("decimal(10,2)"), .original = "N: o"}}};
  EXPECT_EQ(to_yaml(schema, 2),
            "  - {name: day, type: int32, required: true}\n"
            "  - {name: \"no\", type: \"decimal(10,2)\", original: \"N: o\"}\n");
}

}  // namespace
}  // namespace lakegate
