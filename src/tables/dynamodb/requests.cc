#include "tables/dynamodb/requests.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "lake/json_text.h"

namespace lakegate::dynamodb {
namespace {

using Json = nlohmann::ordered_json;

std::string json_string(std::string_view text) {
  std::string quoted;
  append_json_string(text, quoted);
  return quoted;
}

Json string_value(const std::string& text) {
  return {{"S", text}};
}

// An answer's JSON; discarded where it is none.
Json parsed(std::string_view body) {
  return Json::parse(body, nullptr, /*allow_exceptions=*/false);
}

std::optional<std::int64_t> integer_of(const Json& item, std::string_view name) {
  const auto value = item.find(name);
  if (value == item.end() || !value->is_object() || !value->contains("N")) return std::nullopt;
  const Json& digits = (*value)["N"];
  if (!digits.is_string()) return std::nullopt;
  const auto& text = digits.get_ref<const std::string&>();
  std::int64_t integer = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return integer;
}

std::string_view condition_of(WriteMode write) {
  switch (write) {
    case WriteMode::kUpsert:
      return "attribute_not_exists(#o) OR #o <> :o OR #r <= :r";
    case WriteMode::kInsert:
      return "attribute_not_exists(#k) OR (#o >= :b AND #o < :e AND (#o < :o OR (#o = :o AND #r <= "
             ":r)))";
    case WriteMode::kNewest:
      break;
  }
  return "attribute_not_exists(#o) OR #o < :o OR (#o = :o AND #r <= :r)";
}

// "#o < :t AND …" of stale items, with its names and values.
void add_stale(const Stale& stale, std::string_view clause, Json& body) {
  std::string expression = "#o < :t";
  Json names = {{"#o", kOrder}};
  Json values = {{":t", string_value(stale.before)}};
  if (!stale.source.empty()) {
    expression += " AND #s = :s";
    names["#s"] = kSource;
    values[":s"] = string_value(stale.source);
  }
  if (!stale.from.empty()) {
    expression += " AND #o >= :f";
    values[":f"] = string_value(stale.from);
  }
  body[std::string(clause)] = expression;
  body["ExpressionAttributeNames"] = std::move(names);
  body["ExpressionAttributeValues"] = std::move(values);
}

Failure bad_answer(std::string_view operation) {
  return fail(ErrorKind::kRetryable,
              fmt::format("DynamoDB's answer to {} is not of the form that it documents; is there "
                          "something else between?",
                          operation));
}

}  // namespace

AwsRequest request_of(std::string_view operation, std::shared_ptr<const std::string> body) {
  AwsRequest request;
  request.headers = {{"Content-Type", "application/x-amz-json-1.0"},
                     {"X-Amz-Target", "DynamoDB_20120810." + std::string(operation)}};
  request.body = std::move(body);
  return request;
}

AwsRequest request_of(std::string_view operation, std::string body) {
  return request_of(operation, std::make_shared<const std::string>(std::move(body)));
}

PutBodies::PutBodies(const Options& options)
    : base_(RowOrder::of(options.arrival)),
      end_(base_ + "0"),  // behind the orders of all its generations, "…/g00002"
      order_(RowOrder::of(options.arrival, options.generation)) {
  const bool insert = options.write == WriteMode::kInsert;
  const std::string units = options.tell_units ? R"(,"ReturnConsumedCapacity":"TOTAL")" : "";
  put_ = fmt::format(R"({{"TableName":{},"ConditionExpression":"{}")", json_string(options.table),
                     condition_of(options.write)) +
         fmt::format(R"(,"ExpressionAttributeNames":{{"#o":"{}","#r":"{}")", kOrder, kRow);
  if (insert) put_ += R"(,"#k":)" + json_string(options.key_column);
  put_ += R"(},"ReturnValues":"ALL_OLD")" + units;
  if (insert) put_ += R"(,"ReturnValuesOnConditionCheckFailure":"ALL_OLD")";
  put_ += R"(,"ExpressionAttributeValues":{":o":{"S":)" + json_string(order_) + "}";
  if (insert)
    put_ += R"(,":b":{"S":)" + json_string(base_) + R"(},":e":{"S":)" + json_string(end_) + "}";
  put_ += R"(,":r":{"N":")";
  before_item_ = R"("}},"Item":{)";
  batch_ = R"({"RequestItems":{)" + json_string(options.table) + ":[";
  batch_tail_ = "]}" + units + "}";
}

void PutBodies::put(const EncodedItem& item, std::int64_t place, std::string& body) const {
  body.clear();
  body.reserve(put_.size() + before_item_.size() + item.item.size() + 24);
  body += put_;
  fmt::format_to(std::back_inserter(body), "{}", place);
  body += before_item_;
  body += item.item;
  body += "}}";
}

void PutBodies::batch(std::span<const std::string_view> items, std::string& body) const {
  constexpr std::string_view kBefore = R"({"PutRequest":{"Item":{)", kAfter = "}}}";
  std::size_t size = batch_.size() + batch_tail_.size();
  for (const std::string_view item : items)
    size += item.size() + kBefore.size() + kAfter.size() + 1;
  body.clear();
  body.reserve(size);
  body += batch_;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) body += ',';
    body += kBefore;
    body += items[i];
    body += kAfter;
  }
  body += batch_tail_;
}

std::string scan_body(const std::string& table, const std::vector<std::string>& key,
                      const Stale& stale, const std::string& after) {
  Json body = {{"TableName", table}, {"ConsistentRead", true}};
  add_stale(stale, "FilterExpression", body);
  std::string projection;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const std::string name = fmt::format("#k{}", i);
    projection += (i == 0 ? "" : ", ") + name;
    body["ExpressionAttributeNames"][name] = key[i];
  }
  body["ProjectionExpression"] = projection;
  if (!after.empty()) body["ExclusiveStartKey"] = parsed(after);
  return body.dump();
}

std::string delete_body(const std::string& table, std::string_view key, const Stale& stale) {
  Json body = {{"TableName", table}};
  add_stale(stale, "ConditionExpression", body);
  std::string text = body.dump();
  text.pop_back();
  return text + R"(,"Key":{)" + std::string(key) + "}}";
}

Result<ScanPage> scan_page(std::string_view body) {
  const Json answer = parsed(body);
  if (!answer.is_object() || !answer.contains("Items") || !answer["Items"].is_array())
    return bad_answer("Scan");
  ScanPage page;
  for (const Json& item : answer["Items"]) {
    if (!item.is_object()) return bad_answer("Scan");
    const std::string text = item.dump();
    page.keys.push_back(text.substr(1, text.size() - 2));
  }
  if (const auto after = answer.find("LastEvaluatedKey");
      after != answer.end() && after->is_object() && !after->empty())
    page.after = after->dump();
  return page;
}

std::optional<OldItem> old_item(std::string_view body) {
  if (body.size() <= 2) return std::nullopt;  // "{}": there was none
  const Json answer = parsed(body);
  if (!answer.is_object()) return std::nullopt;
  auto item = answer.find("Attributes");
  if (item == answer.end()) item = answer.find("Item");
  if (item == answer.end() || !item->is_object()) return std::nullopt;
  OldItem old;
  if (const auto order = item->find(kOrder); order != item->end() && order->is_object())
    old.order = order->value("S", "");
  old.place = integer_of(*item, kRow).value_or(0);
  return old;
}

Result<std::vector<std::int64_t>> unprocessed(std::string_view body) {
  std::vector<std::int64_t> places;
  constexpr std::string_view kMember = "\"UnprocessedItems\"";
  if (body.find(kMember) == std::string_view::npos ||
      body.find(R"("UnprocessedItems":{})") != std::string_view::npos)
    return places;
  const Json answer = parsed(body);
  if (!answer.is_object() || !answer.contains("UnprocessedItems") ||
      !answer["UnprocessedItems"].is_object())
    return bad_answer("BatchWriteItem");
  for (const auto& [table, requests] : answer["UnprocessedItems"].items()) {
    if (!requests.is_array()) return bad_answer("BatchWriteItem");
    for (const Json& request : requests) {
      const Json::json_pointer item("/PutRequest/Item");
      const auto place = request.is_object() && request.contains(item)
                             ? integer_of(request.at(item), kRow)
                             : std::nullopt;
      if (!place) return bad_answer("BatchWriteItem");
      places.push_back(*place);
    }
  }
  return places;
}

std::optional<double> consumed_units(std::string_view body) {
  const Json answer = parsed(body);
  if (!answer.is_object() || !answer.contains("ConsumedCapacity")) return std::nullopt;
  const Json& consumed = answer["ConsumedCapacity"];
  const auto units_of = [](const Json& table) {
    const auto units = table.is_object() ? table.find("CapacityUnits") : table.end();
    return table.is_object() && units != table.end() && units->is_number() ? units->get<double>()
                                                                           : 0.0;
  };
  if (!consumed.is_array()) return units_of(consumed);
  double units = 0;
  for (const Json& table : consumed) units += units_of(table);
  return units;
}

}  // namespace lakegate::dynamodb
