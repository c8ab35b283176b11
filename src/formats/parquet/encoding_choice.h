// Which encoding a Parquet column gets, from a sample of its values.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <vector>

namespace lakegate {

enum class ColumnEncoding {
  kPlain,
  kDictionary,       // Parquet goes on in plain where the dictionary outgrows its page
  kDelta,            // DELTA_BINARY_PACKED: integers, dates, timestamps
  kDeltaLength,      // DELTA_LENGTH_BYTE_ARRAY: modern engines only
  kByteStreamSplit,  // modern engines only
};

struct EncodingSample {
  std::vector<std::shared_ptr<arrow::Array>> values;  // of one leaf, in order, with its nulls
  std::int64_t rows = 0;                              // that the values were taken from
  std::int64_t left_out = 0;  // values of those rows that come after `values` and are not in it
  bool whole_file = false;    // there are no other rows
};

struct EncodingLimits {
  std::int64_t row_group_rows = 0;
  std::int64_t dictionary_bytes = 0;
  bool modern = false;
};

// The cheapest by an estimate of the encoded bytes in a row group; a pure function of the sample.
ColumnEncoding choose_encoding(const EncodingSample& sample, const EncodingLimits& limits);

}  // namespace lakegate
