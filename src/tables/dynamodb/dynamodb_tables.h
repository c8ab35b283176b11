#pragma once

#include <memory>
#include <string>

#include "aws/service_client.h"
#include "tables/dynamodb/row_writer.h"
#include "tables/table.h"

namespace lakegate {

struct DynamoOptions {
  // Makes tables that are not there (on-demand billing) and turns their time to live on. Otherwise
  // a table that is missing is an error: tables cost money and belong to deployments.
  bool create = false;
  std::string place;         // for messages: "DynamoDB in eu-central-1"
  std::string table_prefix;  // of lakegate's own table (landing_marks.h); users' tables have theirs
  dynamodb::WriterOptions writer = {};
};

// `client` calls the service "dynamodb". Rows are written as they are offered, so that a load that
// is not committed leaves some; loads of several processes into one table may overlap, and what is
// in it at last is the same (but for `write: upsert` and `insert`, which are about who comes last
// and first).
//
// Costs, in DynamoDB's units. A row: one write unit a KB, whether or not a newer one was there.
// remove_missing() reads the table from end to end (one read unit per 4 KB, at full consistency),
// and one write unit for each row that goes; it is spared where nothing can be stale: first
// generations of append and upsert, and the first arrival of a landing key under snapshot.
std::unique_ptr<TableServer> open_dynamodb_tables(std::shared_ptr<ServiceClient> client,
                                                  DynamoOptions options);

}  // namespace lakegate
