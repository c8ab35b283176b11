// Parquet -> Arrow record batches, for curated files: load, cat, widen.
#pragma once

#include <arrow/type_fwd.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/input.h"
#include "lake/error.h"

namespace lakegate {

struct ParquetContents {
  std::shared_ptr<arrow::Schema> schema;
  std::map<std::string, std::string> metadata;  // key-value metadata
  std::uint64_t rows = 0;
};

Result<ParquetContents> parquet_contents(std::shared_ptr<const Input> input);

// Batches of at most kChunkRecords rows, in order; memory bounded by one row group's pages in
// flight.
class ParquetBatches {
 public:
  virtual ~ParquetBatches() = default;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  virtual Result<std::shared_ptr<arrow::RecordBatch>> next() = 0;  // null at the end
};
Result<std::unique_ptr<ParquetBatches>> open_parquet_batches(std::shared_ptr<const Input> input);

// `array` as `type`, every value kept exactly; the error names the first value that would change
// and its row. int32 -> int64, int -> double (exact), int -> decimal, float -> double, date ->
// timestamp, anything scalar -> text (as cell.h prints it), struct and list element-wise (a
// struct's new fields are null, by name).
Result<std::shared_ptr<arrow::Array>> cast_exactly(const std::shared_ptr<arrow::Array>& array,
                                                   const std::shared_ptr<arrow::DataType>& type);

}  // namespace lakegate
