// Replies of an API as they land, and the rows in them.
#include "formats/json/replies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/json/landed_reply.h"
#include "unit/formats/json_pass.h"

namespace lakegate::json_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kHeader =
    R"({"lakegate_replies":1,"dataset":"devices","plan":"3f2a9c0b11d4","slice":1})"
    "\n";

std::string landed(std::string_view body, const std::string& records = "", std::uint64_t n = 0) {
  LandedReply reply{.n = n,
                    .parameters = fmt::format(R"({{"device":"d{}","nr":{}}})", n, n),
                    .request = fmt::format("GET https://api.example.com/d{}", n)};
  reply.status = 200;
  reply.body = body;
  std::string line;
  append_landed_line(reply, records, line);
  return line;
}

std::uint64_t rows_counted(std::string_view body, const std::string& records) {
  LandedReply reply{.parameters = "{}", .request = {}};
  reply.body = body;
  std::string line;
  return append_landed_line(reply, records, line).value_or(0);
}

ReplyOptions options(const std::string& records,
                     std::vector<std::pair<std::string, std::string>> add = {}) {
  ReplyOptions options{.records = records, .add = {}};
  for (const auto& [name, text] : add)
    options.add.emplace_back(name, RequestTemplate::parse(text).value());
  return options;
}

Result<Pass> read(const std::string& lines, const ReplyOptions& options) {
  LAKEGATE_TRY(auto file, open_records(memory_input("landed", kHeader + lines),
                                       {.expected_columns = {}, .replies = options}));
  LAKEGATE_TRY(Schema schema, infer(*file));
  LAKEGATE_TRY(Pass pass, decode(*file, plan_of(schema, true)));
  pass.schema = std::move(schema);
  return pass;
}

Pass rows_of(const std::string& lines, const ReplyOptions& options) {
  auto pass = read(lines, options);
  EXPECT_TRUE(pass) << pass.error().to_string();
  return std::move(pass).value_or(Pass{});
}

TEST(Replies, NothingOnALaterPageIsTheEndAndNoRow) {
  for (const std::string body : {R"({"items":null})", "{}"}) {
    LandedReply last{.n = 0, .parameters = "{}", .request = {}};
    last.page = 1;
    last.body = body;
    std::string lines = landed(R"({"items":[{"a":1}]})", "/items");
    EXPECT_EQ(append_landed_line(last, "/items", lines), 0U);
    const Pass pass = rows_of(lines, options("/items"));
    EXPECT_THAT(pass.rows, SizeIs(1));
    EXPECT_THAT(pass.rejects, IsEmpty());
    EXPECT_THAT(rows_of(landed(body, "/items"), options("/items")).rejects, SizeIs(1))
        << "a first one";
  }
}

// The fast parser refuses such a reply, and the line that it is in.
TEST(Replies, ARowThatCannotBeUnescapedTellsOfItsRequestAndNotOfItsSecret) {
  LandedReply reply{.n = 0, .parameters = "{}", .request = "GET https://api.example.com/d0"};
  reply.status = 200;
  reply.body = R"({"a":"\ud800 canary"})";
  for (const bool repeats_secret : {false, true}) {
    reply.repeats_secret = repeats_secret;
    std::string line;
    append_landed_line(reply, "", line);
    const Pass pass = rows_of(line, options(""));
    ASSERT_THAT(pass.rejects, SizeIs(1));
    const Reject& reject = pass.rejects[0];
    ASSERT_TRUE(reject.reply);
    EXPECT_EQ(reject.reply->request, reply.request);
    EXPECT_EQ(reject.reply->status, 200);
    EXPECT_EQ(reject.raw.empty(), repeats_secret);
    const bool shows_it = (reject.message + reject.raw).find("canary") != std::string::npos;
    EXPECT_EQ(shows_it, !repeats_secret);
  }
}

TEST(Replies, AByteOrderMarkIsNoPartOfTheRow) {
  const Pass pass =
      rows_of(landed("\xef\xbb\xbf{\"a\":1}") + landed(R"({"a":2})", "", 1), options(""));
  EXPECT_THAT(pass.rejects, IsEmpty());
  EXPECT_EQ(rows_counted("\xef\xbb\xbf[1,2]", ""), 2U);
}

TEST(Replies, AnObjectIsOneRow) {
  const Pass pass = rows_of(landed(R"({"datetime":"2020-01-27","values":[1,2]})"), options(""));
  EXPECT_THAT(pass.rows, ElementsAre("datetime=2020-01-27 values=[1, 2]"));
  EXPECT_THAT(pass.rejects, IsEmpty());
}

TEST(Replies, AListIsARowForEachElement) {
  const Pass pass = rows_of(landed(R"([{"a":1},{"a":2}])") + landed(R"([{"a":3}])"), options(""));
  EXPECT_THAT(pass.rows, ElementsAre("a=1", "a=2", "a=3"));
}

TEST(Replies, ThePointerSaysWhereTheRowsAre) {
  const Pass pass =
      rows_of(landed(R"({"next":2,"data":{"a/b":[{"x":1},{"x":2}]}})"), options("/data/a~1b"));
  EXPECT_THAT(pass.rows, ElementsAre("x=1", "x=2"));
}

TEST(Replies, AnEmptyListIsNoRow) {
  const Pass pass =
      rows_of(landed(R"({"data":[]})") + landed(R"({"data":[{"x":1}]})"), options("/data"));
  EXPECT_THAT(pass.rows, ElementsAre("x=1"));
}

TEST(Replies, AddedColumnsComeFirstAndKeepTheirType) {
  const Pass pass =
      rows_of(landed(R"({"v":1})", "", 7) + landed("{ }", "", 8),
              options("", {{"device", "{device}"}, {"number", "{nr}"}, {"both", "{device}/{nr}"}}));
  EXPECT_THAT(pass.rows, ElementsAre("device=\"d7\" number=7 both=\"d7/7\" v=1",
                                     "device=\"d8\" number=8 both=\"d8/8\" v=null"));
}

TEST(Replies, AnAddedColumnThatTheRowHasItselfIsARejectedRow) {
  const Pass pass = rows_of(landed(R"({"device":"other"})"), options("", {{"device", "{device}"}}));
  EXPECT_THAT(pass.rows, IsEmpty());
  ASSERT_THAT(pass.rejects, SizeIs(1));
  EXPECT_EQ(pass.rejects[0].reason, RejectReason::kDuplicateKey);
  EXPECT_THAT(pass.rejects[0].message, HasSubstr("device"));
}

struct NoRows {
  const char* name;
  const char* body;
  const char* says;
};
class RepliesWithoutRows : public testing::TestWithParam<NoRows> {};

TEST_P(RepliesWithoutRows, AreOneRejectEachThatNamesTheRequest) {
  const Pass pass =
      rows_of(landed(GetParam().body, "/data") + landed(R"({"data":{"x":1}})"), options("/data"));
  EXPECT_THAT(pass.rows, ElementsAre("x=1"));
  ASSERT_THAT(pass.rejects, SizeIs(1));
  const Reject& reject = pass.rejects[0];
  EXPECT_EQ(reject.line, 2U);
  EXPECT_THAT(reject.message, HasSubstr(GetParam().says));
  ASSERT_TRUE(reject.reply);
  EXPECT_EQ(reject.reply->request, "GET https://api.example.com/d0");
  EXPECT_EQ(reject.reply->status, 200);
  EXPECT_EQ(reject.reply->pointer, "/data");
}

INSTANTIATE_TEST_SUITE_P(
    All, RepliesWithoutRows,
    testing::Values(NoRows{"nothing_there", R"({"other":1})", "nothing at /data"},
                    NoRows{"html", "<html>busy</html>", "not JSON: < is not JSON (byte offset 0)"},
                    NoRows{"cut_off", R"({"data":[{"x":1})", "not JSON"},
                    NoRows{"two_values", "{} {}", "(byte offset 3)"},
                    NoRows{"empty", "", "it is empty"},
                    NoRows{"not_a_number", R"({"data":[{"x":NaN}]})", "not JSON"},
                    NoRows{"not_utf8", "\"\xff\"", "not UTF-8"},
                    NoRows{"a_number", R"({"data":7})", "object"}),
    [](const auto& each) { return std::string(each.param.name); });

TEST(Replies, ARejectedValueIsPointedTo) {
  auto file = open_records(
      memory_input("landed", kHeader + landed(R"({"data":[{"v":[1]},{"v":[2,"x"]}]})", "/data", 3)),
      {.expected_columns = {}, .replies = options("/data")});
  ASSERT_TRUE(file);
  DecodePlan plan;
  plan.columns.push_back({.field = {.name = "v", .type = *type_from("list<int64>")}});
  const auto pass = decode(**file, plan);
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_THAT(pass->rows, ElementsAre("v=[1]"));
  ASSERT_THAT(pass->rejects, SizeIs(1));
  EXPECT_EQ(pass->rejects[0].row, 2U);
  EXPECT_EQ(pass->rejects[0].reply->pointer, "/data/1/v/1");
  EXPECT_EQ(pass->rejects[0].reply->request, "GET https://api.example.com/d3");
  EXPECT_THAT(to_ndjson(pass->rejects[0]), HasSubstr(R"("pointer":"/data/1/v/1")"));
}

TEST(Replies, LineFeedsBetweenTokensDoNotEndTheLine) {
  const std::string line = landed("{\n  \"a\": \"x\\ny\"\r\n}\n");
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_THAT(rows_of(line, options("")).rows, ElementsAre("a=\"x\ny\""));
}

// A reply reaches to the end of its line: members that somebody put behind it are no part of a row.
TEST(Replies, NothingStandsBehindAReply) {
  std::string line = landed(R"({"a":1})");
  EXPECT_TRUE(line.ends_with("\"reply\":{\"a\":1}}\n")) << line;
  line.insert(line.size() - 2, R"(,"note":2)");
  const auto file = open_records(memory_input("landed", kHeader + line),
                                 {.expected_columns = {}, .replies = options("")});
  ASSERT_TRUE(file);
  const auto pass = decode(**file, plan_of({}, true));
  ASSERT_TRUE(pass) << pass.error().to_string();
  EXPECT_THAT(pass->rows, IsEmpty());
  EXPECT_THAT(pass->rejects, SizeIs(1));
}

TEST(Replies, OnlyTheLinesOwnReplyIsIt) {
  EXPECT_THAT(rows_of(landed(R"({"a":1,"reply":{"b":2}})"), options("")).rows,
              ElementsAre("a=1 reply={b: 2}"));
  EXPECT_THAT(rows_of(landed(R"([{"a":1,"reply":{"b":2}},{"a":3}])"), options("")).rows,
              ElementsAre("a=1 reply={b: 2}", "a=3 reply=null"));
  LandedReply reply{.n = 1,
                    .parameters = R"({"nr":4,"reply":"\",\"reply\":{"})",
                    .request = R"(GET https://api.example.com/,"reply":{})"};
  reply.status = 200;
  reply.body = R"({"a":1})";
  std::string line;
  append_landed_line(reply, "", line);
  EXPECT_THAT(rows_of(line, options("", {{"nr", "{nr}"}, {"told", "{reply}"}})).rows,
              ElementsAre(R"(nr=4 told="","reply":{" a=1)"));
  // Not of lakegate's making: the first reply stands inside of another value.
  std::string edited = landed(R"({"a":1})");
  edited.insert(1, R"("note":{"x":1,"reply":{"c":1}},)");
  EXPECT_THAT(rows_of(edited, options("")).rows, ElementsAre("a=1"));
}

TEST(Replies, IntegersOfAnyLengthAreJson) {
  const std::string body = R"({"data":[{"v":123456789012345678901234567890},{"v":1}]})";
  EXPECT_EQ(rows_counted(body, "/data"), 2U);
  EXPECT_THAT(landed(body, "/data"), HasSubstr(R"("reply":{"data")"));
}

TEST(Replies, RowsAreCountedAsTheyLand) {
  EXPECT_EQ(rows_counted(R"({"a":1})", ""), 1U);
  EXPECT_EQ(rows_counted(R"([1,2,3])", ""), 3U);
  EXPECT_EQ(rows_counted(R"({"d":[{},{}]})", "/d"), 2U);
  EXPECT_EQ(rows_counted(R"({"d":[]})", "/d"), 0U);
  EXPECT_EQ(rows_counted(R"({"d":[]})", "/e"), 0U);
  EXPECT_EQ(rows_counted("<html>", ""), 0U);
}

TEST(Replies, AFileThatIsNoneIsRefused) {
  for (const char* line : {"[1]\n", "{\"n\":1}\n", "not JSON\n"}) {
    const auto pass = read(line, options(""));
    ASSERT_FALSE(pass) << line;
    EXPECT_EQ(pass.error().where.line, 2U) << line;
  }
}

}  // namespace
}  // namespace lakegate::json_test
