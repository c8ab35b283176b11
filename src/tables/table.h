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

enum class WriteMode {
  kNewest,  // the newest arrival wins, whatever the order of loading
  kUpsert,  // the arrival that is loaded last wins
  kInsert,  // a key that another arrival brought is a reject (key_exists)
};

// What an arrival's rows take the place of, besides older rows of the same key: what
// remove_missing() removes.
enum class Replaces {
  kGenerations,  // earlier generations of the same arrival (append, upsert)
  kLandingKey,   // and all that earlier arrivals of the same landing key brought (snapshot)
};

struct TableDefinition {
  TableName name;
  std::vector<std::string> key;  // one or two columns for DynamoDB, any number for SQLite
  Schema schema;                 // columns served, lineage included if the dataset has it;
                                 // unknown ones are left out by the table
  // DynamoDB only; a table that is a file keeps its rows and takes what it can get.
  std::string ttl = {};               // the column that says when a row expires: a date, a
                                      // timestamp, or an integer of seconds since 1970; empty: none
  std::uint64_t max_write_units = 0;  // write units a second at most; 0: as many as there are
  Replaces replaces = Replaces::kGenerations;  // the most that a load of it will ask for
};

// kInvalidInput where a definition can be no table anywhere: no key, a key column that the schema
// does not have or that is no scalar, a column with a name that lakegate keeps for itself.
Result<void> check_definition(const TableDefinition& definition);

// Newer wins, whatever the order of loading: arrival time first, then the id, so that two arrivals
// of one instant have an order too. Compares as text.
struct RowOrder {
  // "<ISO time>/<arrival id>", and "/g00002" behind it for the second generation.
  static std::string of(const Arrival& arrival, int generation = 1);
};

struct LoadStart {
  Arrival arrival;
  int generation = 1;
  WriteMode write = WriteMode::kNewest;
  Replaces replaces = Replaces::kGenerations;
};

struct WriteCounts {
  std::uint64_t offered = 0;
  std::uint64_t written = 0;
  std::uint64_t superseded = 0;  // the table had a newer row, or a later row of the arrival the key
  std::uint64_t rejected = 0;
  bool operator==(const WriteCounts&) const = default;
};

// One arrival being loaded. The last row of a key wins: by the column _row (kLineageFields) where
// the rows have it, so that partitions may be offered in any order, else in the order of offering.
class TableLoad {
 public:
  virtual ~TableLoad() = default;
  // Columns are found by name and must have the Arrow type that the definition's field stands for;
  // those that the rows lack are null, those that the definition lacks are passed over.
  virtual Result<void> write(const arrow::RecordBatch& rows) = 0;
  // Takes out the rows that LoadStart::replaces names and this load does not have. Returns how
  // many; where another arrival had a row of the same key, loading that one again brings it back.
  // Call after the last write, before commit; nothing is gone before commit.
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
  // One load at a time on one server. With kLandingKey, an arrival older than one of the same
  // landing key for which remove_missing() was called and committed brings nothing: its rows are
  // superseded as a whole.
  virtual Result<std::unique_ptr<TableLoad>> begin(const LoadStart& start) = 0;
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
