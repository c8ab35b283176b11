#include "formats/parquet/encoding_choice.h"

#include <arrow/array.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <string_view>

namespace lakegate {
namespace {

// Of more, the table in which the writer finds them again takes 6 MB for each column (it grows
// fourfold when half full, an entry has 24 bytes), and looking them up misses the cache.
constexpr double kMostDistinct = 32 * 1024;

// Counts distinct values by 64-bit hashes, in the order of the rows.
class DistinctCounter {
 public:
  explicit DistinctCounter(std::int64_t values)
      : slots_(std::bit_ceil(static_cast<std::size_t>(2 * values + 16)), 0),
        mask_(slots_.size() - 1) {}

  void add(std::uint64_t hash) {
    hash |= 1;  // 0 is an empty slot
    for (std::size_t i = (hash >> 20) & mask_;; i = (i + 1) & mask_) {
      if (slots_[i] == hash) return;
      if (slots_[i] == 0) {
        slots_[i] = hash;
        ++count_;
        return;
      }
    }
  }
  std::int64_t count() const { return count_; }

 private:
  std::vector<std::uint64_t> slots_;
  std::size_t mask_;
  std::int64_t count_ = 0;
};

std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 32;
  x *= 0x9fb21c651e98df25ULL;
  x ^= x >> 29;
  x *= 0xd6e8feb86659fd93ULL;
  return x ^ (x >> 32);
}

std::uint64_t hash_bytes(std::string_view text) {
  std::uint64_t hash = text.size() * 0x9e3779b97f4a7c15ULL;
  while (text.size() >= 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data(), 8);
    hash = mix(hash ^ word);
    text.remove_prefix(8);
  }
  std::uint64_t rest = 0;
  if (!text.empty()) std::memcpy(&rest, text.data(), text.size());
  return mix(hash ^ rest);
}

// What a sample says: sizes are in bytes.
struct Profile {
  std::int64_t values = 0;  // not null
  std::int64_t distinct = 0;
  std::int64_t distinct_in_first_half = 0;
  double plain_bytes = 0;  // of a value
  double delta_bytes = 0;  // of a value, where deltas make sense
};

// DELTA_BINARY_PACKED as Parquet's writer lays it out: miniblocks of 32 deltas, each with the bit
// width of its largest, counted from the smallest of the block of 128.
class DeltaCost {
 public:
  void add(std::int64_t value) {
    if (seen_ > 0) {
      deltas_[filled_++] = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) -
                                                     static_cast<std::uint64_t>(last_));
      if (filled_ == deltas_.size()) end_block();
    }
    last_ = value;
    ++seen_;
  }
  double bytes_a_value() {
    end_block();
    return seen_ == 0 ? 0 : static_cast<double>(bytes_) / static_cast<double>(seen_);
  }

 private:
  void end_block() {
    if (filled_ == 0) return;
    const std::int64_t least = *std::min_element(deltas_.begin(), deltas_.begin() + filled_);
    bytes_ += 4 + 4;  // the least delta, and the widths of the miniblocks
    for (std::size_t begin = 0; begin < filled_; begin += 32) {
      std::uint64_t bits = 0;
      for (std::size_t i = begin; i < std::min(begin + 32, filled_); ++i)
        bits |= static_cast<std::uint64_t>(deltas_[i]) - static_cast<std::uint64_t>(least);
      bytes_ += 4 * static_cast<std::int64_t>(std::bit_width(bits));
    }
    filled_ = 0;
  }

  std::array<std::int64_t, 128> deltas_ = {};
  std::size_t filled_ = 0;
  std::int64_t last_ = 0;
  std::int64_t seen_ = 0;
  std::int64_t bytes_ = 0;
};

// Calls `visit(value)` for each value that is not null.
template <class ArrayType, class Visit>
void each_value(const arrow::Array& array, Visit&& visit) {
  const auto& typed = static_cast<const ArrayType&>(array);
  const bool nulls = array.null_count() > 0;
  for (std::int64_t i = 0; i < array.length(); ++i)
    if (!nulls || array.IsValid(i)) visit(typed.GetView(i));
}

class Profiler {
 public:
  explicit Profiler(const EncodingSample& sample) : sample_(sample) {
    for (const auto& array : sample.values)
      profile_.values += array->length() - array->null_count();
    half_ = profile_.values / 2;
    distinct_.emplace(profile_.values);
  }

  template <class ArrayType>
  Profile integers() {
    DeltaCost delta;
    each<ArrayType>([&](auto value) {
      delta.add(static_cast<std::int64_t>(value));
      add(mix(static_cast<std::uint64_t>(value)));
    });
    profile_.delta_bytes = delta.bytes_a_value();
    return finish(sizeof(typename ArrayType::value_type));
  }
  template <class ArrayType, class Bits>
  Profile floats() {
    each<ArrayType>([&](auto value) { add(mix(std::bit_cast<Bits>(value))); });
    return finish(sizeof(Bits));
  }
  template <class ArrayType>
  Profile texts() {
    std::int64_t bytes = 0;
    each<ArrayType>([&](std::string_view value) {
      bytes += 4 + static_cast<std::int64_t>(value.size());
      add(hash_bytes(value));
    });
    return finish(static_cast<double>(bytes) /
                  static_cast<double>(std::max<std::int64_t>(profile_.values, 1)));
  }

 private:
  template <class ArrayType, class Visit>
  void each(Visit&& visit) {
    for (const auto& array : sample_.values) each_value<ArrayType>(*array, visit);
  }
  void add(std::uint64_t hash) {
    distinct_->add(hash);
    if (++seen_ == half_) profile_.distinct_in_first_half = distinct_->count();
  }
  Profile finish(double plain_bytes) {
    profile_.distinct = distinct_->count();
    profile_.plain_bytes = plain_bytes;
    return profile_;
  }

  const EncodingSample& sample_;
  Profile profile_;
  std::int64_t half_ = 0;
  std::int64_t seen_ = 0;
  std::optional<DistinctCounter> distinct_;
};

// How many distinct values `draws` draws from `kinds` equally likely ones give.
double expected_distinct(double kinds, double draws) {
  return kinds * -std::expm1(-draws / kinds);
}

// How many distinct values `total` values will have, of which the sample is the beginning.
double extrapolate_distinct(const Profile& profile, double total) {
  const auto seen = static_cast<double>(profile.values);
  const auto distinct = static_cast<double>(profile.distinct);
  if (total <= seen) return distinct;
  if (distinct >= 0.98 * seen) return total;
  // Values drawn evenly from a fixed number of kinds: the sample fits both at its half and its end.
  double low = distinct, high = 1e12;
  for (int i = 0; i < 100; ++i) {
    const double middle = std::sqrt(low * high);
    (expected_distinct(middle, seen) < distinct ? low : high) = middle;
  }
  const auto first_half = static_cast<double>(profile.distinct_in_first_half);
  if (first_half >= 0.97 * expected_distinct(high, seen / 2)) return expected_distinct(high, total);
  // Else new values keep coming, by a power of the number seen (Heaps).
  const double growth = std::clamp(std::log2(distinct / std::max(first_half, 1.0)), 0.0, 1.0);
  return std::min(total, distinct * std::pow(total / seen, growth));
}

bool has_deltas(arrow::Type::type type) {
  switch (type) {
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::DATE32:
    case arrow::Type::TIMESTAMP:
      return true;
    default:
      return false;
  }
}

ColumnEncoding without_dictionary(arrow::Type::type type, bool modern) {
  if (has_deltas(type)) return ColumnEncoding::kDelta;
  if (!modern) return ColumnEncoding::kPlain;
  switch (type) {
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
      return ColumnEncoding::kByteStreamSplit;
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return ColumnEncoding::kDeltaLength;
    default:
      return ColumnEncoding::kPlain;
  }
}

double length_of(const EncodingSample& sample) {
  std::int64_t length = 0;
  for (const auto& array : sample.values) length += array->length();
  return static_cast<double>(std::max<std::int64_t>(length, 1));
}

std::optional<Profile> profile_of(const EncodingSample& sample, arrow::Type::type type) {
  Profiler profiler(sample);
  switch (type) {
    case arrow::Type::INT32:
      return profiler.integers<arrow::Int32Array>();
    case arrow::Type::INT64:
      return profiler.integers<arrow::Int64Array>();
    case arrow::Type::DATE32:
      return profiler.integers<arrow::Date32Array>();
    case arrow::Type::TIMESTAMP:
      return profiler.integers<arrow::TimestampArray>();
    case arrow::Type::FLOAT:
      return profiler.floats<arrow::FloatArray, std::uint32_t>();
    case arrow::Type::DOUBLE:
      return profiler.floats<arrow::DoubleArray, std::uint64_t>();
    case arrow::Type::STRING:
      return profiler.texts<arrow::StringArray>();
    case arrow::Type::BINARY:
      return profiler.texts<arrow::BinaryArray>();
    case arrow::Type::DECIMAL128:
      return profiler.texts<arrow::FixedSizeBinaryArray>();
    default:
      return std::nullopt;
  }
}

}  // namespace

ColumnEncoding choose_encoding(const EncodingSample& sample, const EncodingLimits& limits) {
  if (sample.values.empty()) return ColumnEncoding::kPlain;
  const auto type = sample.values[0]->type_id();
  const ColumnEncoding otherwise = without_dictionary(type, limits.modern);
  const std::optional<Profile> profile = profile_of(sample, type);
  if (!profile || profile->values == 0 || profile->distinct == profile->values) return otherwise;

  const double groups_of_the_sample =
      sample.whole_file ? 1.0
                        : static_cast<double>(limits.row_group_rows) /
                              static_cast<double>(std::max<std::int64_t>(sample.rows, 1));
  const double share_left_out = static_cast<double>(sample.left_out) / length_of(sample);
  const double values = static_cast<double>(profile->values) * (1.0 + share_left_out) *
                        std::max(1.0, groups_of_the_sample);
  const double distinct = extrapolate_distinct(*profile, values);
  const double dictionary = distinct * profile->plain_bytes;
  if (dictionary > static_cast<double>(limits.dictionary_bytes) || distinct > kMostDistinct)
    return otherwise;
  const double indexes = values * std::ceil(std::log2(std::max(distinct, 2.0))) / 8;
  // Delta is quicker than looking values up, so a dictionary has to be clearly smaller.
  const double rival = otherwise == ColumnEncoding::kDelta ? 0.8 * values * profile->delta_bytes
                                                           : 0.9 * values * profile->plain_bytes;
  return dictionary + indexes < rival ? ColumnEncoding::kDictionary : otherwise;
}

}  // namespace lakegate
