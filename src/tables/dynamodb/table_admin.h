// Tables of DynamoDB as such: described, checked, made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/service_client.h"
#include "lake/error.h"
#include "tables/table.h"

namespace lakegate::dynamodb {

struct KeyColumn {
  std::string name;
  std::string type;  // S, N or B
  bool operator==(const KeyColumn&) const = default;
};

struct TableDescription {
  std::string status;          // ACTIVE, CREATING, …
  std::vector<KeyColumn> key;  // the partition key, then the sort key
};

// kInvalidInput where the definition can be no table of DynamoDB: a name or a key that it does not
// take, more than two key columns, values nested too deep.
Result<std::vector<KeyColumn>> key_of(const TableDefinition& definition);

// Nothing if there is no such table.
Result<std::optional<TableDescription>> describe_table(ServiceClient& client,
                                                       const std::string& table);
// With on-demand billing; returns when it can be used. False if somebody else has made it.
Result<bool> create_table(ServiceClient& client, const std::string& table,
                          const std::vector<KeyColumn>& key);
// Items expire by the attribute from now on.
Result<void> turn_ttl_on(ServiceClient& client, const std::string& table,
                         const std::string& attribute);

}  // namespace lakegate::dynamodb
