// One arrival on its way into a table of DynamoDB.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tables/dynamodb/landing_marks.h"
#include "tables/dynamodb/row_writer.h"
#include "tables/table.h"

namespace lakegate::dynamodb {

struct LoadContext {
  std::shared_ptr<ServiceClient> client;
  TableDefinition definition;
  std::string marks_table;
  WriterOptions writer;
};

// The mark of the landing key has been made already (LandingMarks::begin), where there is one.
struct BegunLoad {
  LoadStart start;
  bool has_mark = false;       // start.replaces is kLandingKey
  bool superseded = false;     // a newer arrival of the landing key has been loaded
  bool may_have_rows = false;  // of the landing key, from other loads or earlier attempts
  std::string newest;          // of the landing key, if superseded
};

std::unique_ptr<TableLoad> make_load(LoadContext context, BegunLoad begun);

// Reads the whole table, and hands on the keys (JSON without braces) of the items that are stale.
Result<void> scan_stale(ServiceClient& client, const TableDefinition& definition,
                        const Stale& stale,
                        const std::function<Result<void>(std::vector<std::string>)>& take);

}  // namespace lakegate::dynamodb
