// Rows as DynamoDB's JSON: {"day":{"N":"12"},"note":{"S":"x"}}. Written straight into a buffer that
// is used again; a cell costs a switch and its digits.
#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/reject.h"
#include "schema/schema.h"
#include "tables/offered_rows.h"
#include "tables/table.h"

namespace lakegate::dynamodb {

// Attributes of lakegate's own in every item: the order of the arrival that brought the row, its
// landing key, and the row's place in it. kExpires only where the definition has a `ttl`.
inline constexpr std::string_view kOrder = "_lakegate_order";
inline constexpr std::string_view kSource = "_lakegate_source";
inline constexpr std::string_view kRow = "_lakegate_row";
inline constexpr std::string_view kExpires = "_lakegate_expires";

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
inline constexpr std::size_t kMaxItemBytes = 400 * 1024;
inline constexpr std::size_t kMaxPartitionKeyBytes = 2048;
inline constexpr std::size_t kMaxSortKeyBytes = 1024;
inline constexpr int kMaxDepth = 32;

// "S", "N", "B", …: the attribute type that a column's values are written as. Integers, doubles and
// decimals are N; dates and timestamps are S, ISO text of fixed width, so that they sort; a list is
// L, a struct M.
std::string_view attribute_type(const LogicalType& type);

// The bytes that DynamoDB counts for a number's digits: one for every two significant ones, one
// more, and one for a minus sign. `text` is what std::to_chars writes, or plain digits.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
std::size_t number_bytes(std::string_view text);

// One row, encoded. `item` is all attributes without the braces around them, key columns first, so
// that its first `key_length` bytes are the key, equal for equal keys.
struct EncodedItem {
  std::string item;
  std::size_t key_length = 0;
  std::size_t bytes = 0;  // as DynamoDB counts them; at most kMaxItemBytes
  std::string_view key() const { return std::string_view(item).substr(0, key_length); }
};

// Why a row is no item of DynamoDB's.
struct Misfit {
  RejectReason reason = RejectReason::kItemTooLarge;
  std::size_t field = 0;  // in served_fields(); of no meaning for kItemTooLarge
};

class ItemEncoder {
 public:
  // `order` and `source` go into every item.
  ItemEncoder(const TableDefinition& definition, std::string_view order, std::string_view source);

  // The rows that encode() reads from now on; they must stay alive.
  void set_rows(const OfferedRows& rows);
  // Overwrites `out`, keeping its capacity. Rows with an unusable_key() must not come here.
  std::optional<Misfit> encode(std::int64_t row, EncodedItem& out) const;

  const std::vector<Field>& fields() const { return fields_; }

 private:
  struct Column {
    std::string prefix;  // ,"name": of which the first of an item leaves the comma out
    std::size_t name_bytes = 0;
    std::size_t field = 0;
    std::size_t key_limit = 0;  // in bytes; 0: no key column
    const arrow::Array* array = nullptr;
  };

  std::vector<Field> fields_;
  std::vector<Column> columns_;  // key columns first
  std::size_t keys_ = 0;         // how many of them
  const OfferedRows* rows_ = nullptr;
  const arrow::Array* expires_ = nullptr;
  std::optional<std::size_t> expires_field_;
  std::string tail_;  // order and source, up to the row's digits
  std::size_t tail_bytes_ = 0;
};

}  // namespace lakegate::dynamodb
