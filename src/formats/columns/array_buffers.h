// The buffers of an array whose number of rows is known beforehand.
#pragma once

#include <arrow/api.h>
#include <arrow/util/bit_util.h>

#include <cstring>
#include <memory>
#include <utility>

#include "formats/arrow_bridge.h"

namespace lakegate::columns {

inline Result<std::shared_ptr<arrow::Buffer>> allocate(std::int64_t bytes) {
  LAKEGATE_TRY(std::unique_ptr<arrow::Buffer> buffer,
               from_arrow(arrow::AllocateBuffer(bytes, memory_pool())));
  buffer->ZeroPadding();
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

// A validity bitmap that exists only if there is a null.
class Validity {
 public:
  explicit Validity(std::int64_t rows) : rows_(rows) {}

  Result<void> set_null(std::int64_t row) {
    if (!bits_) {
      LAKEGATE_TRY(bits_, allocate(arrow::bit_util::BytesForBits(rows_)));
      std::memset(bits_->mutable_data(), 0xFF, static_cast<std::size_t>(bits_->size()));
    }
    arrow::bit_util::ClearBit(bits_->mutable_data(), row);
    ++nulls_;
    return {};
  }
  std::int64_t nulls() const { return nulls_; }
  std::int64_t rows() const { return rows_; }

  std::shared_ptr<arrow::Array> finish(std::shared_ptr<arrow::DataType> type,
                                       std::vector<std::shared_ptr<arrow::Buffer>> data) {
    // Bits behind the last row are zero, so that equal arrays have equal bytes.
    if (bits_ && rows_ % 8 != 0) {
      bits_->mutable_data()[bits_->size() - 1] &= static_cast<std::uint8_t>((1 << (rows_ % 8)) - 1);
    }
    data.insert(data.begin(), std::move(bits_));
    return arrow::MakeArray(
        arrow::ArrayData::Make(std::move(type), rows_, std::move(data), nulls_));
  }

 private:
  std::int64_t rows_;
  std::int64_t nulls_ = 0;
  std::shared_ptr<arrow::Buffer> bits_;
};

}  // namespace lakegate::columns
