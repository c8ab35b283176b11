// Casts that keep every value exactly, row by row.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace lakegate {

// `array` as `type`, or a Status that says why not.
arrow::Result<std::shared_ptr<arrow::Array>> cast_whole(
    const std::shared_ptr<arrow::Array>& array, const std::shared_ptr<arrow::DataType>& type);

struct PartialCast {
  std::shared_ptr<arrow::Array> array;  // null where a value does not fit
  std::vector<std::int64_t> misfits;    // those rows, ascending
};
arrow::Result<PartialCast> cast_rows(const std::shared_ptr<arrow::Array>& array,
                                     const std::shared_ptr<arrow::DataType>& type);

// All text in it is UTF-8, however nested.
bool is_utf8(const arrow::Array& array);

}  // namespace lakegate
