// A row or a file that was not accepted, and why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lakegate {

// The closed list of reasons; the snake_case of each is what rejects files and scripts see.
// docs/rejects.md explains each with its cure.
enum class RejectReason {
  kTypeMismatch,      // type_mismatch: a value does not fit the column's frozen or declared type
  kMissingRequired,   // missing_required: null in a column that is `required`
  kTooFewColumns,     // too_few_columns
  kTooManyColumns,    // too_many_columns
  kInvalidUtf8,       // invalid_utf8
  kRecordTooLong,     // record_too_long
  kUnclosedQuote,     // unclosed_quote: a quote that the end of the file leaves open
  kTextAfterQuote,    // text_after_quote: "abc"def
  kMalformedJson,     // malformed_json: one line of NDJSON that is not JSON
  kDuplicateKey,      // duplicate_key: a JSON object that names a key twice
  kNotAnObject,       // not_an_object: a JSON value among objects that is none
  kUnknownColumn,     // unknown_column: with new_columns: reject
  kPartitionNull,     // partition_null: the row lacks the value that its partition is made of
  kKeyNull,           // key_null: a table's key column is null, empty or not representable (load)
  kKeyExists,         // key_exists: with write: insert (load)
  kKeyTooLong,        // key_too_long: a key column's value is longer than the table takes (load)
  kItemTooLarge,      // item_too_large: the row as an item of DynamoDB exceeds 400 KB (load)
  kNumberOutOfRange,  // number_out_of_range: a number that DynamoDB does not have: NaN, 1e300
                      // (load)
};

std::string_view to_string(RejectReason reason);

// Which reply of a REST API a row was in.
struct RejectedReply {
  std::string request;  // "GET https://…", without secrets
  int status = 0;
  std::string pointer;  // JSON Pointer of the value in the reply; "": the whole reply
  bool operator==(const RejectedReply&) const = default;
};

// `line`, `offset` say where the record starts, after decompression.
struct Reject {
  std::uint64_t row = 0;     // ordinal of the record in its input, from 1, a header not counted
  std::uint64_t line = 0;    // from 1; 0 where the format has no lines (Parquet)
  std::uint64_t offset = 0;  // in bytes, from 0
  std::string column;        // empty when the record as a whole is at fault
  RejectReason reason = RejectReason::kTypeMismatch;
  std::string message;  // names the value and the cure
  std::string raw;      // the record as it stood, cut at kMaxRawBytes
  bool raw_was_cut = false;
  std::optional<RejectedReply> reply;  // of a dataset with a source
};

inline constexpr std::size_t kMaxRawBytes = 64 * 1024;

// What a reader advises for a value that its column's type does not hold, `type` being one that
// would: "correct the value, or `lakegate widen DATASET COLUMN type`". It does not know the
// dataset; name_dataset puts it in where there is one, without_lake takes the advice out where
// there is none.
std::string widen_cure(std::string_view type);
void name_dataset(Reject& reject, std::string_view dataset);
void without_lake(Reject& reject);

// One line of a rejects file, without the line feed: {"line":…,"offset":…,"column":…,"reason":…,
// "message":…,"raw":…}, with "request", "status", "pointer" for a reply; `raw_base64` instead of
// `raw` where it is not UTF-8.
std::string to_ndjson(const Reject& reject);

}  // namespace lakegate
