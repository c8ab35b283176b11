#include "formats/parquet/compression_choice.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <parquet/column_writer.h>
#include <parquet/encoding.h>

#include <algorithm>
#include <vector>

#include "formats/arrow_bridge.h"

namespace lakegate {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::int64_t kValuesTried = 16 * 1024;
constexpr std::int64_t kLevelsTried = 256 * 1024;
constexpr std::size_t kTooFewBytes = 4 * 1024;  // to tell
constexpr double kLeastSaved = 0.03;

// How many of a leaf's levels hold as many values as are tried, and about how many slots those are:
// nulls of structs above the leaf have one, too.
struct Tried {
  std::int64_t levels = 0;
  std::int64_t slots = 0;  // of the array, nulls among them
};

Tried first_of(const Leaf& leaf, std::int16_t deepest) {
  Tried tried;
  std::int64_t values = 0;
  const std::int64_t most = std::min(leaf.levels, kLevelsTried);
  for (; tried.levels < most && values < kValuesTried; ++tried.levels) {
    const std::int16_t depth = leaf.definition ? leaf.definition[tried.levels] : deepest;
    tried.slots += depth >= deepest - (leaf.nullable ? 1 : 0) ? 1 : 0;
    values += depth == deepest ? 1 : 0;
  }
  return tried;
}

void append_levels(const std::int16_t* levels, std::int16_t most, std::int64_t count, Bytes& page) {
  if (levels == nullptr || most == 0) return;
  const int size = static_cast<int>(count);
  Bytes encoded(static_cast<std::size_t>(
      parquet::LevelEncoder::MaxBufferSize(parquet::Encoding::RLE, most, size)));
  parquet::LevelEncoder encoder;
  encoder.Init(parquet::Encoding::RLE, most, size, encoded.data(),
               static_cast<int>(encoded.size()));
  encoder.Encode(size, levels);
  page.insert(page.end(), encoded.begin(), encoded.begin() + encoder.len());
}

template <class ParquetType, class ArrayType>
void append_deltas(const arrow::Array& array, std::int64_t slots, Bytes& page) {
  const auto& typed = static_cast<const ArrayType&>(array);
  std::vector<typename ParquetType::c_type> values;
  for (std::int64_t i = 0; i < slots; ++i)
    if (typed.IsValid(i)) values.push_back(typed.Value(i));
  const auto encoder = parquet::MakeTypedEncoder<ParquetType>(
      parquet::Encoding::DELTA_BINARY_PACKED, false, nullptr, memory_pool());
  encoder->Put(values.data(), static_cast<int>(values.size()));
  const auto encoded = encoder->FlushValues();
  page.insert(page.end(), encoded->data(), encoded->data() + encoded->size());
}

void append_values(const arrow::Array& array, std::int64_t slots, Bytes& page) {
  switch (array.type_id()) {
    case arrow::Type::INT32:
      return append_deltas<parquet::Int32Type, arrow::Int32Array>(array, slots, page);
    case arrow::Type::DATE32:
      return append_deltas<parquet::Int32Type, arrow::Date32Array>(array, slots, page);
    case arrow::Type::INT64:
      return append_deltas<parquet::Int64Type, arrow::Int64Array>(array, slots, page);
    case arrow::Type::TIMESTAMP:
      return append_deltas<parquet::Int64Type, arrow::TimestampArray>(array, slots, page);
    default:
      return;
  }
}

}  // namespace

bool is_worth_compressing(const Leaf& leaf, const parquet::ColumnDescriptor& column,
                          ColumnEncoding encoding, arrow::util::Codec& codec) {
  if (encoding != ColumnEncoding::kDelta) return true;
  const Tried tried = first_of(leaf, column.max_definition_level());
  Bytes page;
  append_levels(leaf.repetition, column.max_repetition_level(), tried.levels, page);
  append_levels(leaf.definition, column.max_definition_level(), tried.levels, page);
  append_values(*leaf.values, tried.slots, page);
  if (page.size() < kTooFewBytes) return true;
  const auto size = static_cast<std::int64_t>(page.size());
  Bytes compressed(static_cast<std::size_t>(codec.MaxCompressedLen(size, page.data())));
  const auto compressed_size = codec.Compress(
      size, page.data(), static_cast<std::int64_t>(compressed.size()), compressed.data());
  return !compressed_size.ok() ||
         static_cast<double>(*compressed_size) < (1 - kLeastSaved) * static_cast<double>(size);
}

}  // namespace lakegate
