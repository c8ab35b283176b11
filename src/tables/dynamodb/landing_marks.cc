#include "tables/dynamodb/landing_marks.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tables/dynamodb/requests.h"

namespace lakegate::dynamodb {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kComplete = " ";  // no landing key: those begin with "landing/"

LandingMark mark_of(const Json& item) {
  LandingMark mark;
  if (const auto newest = item.find("newest"); newest != item.end())
    mark.newest = newest->value("S", "");
  if (const auto begun = item.find("begun"); begun != item.end() && begun->contains("SS"))
    for (const Json& order : (*begun)["SS"]) mark.begun.insert(order.get<std::string>());
  return mark;
}

// The member of an answer that holds an item; nothing where it is missing.
std::optional<LandingMark> mark_in(const std::string& body, const char* member) {
  const Json answer = Json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains(member)) return std::nullopt;
  return mark_of(answer[member]);
}

}  // namespace

std::string LandingMarks::key(const std::string& source) const {
  return Json{{"table", {{"S", table_}}}, {"source", {{"S", source}}}}.dump();
}

Result<AwsReply> LandingMarks::call(std::string_view operation, std::string body) {
  LAKEGATE_TRY(AwsReply reply,
               client_.call(request_of(operation, std::move(body)), {.attempts = 8}));
  if (!reply.fault || reply.fault->code == "ConditionalCheckFailedException") return reply;
  if (reply.fault->code == "ResourceNotFoundException")
    return fail(ErrorKind::kPermanent,
                fmt::format("there is no table {0} in DynamoDB, where the newest arrival of each "
                            "landed file is kept for `mode: snapshot`; `lakegate load DATASET "
                            "--create` makes it, or make it yourself with the key (table: S, "
                            "source: S)",
                            marks_table_));
  return tl::unexpected(to_error(*reply.fault, "use the table " + marks_table_));
}

Result<std::optional<LandingMark>> LandingMarks::begin(const std::string& source,
                                                       const std::string& order) {
  LAKEGATE_TRY(const AwsReply reply,
               call("UpdateItem",
                    fmt::format(R"({{"TableName":{},"Key":{},"UpdateExpression":"ADD begun :o",)"
                                R"("ExpressionAttributeValues":{{":o":{{"SS":[{}]}}}},)"
                                R"("ReturnValues":"ALL_OLD"}})",
                                Json(marks_table_).dump(), key(source), Json(order).dump())));
  return mark_in(reply.http.body, "Attributes");
}

Result<std::optional<LandingMark>> LandingMarks::get(const std::string& source) {
  LAKEGATE_TRY(const AwsReply reply,
               call("GetItem", fmt::format(R"({{"TableName":{},"Key":{},"ConsistentRead":true}})",
                                           Json(marks_table_).dump(), key(source))));
  return mark_in(reply.http.body, "Item");
}

Result<LandingMarks::Ended> LandingMarks::end_as_newest(const std::string& source,
                                                        const std::string& order) {
  LAKEGATE_TRY(
      const AwsReply reply,
      call("UpdateItem",
           fmt::format(
               R"({{"TableName":{},"Key":{},"UpdateExpression":"SET newest = :n DELETE begun :o",)"
               R"("ConditionExpression":"attribute_not_exists(newest) OR newest <= :n",)"
               R"("ExpressionAttributeValues":{{":n":{{"S":{}}},":o":{{"SS":[{}]}}}},)"
               R"("ReturnValues":"ALL_OLD","ReturnValuesOnConditionCheckFailure":"ALL_OLD"}})",
               Json(marks_table_).dump(), key(source), Json(order).dump(), Json(order).dump())));
  Ended ended{.is_newest = reply.ok()};
  ended.before =
      mark_in(reply.http.body, reply.ok() ? "Attributes" : "Item").value_or(LandingMark{});
  return ended;
}

Result<void> LandingMarks::end(const std::string& source, const std::string& order) {
  LAKEGATE_CHECK(call("UpdateItem",
                      fmt::format(R"({{"TableName":{},"Key":{},"UpdateExpression":"DELETE begun )"
                                  R"(:o","ExpressionAttributeValues":{{":o":{{"SS":[{}]}}}}}})",
                                  Json(marks_table_).dump(), key(source), Json(order).dump())));
  return {};
}

Result<bool> LandingMarks::are_complete() {
  LAKEGATE_TRY(const auto mark, get(std::string(kComplete)));
  return mark.has_value();
}

Result<void> LandingMarks::declare_complete() {
  LAKEGATE_CHECK(
      call("PutItem", fmt::format(R"({{"TableName":{},"Item":{}}})", Json(marks_table_).dump(),
                                  key(std::string(kComplete)))));
  return {};
}

Result<void> LandingMarks::forget_all() {
  Json after;
  do {
    Json query = {{"TableName", marks_table_},
                  {"ConsistentRead", true},
                  {"KeyConditionExpression", "#t = :t"},
                  {"ExpressionAttributeNames", {{"#t", "table"}, {"#s", "source"}}},
                  {"ExpressionAttributeValues", {{":t", {{"S", table_}}}}},
                  {"ProjectionExpression", "#s"}};
    if (!after.is_null()) query["ExclusiveStartKey"] = after;
    LAKEGATE_TRY(const AwsReply reply,
                 client_.call(request_of("Query", query.dump()), {.attempts = 8}));
    if (reply.fault && reply.fault->code == "ResourceNotFoundException") return {};
    if (reply.fault) return tl::unexpected(to_error(*reply.fault, "use the table " + marks_table_));
    LAKEGATE_TRY(const ScanPage page, scan_page(reply.http.body));
    for (const std::string& source : page.keys) {
      Json whole = Json::parse("{" + source + "}");
      whole["table"] = {{"S", table_}};
      LAKEGATE_CHECK(call("DeleteItem", Json{{"TableName", marks_table_}, {"Key", whole}}.dump()));
    }
    after = page.after.empty() ? Json() : Json::parse(page.after);
  } while (!after.is_null());
  return {};
}

}  // namespace lakegate::dynamodb
