// Arrow record batches -> one Parquet file, with bytes that depend on nothing but the batches and
// the options: not on threads, memory budget, clock or machine.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "lake/error.h"
#include "schema/schema.h"

namespace lakegate {

// Where encoded bytes go, in order. Called from one thread at a time.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Result<void> write(std::span<const std::byte> bytes) = 0;
};

enum class ParquetCompression { kZstd, kSnappy, kGzip, kNone };

struct ParquetOptions {
  ParquetCompression compression = ParquetCompression::kZstd;
  bool modern_encodings = false;  // byte-stream split, delta for text: engines of today only
  bool threads = true;            // encode columns in parallel; does not change the bytes
  std::map<std::string, std::string> metadata;  // lineage, in the file's key-value metadata
};

// Row groups and pages end at fixed counts of rows or of bytes of the batches' content. The
// encoding of each column is chosen from the file's first row group's worth of data, as seen when
// the first batches arrive: dictionary where values repeat, delta for integers, dates and
// timestamps, plain else; zstd level 1.
class ParquetFileWriter {
 public:
  // `sink` must outlive the writer. Unknown (null-typed) columns are not allowed: leave them out.
  static Result<std::unique_ptr<ParquetFileWriter>> open(std::shared_ptr<arrow::Schema> schema,
                                                         ByteSink& sink, ParquetOptions options);
  virtual ~ParquetFileWriter() = default;
  virtual Result<void> write(const arrow::RecordBatch& batch) = 0;
  // Writes the footer. A file without rows is a valid Parquet file of its schema.
  virtual Result<void> close() = 0;
  virtual std::uint64_t rows() const = 0;
  virtual std::uint64_t buffered_bytes() const = 0;  // held for the current row group
};

}  // namespace lakegate
