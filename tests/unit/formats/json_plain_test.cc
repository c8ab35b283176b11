#include "formats/json/plain.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "formats/json/syntax.h"

namespace lakegate::json {
namespace {

constexpr std::size_t kReadable = 8;

bool is_plain(const std::string& text) {
  const std::string padded = text + std::string(kReadable, ' ');
  return is_plain_object(std::string_view(padded).substr(0, text.size()));
}

TEST(PlainJson, ObjectsOfEveryKindOfValue) {
  for (const std::string text :
       {"{}", " { } ", R"({"a":1})", R"({"a":[1,-2,30000000,123456789,1.5,-0,-0.5e-3,1E+9,0]})",
        R"({"a":true,"b":false,"c":null,"d":"","e":"text / 'x'"})", "{\"a\" :\n[\t1 , 2 ] }\r\n",
        R"({"a":{"b":{"c":[[],[{}],[[1]]]}}})", R"({"a":[99999999999999999999999999]})"})
    EXPECT_TRUE(is_plain(text)) << text;
}

TEST(PlainJson, WhatIsBrokenOrLessCommonIsNot) {
  for (const std::string text : {"",
                                 " ",
                                 "{",
                                 "[1]",
                                 "1",
                                 "{}{}",
                                 "{},",
                                 R"({"a":01})",
                                 R"({"a":-})",
                                 R"({"a":1.})",
                                 R"({"a":.5})",
                                 R"({"a":1e})",
                                 R"({"a":+1})",
                                 R"({"a":[1,]})",
                                 R"({"a":[1 2]})",
                                 R"({"a":[1}})",
                                 R"({"a":1,})",
                                 R"({"a"})",
                                 R"({a:1})",
                                 R"({"a":tru})",
                                 R"({"a":truex})",
                                 R"({"a":"x)",
                                 R"({"a":"\n"})",
                                 "{\"a\":\"\n\"}",
                                 "{\"a\":\"\xC3\xA4\"}",
                                 "{\"a\":\"\xFF\"}",
                                 R"({"a":[-01]})",
                                 R"({"a":NaN})",
                                 R"({"a":0x10})",
                                 R"({"a":12345678)"})
    EXPECT_FALSE(is_plain(text)) << text;
  EXPECT_FALSE(is_plain(fmt::format("{{\"a\":{:[>100}{:]>100}}}", "", "")));
}

// What is plain is JSON, by the reader that says what is wrong with a text.
TEST(PlainJson, AnythingPlainHasNoProblem) {
  constexpr std::string_view kPieces = R"({}[]:,"" "a"10-.eE+truefalsenull )";
  std::size_t plain = 0;
  std::mt19937 random(20260101);
  for (int i = 0; i < 200'000; ++i) {
    std::string text = "{\"a\":";
    for (auto size = random() % 12; size > 0; --size)
      text += kPieces.substr(random() % kPieces.size(), 1 + random() % 4);
    text += random() % 2 == 0 ? "}" : "]}";
    if (!is_plain(text)) continue;
    ++plain;
    const auto problem = find_problem(text);
    EXPECT_TRUE(!problem || problem->is_soft()) << text << ": " << problem->what;
  }
  EXPECT_GT(plain, 1'000U);
}

TEST(PlainJson, ShortIntegers) {
  struct Case {
    std::string text;
    bool is_taken;
    std::int64_t number;
  };
  for (const auto& [text, is_taken, number] :
       std::initializer_list<Case>{{"0,", true, 0},
                                   {"7]", true, 7},
                                   {"-1 ", true, -1},
                                   {"12345678,", true, 12'345'678},
                                   {"-99999999]", true, -99'999'999},
                                   {"123456789,", false, 0},
                                   {"00,", false, 0},
                                   {"-0,", false, 0},
                                   {"1.5,", false, 0},
                                   {"1e5,", false, 0},
                                   {",", false, 0},
                                   {"-,", false, 0},
                                   {"1}", false, 0},
                                   {"1\n", false, 0}}) {
    const std::string padded = text + std::string(kReadable, ' ');
    const char* at = padded.data();
    std::int64_t got = 0;
    ASSERT_EQ(take_short_integer(at, got), is_taken) << text;
    if (is_taken) {
      EXPECT_EQ(got, number) << text;
      EXPECT_EQ(at, padded.data() + text.size() - 1) << text;
    }
  }
}

}  // namespace
}  // namespace lakegate::json
