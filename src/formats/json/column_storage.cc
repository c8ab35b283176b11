// The buffers of a ColumnBuilder: growing, taking back, and handing over to Arrow.
#include <arrow/util/bit_util.h>

#include <cstring>
#include <new>

#include "formats/arrow_bridge.h"
#include "formats/json/column_builder.h"

namespace lakegate::json {
namespace {

using Kind = LogicalType::Kind;

int width_of(Kind kind) {
  switch (kind) {
    case Kind::kInt32:
    case Kind::kFloat32:
    case Kind::kDate:
      return 4;
    case Kind::kInt64:
    case Kind::kDouble:
    case Kind::kTimestamp:
    case Kind::kTimestampTz:
      return 8;
    case Kind::kDecimal:
      return 16;
    default:
      return 0;
  }
}

}  // namespace

void ColumnBuilder::push_offset(std::int64_t end) {
  const auto offset = static_cast<std::int32_t>(end);
  if (!offsets_.Append(&offset, sizeof offset).ok()) throw std::bad_alloc();
}

void ColumnBuilder::push_bytes(std::string_view bytes) {
  if (!values_.Append(bytes.data(), static_cast<std::int64_t>(bytes.size())).ok())
    throw std::bad_alloc();
  push_offset(values_.length());
}

void ColumnBuilder::reserve(std::int64_t rows) {
  const bool has_offsets = field_.type.is(Kind::kText) || field_.type.is(Kind::kBinary) || element_;
  if (!values_.Reserve(rows * width_of(field_.type.kind)).ok() ||
      (has_offsets && !offsets_.Reserve(rows * 4).ok()))
    throw std::bad_alloc();
  if (members_)
    for (ColumnBuilder& column : members_->columns()) column.reserve(rows);
}

void ColumnBuilder::reserve_elements(double factor) {
  if (!element_) return;
  const int width = width_of(element_->field_.type.kind);
  const auto elements = static_cast<double>(element_->length_) * (factor - 1);
  if (!element_->values_.Reserve(static_cast<std::int64_t>(elements) * width).ok())
    throw std::bad_alloc();
}

void ColumnBuilder::mark_valid() {
  if (!valid_.empty()) valid_.push_back(1);
  ++length_;
}

void ColumnBuilder::append_null() {
  if (valid_.empty()) valid_.assign(static_cast<std::size_t>(length_), 1);
  valid_.push_back(0);
  ++length_;
  switch (field_.type.kind) {
    case Kind::kUnknown:
      break;
    case Kind::kBool:
      bools_.push_back(0);
      break;
    case Kind::kText:
    case Kind::kBinary:
      push_offset(values_.length());
      break;
    case Kind::kList:
      push_offset(element_->length_);
      break;
    case Kind::kStruct:
      members_->append_null();
      break;
    default:
      if (!values_.Append(width_of(field_.type.kind), 0).ok()) throw std::bad_alloc();
  }
}

void ColumnBuilder::truncate(std::int64_t length) {
  length_ = length;
  const auto size = static_cast<std::size_t>(length);
  if (valid_.size() > size) valid_.resize(size);
  if (bools_.size() > size) bools_.resize(size);
  switch (field_.type.kind) {
    case Kind::kUnknown:
    case Kind::kBool:
      break;
    case Kind::kText:
    case Kind::kBinary:
    case Kind::kList: {
      offsets_.Rewind(length * 4);
      std::int32_t end = 0;
      if (length > 0) std::memcpy(&end, offsets_.data() + (length - 1) * 4, sizeof end);
      if (element_)
        element_->truncate(end);
      else
        values_.Rewind(end);
      break;
    }
    case Kind::kStruct:
      members_->truncate(length);
      break;
    default:
      values_.Rewind(length * width_of(field_.type.kind));
  }
}

std::shared_ptr<arrow::Buffer> ColumnBuilder::take(arrow::BufferBuilder& builder) {
  // Moving the bytes is worth it only where much would be left over.
  const bool is_spacious = builder.capacity() > builder.length() + builder.length() / 2;
  auto buffer = builder.Finish(/*shrink_to_fit=*/is_spacious);
  if (!buffer.ok()) throw std::bad_alloc();
  return *buffer;
}

std::shared_ptr<arrow::Buffer> ColumnBuilder::take_bits(const std::vector<std::uint8_t>& flags) {
  auto allocated = arrow::AllocateBuffer(
      arrow::bit_util::BytesForBits(static_cast<std::int64_t>(flags.size())), memory_pool());
  if (!allocated.ok()) throw std::bad_alloc();
  std::shared_ptr<arrow::Buffer> buffer = std::move(*allocated);
  if (buffer->size() > 0) std::memset(buffer->mutable_data(), 0, buffer->size());
  for (std::size_t i = 0; i < flags.size(); ++i)
    buffer->mutable_data()[i / 8] |= static_cast<std::uint8_t>(flags[i] << (i % 8));
  return buffer;
}

std::shared_ptr<arrow::ArrayData> ColumnBuilder::finish() {
  std::int64_t nulls = 0;
  for (const std::uint8_t valid : valid_) nulls += 1 - valid;
  if (field_.type.is(Kind::kUnknown))
    return arrow::ArrayData::Make(type_, length_, {nullptr}, length_);

  std::vector<std::shared_ptr<arrow::Buffer>> buffers = {nulls > 0 ? take_bits(valid_) : nullptr};
  std::vector<std::shared_ptr<arrow::ArrayData>> children;
  switch (field_.type.kind) {
    case Kind::kBool:
      buffers.push_back(take_bits(bools_));
      break;
    case Kind::kText:
    case Kind::kBinary:
    case Kind::kList: {
      // Arrow's offsets begin with the start of the first value.
      const std::int32_t start = 0;
      arrow::BufferBuilder offsets(memory_pool());
      if (!offsets.Reserve(offsets_.length() + 4).ok()) throw std::bad_alloc();
      offsets.UnsafeAppend(&start, sizeof start);
      offsets.UnsafeAppend(offsets_.data(), offsets_.length());
      buffers.push_back(take(offsets));
      if (element_)
        children.push_back(element_->finish());
      else
        buffers.push_back(take(values_));
      break;
    }
    case Kind::kStruct:
      for (ColumnBuilder& column : members_->columns()) children.push_back(column.finish());
      break;
    default:
      buffers.push_back(take(values_));
  }
  return arrow::ArrayData::Make(type_, length_, std::move(buffers), std::move(children), nulls);
}

}  // namespace lakegate::json
