// The contract of tables against a real server (DynamoDB Local), which tools/with_servers names in
// AWS_ENDPOINT_URL_DYNAMODB.
#include <atomic>

#include "aws/session.h"
#include "contract/dynamodb/dynamodb_rows.h"
#include "contract/dynamodb/prefixed_tables.h"
#include "contract/table_contract.h"
#include "tables/dynamodb/dynamodb_tables.h"

namespace lakegate {
namespace {

// The order of the columns in the suite's definitions.
const std::vector<std::string> kColumns = {"a", "id", "v", "n", "b", "u", "_row"};

TablesUnderTest make_dynamodb() {
  static std::atomic<int> tests = 0;
  static const std::shared_ptr<AwsSession> session = AwsSession::open().value();
  const std::string prefix = "test" + std::to_string(++tests) + "_";
  const std::shared_ptr<ServiceClient> client = session->service("dynamodb").value();
  auto server = open_dynamodb_tables(
      client, {.create = true, .place = "DynamoDB Local", .table_prefix = prefix});
  return {std::make_shared<PrefixedTables>(std::move(server), prefix),
          [client, prefix](const TableName& table) {
            return dynamodb_rows(*client, prefix + table.str(), kColumns);
          }};
}

INSTANTIATE_TEST_SUITE_P(Tables, TableContract,
                         testing::Values(TablesMaker{"dynamodb", make_dynamodb}),
                         [](const auto& made) { return made.param.name; });

}  // namespace
}  // namespace lakegate
