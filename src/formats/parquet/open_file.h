// Parquet files over an Input, opened for reading in bounded memory.
#pragma once

#include <arrow/record_batch.h>
#include <parquet/arrow/reader.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "formats/input.h"
#include "lake/error.h"

namespace lakegate {

class InputFile;

// An open Parquet file. Not thread-safe.
class OpenParquet {
 public:
  static Result<OpenParquet> open(std::shared_ptr<const Input> input);

  // As Arrow reads them; INT96 timestamps to the microsecond.
  Result<std::shared_ptr<arrow::Schema>> schema();
  const parquet::FileMetaData& metadata() const;
  const Input& input() const { return *input_; }

  // All rows in order, in batches of `batch_rows()`; the last is smaller, and null follows.
  Result<std::shared_ptr<arrow::RecordBatch>> next();
  // At most kChunkRecords, fewer where rows are long: a matter of the file's metadata alone.
  std::int64_t batch_rows() const;
  std::uint64_t rows_read() const { return rows_read_; }

 private:
  // What a Status means here: what the input said, or else damage.
  Error error_of(const arrow::Status& status) const;
  template <class Action>
  Result<void> guarded(Action&& action);

  std::shared_ptr<const Input> input_;
  std::shared_ptr<InputFile> file_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;
  std::uint64_t rows_read_ = 0;
};

}  // namespace lakegate
