// Landed bytes as records, and records as Arrow: the interface that CSV, JSON and Parquet share and
// under which each can be replaced.
//
// A pass over an input cuts it into chunks of whole records, in order, on one thread; the chunks
// are then decoded, or only observed, on any threads, independently of each other. Where chunks are
// cut depends on the input's content alone (kChunkRecords, kChunkBytes), never on block sizes,
// threads or memory, because chunk borders show through in Parquet pages and outputs must be
// reproducible.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "formats/input.h"
#include "lake/error.h"
#include "lake/reject.h"
#include "schema/observed.h"
#include "schema/schema.h"

namespace lakegate {

// A chunk ends with the record that reaches either.
inline constexpr std::uint64_t kChunkRecords = 32 * 1024;
inline constexpr std::uint64_t kChunkBytes = 1024 * 1024;
// A longer record is a reject (its bytes are skipped without being kept).
inline constexpr std::uint64_t kMaxRecordBytes = 16 * 1024 * 1024;

// How one target column is made.
struct ColumnPlan {
  Field field;
  // The type is a guess that this pass is testing: a value that does not fit is no reject but a
  // contradiction, and values are held to what inference allows (parse_exact_double …). Where
  // false, the type is declared, remembered or settled: a value that does not fit rejects its row.
  bool inferred = false;
  // Values are held to what inference allows (parse_exact_double), as where the type was once
  // inferred and is remembered: what would change in silence is a type_mismatch. Where false, the
  // type was declared, and a declared double rounds. `inferred` implies it.
  bool exact = false;
  // What a null is rejected as where field.required (a column that partitions: kPartitionNull).
  RejectReason null_reason = RejectReason::kMissingRequired;
  // CSV: index of the cell in its record. JSON and Parquet find the column by field.source_name().
  // -1: the input does not have the column; every row gets null (or a reject, if required).
  int source = -1;
  // A capture of the landing key: every row gets null, also where the input has a column of that
  // name, which is another one.
  bool is_captured = false;
};

enum class NewColumns { kAdd, kIgnore, kReject };

struct DecodePlan {
  std::vector<ColumnPlan> columns;  // in the order of the output; kUnknown ones become Arrow null
  // A JSON key, or a Parquet column, that is not in the plan: kAdd is a contradiction if its value
  // is not null (in a struct, if it tells a type), kIgnore passes it over, kReject rejects the row.
  // CSV settles this from its header.
  NewColumns new_columns = NewColumns::kAdd;
  // Columns, and fields of structs ("s.a"), that have values in the input's first part, and that
  // the plan does not take because of kIgnore.
  std::vector<std::string> left_out;
};

struct DecodedChunk {
  // The accepted rows, one column per ColumnPlan. Absent if contradicted.
  std::shared_ptr<arrow::RecordBatch> rows;
  // Ascending by row. accepted + rejected = records of the chunk, always.
  std::vector<Reject> rejects;
  // A guessed type did not hold, or a new column appeared. The chunk must be observed instead.
  bool contradicted = false;
  // What the rows held that the types do not tell, and a type that is found later has to take
  // (kSeenIntNotDouble in an inferred int64 column, a struct's new member that is an empty array).
  // One per column of the plan; empty if nothing is inferred.
  std::vector<Observed> seen;
};

// Whole records, cut from the input. Immutable once made: any thread, several at once.
class Chunk {
 public:
  virtual ~Chunk() = default;
  std::uint64_t records = 0;    // rows and rejects together
  std::uint64_t first_row = 1;  // ordinal of the first record in the input, from 1
  std::uint64_t input_bytes =
      0;  // bytes of the landed input read so far (compressed), for progress

  // Never fails for bad data: that is a reject. Fails when the file as a whole must be refused.
  virtual Result<DecodedChunk> decode(const DecodePlan& plan) const = 0;
  // Adds what this chunk's acceptable records hold to `columns` (fields of the root object; for CSV
  // one per column of the file, under its original name, in order).
  virtual Result<void> observe(Observed& root) const = 0;
  // Only the names, of the records that begin in its first `bytes`, where that is less work and all
  // of them are acceptable; else false, and `root` is of no use.
  virtual Result<bool> observe_names(std::uint64_t /*bytes*/, Observed& /*root*/) const {
    return false;
  }
};

// One pass. `next` is called from one thread at a time; null at the end of the input.
class ChunkReader {
 public:
  virtual ~ChunkReader() = default;
  virtual Result<std::unique_ptr<Chunk>> next() = 0;
};

// A landed file whose format has been recognised. Thread-safe; each open() is a pass of its own.
class RecordFile {
 public:
  virtual ~RecordFile() = default;
  virtual Result<std::unique_ptr<ChunkReader>> open() const = 0;

  // CSV and Parquet know their columns before the first record: original names, in file order,
  // duplicates already renamed. JSON's are empty: columns appear as they are met.
  virtual const std::vector<std::string>& column_names() const = 0;
  // Types that the file itself declares (Parquet), to be taken instead of inference. Else empty.
  virtual const std::vector<Field>& declared_fields() const = 0;
  // Remarks that a user should see: "duplicate column name a renamed to a_2", "no header found".
  virtual const std::vector<std::string>& remarks() const = 0;
};

}  // namespace lakegate
