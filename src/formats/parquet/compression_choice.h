// Whether a Parquet column is worth compressing, from a sample of its values.
#pragma once

#include <arrow/util/compression.h>

#include "formats/parquet/encoding_choice.h"

namespace lakegate {

// Deltas that look like noise come out as large as they go in, and cost writers and every reader
// their time. False where `codec` would not make the column 3% smaller; a pure function of the
// sample. Only columns encoded as deltas are tried: the others nearly always repeat something.
bool is_worth_compressing(const EncodingSample& sample, ColumnEncoding encoding,
                          arrow::util::Codec& codec);

}  // namespace lakegate
