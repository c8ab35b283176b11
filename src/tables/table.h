// Where curated rows are served from, by key: memory (tests), SQLite, DynamoDB. Every adapter
// passes the contract suite (tests/contract/table_contract.h).
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lake/arrival.h"
#include "lake/error.h"
#include "lake/ids.h"
#include "lake/reject.h"
#include "schema/schema.h"

namespace lakegate {

enum class WriteMode { kNewest, kUpsert, kInsert };

struct TableDefinition {
  TableName name;
  std::vector<std::string> key;  // one or two columns for DynamoDB, any number for SQLite
  Schema schema;                 // columns served, lineage included if the dataset has it
};

// Newer wins, whatever the order of loading: arrival time first, then the id, so that two arrivals
// of one instant have an order too. Fixed width, compares as text.
struct RowOrder {
  static std::string of(const Arrival& arrival);  // "<ISO time>/<arrival id>"
};

struct WriteCounts {
  std::uint64_t offered = 0;
  std::uint64_t written = 0;
  std::uint64_t superseded = 0;  // the table had a newer row, or a later row of the arrival the key
  std::uint64_t rejected = 0;
};

// One arrival being loaded. Rows are offered in the arrival's order; the last of a key wins.
class TableLoad {
 public:
  virtual ~TableLoad() = default;
  virtual Result<void> write(const arrow::RecordBatch& rows) = 0;
  // Snapshot: takes out the rows that earlier arrivals of the same landing key brought and this one
  // does not have. Returns how many. Call after the last write, before commit.
  virtual Result<std::uint64_t> remove_missing() = 0;
  // Everything is durable when it returns. Destroyed uncommitted, a load may have written some rows
  // (DynamoDB) or none (SQLite); loading again repairs either.
  virtual Result<WriteCounts> commit() = 0;
  virtual const std::vector<Reject>& rejects() const = 0;  // at most kMaxFailureRejects kept
};

class Table {
 public:
  virtual ~Table() = default;
  virtual const TableDefinition& definition() const = 0;
  // An arrival that is older than one of the same landing key already loaded as snapshot brings
  // nothing: its rows are superseded as a whole.
  virtual Result<std::unique_ptr<TableLoad>> begin(const Arrival& arrival, WriteMode mode) = 0;
};

// A server of tables.
class TableServer {
 public:
  virtual ~TableServer() = default;
  virtual std::string describe() const = 0;
  // Makes the table if it is not there and adds columns it lacks (SQLite, memory); checks that an
  // existing one has the same key.
  virtual Result<std::unique_ptr<Table>> open(const TableDefinition& definition) = 0;
};

}  // namespace lakegate
