// Arrow record batches -> one Parquet file, with bytes that depend on nothing but the batches and
// the options: not on threads, memory budget, clock or machine.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "formats/byte_sink.h"
#include "lake/error.h"
#include "schema/schema.h"

namespace lakegate {

enum class ParquetCompression { kZstd, kSnappy, kGzip, kNone };

struct ParquetOptions {
  ParquetCompression compression = ParquetCompression::kZstd;
  bool modern_encodings = false;  // byte-stream split, delta for text: engines of today only
  bool threads = true;            // encode columns in parallel; does not change the bytes
  int thread_count = 2;           // how many, at most one a column
  std::map<std::string, std::string> metadata;  // lineage, in the file's key-value metadata
};

// A row group ends after 1,048,576 rows, or sooner when its encoded pages reach 16 MiB: they are
// held in memory until then. Pages end at fixed counts of rows or of encoded bytes. What is encoded
// is a matter of the content and of where one batch ends and the next begins, so give batches
// borders that follow from the content. The encoding of each column is chosen once a file, from its
// first 128 Ki rows or 8 MiB: dictionary where values repeat and are at most 32 Ki, delta for
// integers, dates and timestamps otherwise, plain for all else. Columns of deltas that compressing
// would not make 3% smaller are left as they are.
//
// What is in the file: format 2.6 with data pages of version 1, statistics, checksums of pages,
// column and offset indexes, lists of three levels with an `element`, decimals of up to 18 digits
// as integers, timestamps as INT64 microseconds with isAdjustedToUTC where they have a zone. The
// Parquet types say it all, so that no Arrow schema is stored, unless the lake's names differ from
// those of the input: then it carries the original in each field's metadata, and the key-value
// metadata holds "lakegate.original_names", a JSON object of column path to original name.
class ParquetFileWriter {
 public:
  // `sink` must outlive the writer. Unknown (null-typed) columns are not allowed: leave them out.
  static Result<std::unique_ptr<ParquetFileWriter>> open(std::shared_ptr<arrow::Schema> schema,
                                                         ByteSink& sink, ParquetOptions options);
  // Destroyed before it is closed, it writes nothing more to the sink.
  virtual ~ParquetFileWriter() = default;
  // Keeps the batch (its buffers, not a copy) until its columns are encoded, possibly by other
  // threads, so an error may be of an earlier batch.
  virtual Result<void> write(const arrow::RecordBatch& batch) = 0;
  // Writes the footer. A file without rows is a valid Parquet file of its schema.
  virtual Result<void> close() = 0;
  virtual std::uint64_t rows() const = 0;
  virtual std::uint64_t buffered_bytes() const = 0;  // held for the current row group
};

}  // namespace lakegate
