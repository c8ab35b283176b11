#include "lake/request_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace lakegate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::map<std::string, TemplateValue, std::less<>> kValues = {
    {"a", {"x\"y", false}},
    {"n", {"1.50", true}},
    {"text_number", {"7", false}},
    {"day", {"2024-02-29", false}},
    {"at", {"2026-11-23T04:22:44.5Z", false}}};

const TemplateValue* lookup(std::string_view name) {
  const auto found = kValues.find(name);
  return found == kValues.end() ? nullptr : &found->second;
}

std::string expanded(std::string_view text) {
  const auto parsed = RequestTemplate::parse(text);
  if (!parsed) return "no template: " + parsed.error().message;
  const auto result = parsed->expand(lookup);
  return result ? *result : "error: " + result.error().message;
}

TEST(RequestTemplate, ReplacesVariables) {
  EXPECT_EQ(expanded(""), "");
  EXPECT_EQ(expanded("plain"), "plain");
  EXPECT_EQ(expanded("{a}-{n}{n}"), "x\"y-1.501.50");
  EXPECT_EQ(expanded("{{a}} {{{n}}} }}{{"), "{a} {1.50} }{");
  EXPECT_EQ(expanded("{b}"), "error: there is no variable {b}");
}

TEST(RequestTemplate, FormatsDatesAndTimes) {
  EXPECT_EQ(expanded("{day:%d.%m.%Y}"), "29.02.2024");
  EXPECT_EQ(expanded("{at:%Y%m%dT%H:%M:%S}"), "20261123T04:22:44");
  EXPECT_EQ(expanded("{at:%s}"), "1795407764");
  EXPECT_EQ(expanded("{day:%s}"), "1709164800");
  EXPECT_EQ(expanded("{day:%Y%%}"), "2024%");
  EXPECT_THAT(expanded("{a:%Y}"), HasSubstr("needs a date or a time"));
}

TEST(RequestTemplate, SaysWhereItIsNone) {
  const std::tuple<const char*, std::uint64_t, const char*> cases[] = {
      {"{", 1, "without \"}\""},         {"ab}", 3, "without \"{\""},
      {"a{b{c}", 2, "without \"}\""},    {"{}", 1, "not a variable's name"},
      {"x{A}", 2, "not a variable's"},   {"{a b}", 1, "not a variable's"},
      {"{a:}", 4, "at least one of %Y"}, {"{a:%}", 4, "unknown directive"},
      {"{a:%q}", 4, "unknown directive"}};
  for (const auto& [text, column, words] : cases) {
    const auto parsed = RequestTemplate::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().where.column, column) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr(words)) << text;
  }
}

TEST(RequestTemplate, KnowsItsVariables) {
  const RequestTemplate parsed = RequestTemplate::parse("{b}{a:%Y}{{c}}{b}").value();
  EXPECT_THAT(parsed.variables(), ElementsAre("b", "a"));
  EXPECT_TRUE(parsed.uses("a"));
  EXPECT_FALSE(parsed.uses("c"));
}

TEST(RequestTemplate, AloneANumberStaysANumber) {
  const auto json = [](std::string_view text) {
    return RequestTemplate::parse(text).value().expand_as_json(lookup).value();
  };
  EXPECT_EQ(json("{n}"), "1.50");
  EXPECT_EQ(json("{text_number}"), "\"7\"");
  EXPECT_EQ(json("{n} "), "\"1.50 \"");
  EXPECT_EQ(json("{a}"), R"("x\"y")");
  EXPECT_EQ(json("7"), "\"7\"");
}

TEST(RequestTemplate, LiteralsHaveNoVariables) {
  const RequestTemplate literal = RequestTemplate::literal("{a} }} {{");
  EXPECT_THAT(literal.variables(), ElementsAre());
  EXPECT_EQ(literal.expand(lookup).value(), "{a} }} {{");
  EXPECT_EQ(RequestTemplate::parse(literal.text()).value(), literal);
}

TEST(JsonNumber, IsWhatJsonWrites) {
  for (const char* text : {"0", "-0", "7", "-1.5", "1e3", "1E-3", "0.10", "123456789012345678901"})
    EXPECT_TRUE(is_json_number(text)) << text;
  for (const char* text :
       {"", "-", "+1", "01", ".5", "5.", "1e", "0x1", "1 ", " 1", "NaN", "Infinity", "1,5", "--1"})
    EXPECT_FALSE(is_json_number(text)) << text;
}

}  // namespace
}  // namespace lakegate
