// Whether a Parquet column is worth compressing, from a sample of its rows.
#pragma once

#include <arrow/util/compression.h>
#include <parquet/schema.h>

#include "formats/parquet/encoding_choice.h"
#include "formats/parquet/levels.h"

namespace lakegate {

// Deltas that look like noise come out as large as they go in, and cost writers and every reader
// their time. False where `codec` would not make pages of the leaf, levels and all, 3% smaller: a
// pure function of the leaf's first rows. Only columns encoded as deltas are tried: the others
// nearly always repeat something.
bool is_worth_compressing(const Leaf& leaf, const parquet::ColumnDescriptor& column,
                          ColumnEncoding encoding, arrow::util::Codec& codec);

}  // namespace lakegate
