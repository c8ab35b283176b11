// What is in a table of DynamoDB, as the contract suite wants it.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tables/dynamodb/requests.h"

namespace lakegate {

using DynamoJson = nlohmann::ordered_json;

inline DynamoJson ask(ServiceClient& client, std::string_view operation, const DynamoJson& body) {
  const auto reply = client.call(dynamodb::request_of(operation, body.dump()));
  EXPECT_TRUE(reply) << (reply ? "" : reply.error().to_string());
  if (!reply) return {};
  EXPECT_TRUE(reply->ok()) << operation << ": " << reply->http.body;
  return DynamoJson::parse(reply->http.body);
}

// All items, as they are.
inline std::vector<DynamoJson> items_of(ServiceClient& client, const std::string& table) {
  std::vector<DynamoJson> items;
  DynamoJson scan = {{"TableName", table}, {"ConsistentRead", true}};
  while (true) {
    const DynamoJson page = ask(client, "Scan", scan);
    for (const DynamoJson& item : page.value("Items", DynamoJson::array())) items.push_back(item);
    if (!page.contains("LastEvaluatedKey")) return items;
    scan["ExclusiveStartKey"] = page["LastEvaluatedKey"];
  }
}

// A column's name and value of an item as JSON that MemoryTables would print: {"N":"1"} -> 1.
inline std::string plain(const DynamoJson& value) {
  if (value.contains("N")) return value["N"].get<std::string>();
  return value.contains("BOOL") ? value["BOOL"].dump() : value["S"].dump();
}

// Rows as MemoryTables::rows() gives them. An item's attributes have no order: `columns` gives it.
inline std::map<std::string, std::string> dynamodb_rows(ServiceClient& client,
                                                        const std::string& table,
                                                        const std::vector<std::string>& columns) {
  const DynamoJson described = ask(client, "DescribeTable", {{"TableName", table}});
  std::set<std::string> key_columns;
  for (const DynamoJson& part : described["Table"]["KeySchema"])
    key_columns.insert(part["AttributeName"].get<std::string>());
  std::map<std::string, std::string> rows;
  for (const DynamoJson& item : items_of(client, table)) {
    std::string key, row;
    for (const std::string& column : columns) {
      if (!item.contains(column)) continue;
      const std::string member = DynamoJson(column).dump() + ":" + plain(item[column]);
      row += (row.empty() ? "" : ",") + member;
      if (key_columns.contains(column)) key += (key.empty() ? "" : ",") + member;
    }
    rows["{" + key + "}"] = "{" + row + "}";
  }
  return rows;
}

}  // namespace lakegate
