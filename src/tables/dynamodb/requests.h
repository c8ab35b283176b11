// What is said to DynamoDB and what it answers, as text: pure functions, tested without a server.
// Attribute names go through ExpressionAttributeNames, because ours begin with "_" and users' may
// be reserved words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service_client.h"
#include "tables/dynamodb/item_encoder.h"
#include "tables/table.h"

namespace lakegate::dynamodb {

// DynamoDB's JSON 1.0 protocol: the operation is a header, the arguments are the body.
AwsRequest request_of(std::string_view operation, std::shared_ptr<const std::string> body);
AwsRequest request_of(std::string_view operation, std::string body);

// How the rows of one arrival are written to one table. Bodies are made of parts that stay the same
// and the item.
class PutBodies {
 public:
  struct Options {
    std::string table;
    std::string key_column;  // the first: for `insert`, whether there is an item at all
    WriteMode write = WriteMode::kNewest;
    Arrival arrival;
    int generation = 1;
    bool tell_units = false;  // ask for the write units that were used
  };
  explicit PutBodies(const Options& options);

  // PutItem on the condition of the write mode: the item there is older, or an earlier or the same
  // row of this load. The answer to a success has what was replaced.
  //   newest  absent, or of an older arrival
  //   upsert  absent, or of any other arrival
  //   insert  absent, or of this arrival (an earlier generation of it)
  // Both overwrite `body`, keeping its capacity.
  void put(const EncodedItem& item, std::int64_t place, std::string& body) const;
  // BatchWriteItem without conditions; `items` without braces.
  void batch(std::span<const std::string_view> items, std::string& body) const;
  const std::string& order() const { return order_; }
  // Whether an order is of this arrival, in whatever generation.
  bool is_same_arrival(std::string_view order) const { return order >= base_ && order < end_; }

 private:
  std::string base_, end_, order_;
  std::string put_;          // up to the row's digits
  std::string before_item_;  // between them and the item
  std::string batch_;
  std::string batch_tail_;
};

// Which items a removal is about: those of a landing key, or of the generations of an arrival, that
// are older than an order.
struct Stale {
  std::string source;  // empty: any
  std::string from;    // the oldest order; empty: any
  std::string before;  // the first order that is not stale
};
// The next page of the keys of stale items: `after` is the last page's ScanPage::after.
std::string scan_body(const std::string& table, const std::vector<std::string>& key,
                      const Stale& stale, const std::string& after);
// DeleteItem of one of them, if it still is. `key` is without braces.
std::string delete_body(const std::string& table, std::string_view key, const Stale& stale);

struct ScanPage {
  std::vector<std::string> keys;  // JSON without braces
  std::string after;              // JSON; empty: that was the last page
};
Result<ScanPage> scan_page(std::string_view body);

// The item that a PutItem replaced (`Attributes`), or that made its condition fail (`Item`).
struct OldItem {
  std::string order;  // empty where lakegate did not write it
  std::int64_t place = 0;
};
std::optional<OldItem> old_item(std::string_view body);

// The places (kRow) of the rows that a BatchWriteItem left undone.
Result<std::vector<std::int64_t>> unprocessed(std::string_view body);

// Write units that the answer says were used, of all tables and indexes; nothing if it does not.
std::optional<double> consumed_units(std::string_view body);

}  // namespace lakegate::dynamodb
