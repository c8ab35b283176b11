// Reads a landed file whole, with types that no later row contradicts, in at most two passes.
#pragma once

#include <arrow/type_fwd.h>

#include <string>
#include <vector>

#include "convert/progress.h"
#include "convert/reconcile.h"
#include "formats/records.h"
#include "lake/error.h"
#include "lake/records.h"

namespace lakegate {

// Takes what a pass reads, in order, from the calling thread.
class RowSink {
 public:
  virtual ~RowSink() = default;
  // The columns that follow. Called a second time if the guess of the first pass did not hold: then
  // everything taken so far is void.
  virtual Result<void> begin(const Schema& schema) = 0;
  // `rows` has one column per field of the schema (unknown ones are of Arrow's null type), whatever
  // the nullability; `row_numbers` one ordinal per row, ascending.
  virtual Result<void> take(const arrow::RecordBatch& rows,
                            const std::vector<std::int64_t>& row_numbers,
                            const std::vector<Reject>& rejects) = 0;
};

struct TypedRead {
  Schema schema;  // settled: nothing in the file contradicts it
  Counts counts;  // rows_written as handed to the sink
  int passes = 1;
  std::vector<std::string> left_out = {};  // DecodePlan::left_out
};

// Optimistic: the first chunk's types are a guess under which rows go to the sink at once. The
// first contradiction turns the rest of the pass into a scan for types only; then a second pass
// encodes.
Result<TypedRead> read_typed(const RecordFile& file, const Typing& typing, RowSink& sink,
                             const Resources& resources);

// Only the scan: what `lakegate schema` and `add` show.
Result<Schema> infer_schema(const RecordFile& file, const Typing& typing,
                            const Resources& resources);

}  // namespace lakegate
