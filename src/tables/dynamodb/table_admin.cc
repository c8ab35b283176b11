#include "tables/dynamodb/table_admin.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "lake/ascii.h"
#include "tables/dynamodb/item_encoder.h"
#include "tables/dynamodb/requests.h"

namespace lakegate::dynamodb {
namespace {

using Json = nlohmann::ordered_json;

constexpr CallOptions kPatient{.attempts = 8};
constexpr std::chrono::minutes kLongestCreation{5};

bool is_table_name(std::string_view name) {
  return name.size() >= 3 && name.size() <= 255 && std::ranges::all_of(name, [](char c) {
           return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
         });
}

int depth_of(const LogicalType& type) {
  int deepest = 0;
  for (const Field& child : type.children) deepest = std::max(deepest, depth_of(child.type));
  return type.children.empty() ? 0 : deepest + 1;
}

Json key_schema(const std::vector<KeyColumn>& key) {
  Json schema = Json::array();
  for (const KeyColumn& column : key)
    schema.push_back(
        {{"AttributeName", column.name}, {"KeyType", schema.empty() ? "HASH" : "RANGE"}});
  return schema;
}

TableDescription description_of(const std::string& body) {
  const Json answer = Json::parse(body, nullptr, false);
  TableDescription description;
  if (!answer.is_object() || !answer.contains("Table")) return description;
  const Json& table = answer["Table"];
  description.status = table.value("TableStatus", "");
  for (const char* kind : {"HASH", "RANGE"})
    for (const Json& part : table.value("KeySchema", Json::array())) {
      if (part.value("KeyType", "") != kind) continue;
      KeyColumn column{.name = part.value("AttributeName", "")};
      for (const Json& attribute : table.value("AttributeDefinitions", Json::array()))
        if (attribute.value("AttributeName", "") == column.name)
          column.type = attribute.value("AttributeType", "");
      description.key.push_back(std::move(column));
    }
  return description;
}

Result<void> wait_until_active(ServiceClient& client, const std::string& table) {
  const auto give_up = std::chrono::steady_clock::now() + kLongestCreation;
  for (auto wait = std::chrono::milliseconds(50);;
       wait = std::min(wait * 2, std::chrono::milliseconds(2000))) {
    LAKEGATE_TRY(const auto description, describe_table(client, table));
    if (description && description->status == "ACTIVE") return {};
    if (std::chrono::steady_clock::now() > give_up)
      return fail(ErrorKind::kRetryable,
                  fmt::format("the table {} is being created for {} minutes already", table,
                              kLongestCreation.count()));
    std::this_thread::sleep_for(wait);
  }
}

// The reply, also one with a fault.
Result<AwsReply> ask(ServiceClient& client, std::string_view operation, const Json& body,
                     const std::string& doing_what) {
  auto reply = client.call(request_of(operation, body.dump()), kPatient);
  if (reply) return reply;
  Error error = std::move(reply).error();
  error.message = fmt::format("{}: {}", doing_what, error.message);
  return tl::unexpected(std::move(error));
}

}  // namespace

Result<std::vector<KeyColumn>> key_of(const TableDefinition& definition) {
  const std::string& table = definition.name.str();
  if (!is_table_name(table))
    return invalid_input(
        fmt::format("DynamoDB does not take \"{}\" as a table's name: 3 to 255 "
                    "letters, digits, _ . -",
                    table));
  if (definition.key.size() > 2)
    return invalid_input(
        fmt::format("the table {} has {} key columns ({}), and DynamoDB takes two at most: the "
                    "partition key, and the sort key",
                    table, definition.key.size(), fmt::join(definition.key, ", ")));
  for (const Field& field : definition.schema.fields) {
    if (field.name.empty())
      return invalid_input(fmt::format(
          "a column without a name cannot be served from the table {} in DynamoDB", table));
    if (depth_of(field.type) >= kMaxDepth)
      return invalid_input(
          fmt::format("the column {} is nested deeper than the {} levels that DynamoDB takes",
                      field.name, kMaxDepth));
  }
  std::vector<KeyColumn> key;
  for (const std::string& name : definition.key) {
    const LogicalType& type = definition.schema.find(name)->type;
    KeyColumn column{.name = name, .type = std::string(attribute_type(type))};
    if (column.type == "BOOL")
      return invalid_input(fmt::format(
          "the key column {} of the table {} is of type bool; keys in DynamoDB are numbers, texts "
          "or binary: declare it as text",
          name, table));
    key.push_back(std::move(column));
  }
  return key;
}

Result<std::optional<TableDescription>> describe_table(ServiceClient& client,
                                                       const std::string& table) {
  const std::string doing_what = "look at the table " + table;
  LAKEGATE_TRY(const AwsReply reply,
               ask(client, "DescribeTable", Json{{"TableName", table}}, doing_what));
  if (!reply.fault) return description_of(reply.http.body);
  if (reply.fault->code == "ResourceNotFoundException") return std::nullopt;
  return tl::unexpected(to_error(*reply.fault, doing_what));
}

Result<bool> create_table(ServiceClient& client, const std::string& table,
                          const std::vector<KeyColumn>& key) {
  Json attributes = Json::array();
  for (const KeyColumn& column : key)
    attributes.push_back({{"AttributeName", column.name}, {"AttributeType", column.type}});
  const Json body = {{"TableName", table},
                     {"KeySchema", key_schema(key)},
                     {"AttributeDefinitions", std::move(attributes)},
                     {"BillingMode", "PAY_PER_REQUEST"}};
  const std::string doing_what = "create the table " + table;
  LAKEGATE_TRY(const AwsReply reply, ask(client, "CreateTable", body, doing_what));
  // Its own, where an earlier attempt's reply was lost.
  const bool exists = reply.fault && reply.fault->code == "ResourceInUseException";
  if (reply.fault && !exists) return tl::unexpected(to_error(*reply.fault, doing_what));
  LAKEGATE_CHECK(wait_until_active(client, table));
  return !exists || reply.attempts > 1;
}

Result<void> turn_ttl_on(ServiceClient& client, const std::string& table,
                         const std::string& attribute) {
  const std::string doing_what = "turn the time to live of " + table + " on";
  LAKEGATE_TRY(const AwsReply described,
               ask(client, "DescribeTimeToLive", Json{{"TableName", table}}, doing_what));
  if (described.fault) return tl::unexpected(to_error(*described.fault, doing_what));
  const Json answer = Json::parse(described.http.body, nullptr, false);
  const Json::json_pointer where("/TimeToLiveDescription");
  const Json now = answer.is_object() ? answer.value(where, Json::object()) : Json::object();
  const std::string status = now.value("TimeToLiveStatus", "");
  if (status == "ENABLED" || status == "ENABLING") {
    if (now.value("AttributeName", "") == attribute) return {};
    return invalid_input(fmt::format(
        "items of the table {} expire by {} already, not by {}; turn that off first, or leave "
        "`ttl` out",
        table, now.value("AttributeName", ""), attribute));
  }
  const Json body = {
      {"TableName", table},
      {"TimeToLiveSpecification", {{"Enabled", true}, {"AttributeName", attribute}}}};
  LAKEGATE_TRY(const AwsReply reply, ask(client, "UpdateTimeToLive", body, doing_what));
  if (reply.fault) return tl::unexpected(to_error(*reply.fault, doing_what));
  return {};
}

}  // namespace lakegate::dynamodb
