#include "formats/parquet/compression_choice.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <parquet/encoding.h>

#include <algorithm>
#include <vector>

#include "formats/arrow_bridge.h"

namespace lakegate {
namespace {

constexpr std::int64_t kValuesTried = 16 * 1024;
constexpr std::int64_t kTooFewBytes = 4 * 1024;  // to tell
constexpr double kLeastSaved = 0.03;

template <class ParquetType, class ArrayType>
std::shared_ptr<arrow::Buffer> deltas(const EncodingSample& sample) {
  using Value = typename ParquetType::c_type;
  std::vector<Value> values;
  for (const auto& array : sample.values) {
    const auto& typed = static_cast<const ArrayType&>(*array);
    for (std::int64_t i = 0; i < typed.length(); ++i) {
      if (static_cast<std::int64_t>(values.size()) == kValuesTried) break;
      if (typed.IsValid(i)) values.push_back(typed.Value(i));
    }
  }
  const auto encoder = parquet::MakeTypedEncoder<ParquetType>(
      parquet::Encoding::DELTA_BINARY_PACKED, false, nullptr, memory_pool());
  encoder->Put(values.data(), static_cast<int>(values.size()));
  return encoder->FlushValues();
}

std::shared_ptr<arrow::Buffer> encoded(const EncodingSample& sample) {
  switch (sample.values[0]->type_id()) {
    case arrow::Type::INT32:
      return deltas<parquet::Int32Type, arrow::Int32Array>(sample);
    case arrow::Type::DATE32:
      return deltas<parquet::Int32Type, arrow::Date32Array>(sample);
    case arrow::Type::INT64:
      return deltas<parquet::Int64Type, arrow::Int64Array>(sample);
    case arrow::Type::TIMESTAMP:
      return deltas<parquet::Int64Type, arrow::TimestampArray>(sample);
    default:
      return nullptr;
  }
}

}  // namespace

bool is_worth_compressing(const EncodingSample& sample, ColumnEncoding encoding,
                          arrow::util::Codec& codec) {
  if (encoding != ColumnEncoding::kDelta || sample.values.empty()) return true;
  const auto bytes = encoded(sample);
  if (!bytes || bytes->size() < kTooFewBytes) return true;
  std::vector<std::uint8_t> compressed(
      static_cast<std::size_t>(codec.MaxCompressedLen(bytes->size(), bytes->data())));
  const auto size = codec.Compress(bytes->size(), bytes->data(),
                                   static_cast<std::int64_t>(compressed.size()), compressed.data());
  return !size.ok() ||
         static_cast<double>(*size) < (1 - kLeastSaved) * static_cast<double>(bytes->size());
}

}  // namespace lakegate
