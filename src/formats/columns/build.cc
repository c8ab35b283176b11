#include "formats/columns/build.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <optional>

#include "formats/columns/array_buffers.h"
#include "formats/columns/fast_cell.h"
#include "formats/columns/text.h"

namespace lakegate::columns {
namespace {

using Kind = LogicalType::Kind;

// What reads one cell of each type: `Value` is the array's element, `read` false means that the
// text is none, `kSeen` is what an accepted value has been seen as.

struct Int64Cells {
  using Value = std::int64_t;
  static constexpr Seen kSeen = kSeenInt;
  std::uint16_t seen = 0;
  bool read(std::string_view text, Value& value) {
    if (!fast::parse_int64(text, value)) return false;
    constexpr std::int64_t kExact = std::int64_t{1} << 53;
    if (value > kExact || value < -kExact) [[unlikely]]
      seen |= cell::classify(text, false);
    return true;
  }
};

struct Int32Cells {
  using Value = std::int32_t;
  static constexpr Seen kSeen = kSeenInt;
  std::uint16_t seen = 0;
  bool read(std::string_view text, Value& value) {
    std::int64_t wide = 0;
    if (!fast::parse_int64(text, wide)) return false;
    value = static_cast<std::int32_t>(wide);
    return value == wide;
  }
};

struct ExactDoubleCells {
  using Value = double;
  static constexpr Seen kSeen = kSeenDouble;
  std::uint16_t seen = 0;
  bool read(std::string_view text, Value& value) {
    if (fast::parse_exact_double(text, value)) [[likely]]
      return true;
    if (!cell::is_nan_token(text)) return false;
    seen |= kSeenNanToken;
    value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
};

struct DoubleCells {
  using Value = double;
  static constexpr Seen kSeen = kSeenDouble;
  std::uint16_t seen = 0;
  bool read(std::string_view text, Value& value) {
    if (!fast::parse_declared_double(text, value)) return false;
    // One bit pattern for NaN, whatever sign it was written with.
    if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
};

struct FloatCells {
  using Value = float;
  static constexpr Seen kSeen = kSeenDouble;
  std::uint16_t seen = 0;
  bool read(std::string_view text, Value& value) {
    double wide = 0;
    if (!fast::parse_declared_double(text, wide)) return false;
    value = std::isnan(wide) ? std::numeric_limits<float>::quiet_NaN() : static_cast<float>(wide);
    return std::isfinite(wide) ? std::isfinite(value) : true;
  }
};

struct DateCells {
  using Value = std::int32_t;
  static constexpr Seen kSeen = kSeenDate;
  std::uint16_t seen = 0;
  fast::Times times{};
  bool read(std::string_view text, Value& value) { return times.parse_date(text, value); }
};

struct TimestampCells {
  using Value = std::int64_t;
  static constexpr Seen kSeen = kSeenTimestamp;
  std::uint16_t seen = 0;
  fast::Times times{};
  bool read(std::string_view text, Value& value) { return times.parse_timestamp(text, value); }
};

struct TimestampTzCells {
  using Value = std::int64_t;
  static constexpr Seen kSeen = kSeenTimestampTz;
  std::uint16_t seen = 0;
  fast::Times times{};
  bool read(std::string_view text, Value& value) { return times.parse_timestamptz(text, value); }
};

// Dates (in days) and timestamps in a declared format.
template <class T>
struct FormattedCells {
  using Value = T;
  static constexpr Seen kSeen = kSeenTimestamp;
  std::string_view format;
  std::uint16_t seen = 0;
  bool read(std::string_view text, Value& value) {
    std::int64_t micros = 0;
    if (!cell::parse_formatted(text, format, micros)) return false;
    if constexpr (sizeof(T) == 4) {
      const std::int64_t days = micros / kMicrosPerDay - (micros % kMicrosPerDay < 0);
      value = static_cast<T>(days);
    } else {
      value = micros;
    }
    return true;
  }
};

struct DecimalCells {
  using Value = std::array<std::uint8_t, 16>;
  static constexpr Seen kSeen = kSeenBigInt;
  int precision, scale;
  bool exact;
  std::uint16_t seen = 0;
  bool read(std::string_view text, Value& value) {
    arrow::Decimal128 decimal;
    if (exact && scale == 0 && !cell::parse_bigint(text, decimal)) return false;
    if (!cell::parse_decimal(text, precision, scale, decimal)) return false;
    decimal.ToBytes(value.data());
    return true;
  }
};

bool exact(const ColumnPlan& plan) {
  return plan.inferred || plan.exact;
}

bool is_null_in_typed(std::string_view text, const Build& to) {
  if (text.empty() || cell::is_null_token(text)) return true;
  if (!cell::is_nan_token(text)) return false;
  to.seen |= kSeenNanToken;
  return true;
}

// A cell that is no value: null, or a failure.
[[gnu::noinline]] Result<void> take_other(std::string_view text, std::size_t row, bool null_token,
                                          Validity& validity, const Build& to) {
  const bool null = null_token || is_null_in_typed(text, to);
  if (!null || to.plan.field.required) {
    to.failures.push_back({static_cast<std::uint32_t>(row), to.column,
                           null ? to.plan.null_reason : RejectReason::kTypeMismatch});
  }
  return validity.set_null(static_cast<std::int64_t>(row));
}

template <bool kQuotes, class Take>
Result<void> each_cell(const Cells& cells, const Build& to, Validity& validity, Take take) {
  for (std::size_t row = 0; row < cells.rows; ++row) {
    std::string_view text = cells.raw(row);
    if constexpr (kQuotes) {
      if (is_quoted(text, cells.quote)) text = unquoted(text);
    }
    const bool null_token = !to.nulls.empty() && is_one_of(to.nulls, text);
    if (null_token || !take(text, row)) [[unlikely]] {
      LAKEGATE_CHECK(take_other(text, row, null_token, validity, to));
    }
  }
  return {};
}

template <class Take>
Result<void> each_cell(const Cells& cells, const Build& to, Validity& validity, Take take) {
  return cells.quotes ? each_cell<true>(cells, to, validity, take)
                      : each_cell<false>(cells, to, validity, take);
}

void note_seen(std::uint16_t of_values, const Validity& validity, const Build& to) {
  if (validity.nulls() > 0) to.seen |= kSeenNull;
  if (validity.nulls() < validity.rows()) to.seen |= of_values;
}

template <class Reader>
Result<std::shared_ptr<arrow::Array>> fixed_width(const Cells& cells, const Build& to,
                                                  Reader reader) {
  using Value = typename Reader::Value;
  const auto rows = static_cast<std::int64_t>(cells.rows);
  LAKEGATE_TRY(std::shared_ptr<arrow::Buffer> values, allocate(rows * sizeof(Value)));
  Validity validity(rows);
  auto* out = reinterpret_cast<Value*>(values->mutable_data());
  LAKEGATE_CHECK(each_cell(cells, to, validity, [&](std::string_view text, std::size_t row) {
    Value value{};
    const bool accepted = reader.read(text, value);
    out[row] = accepted ? value : Value{};
    return accepted;
  }));
  note_seen(static_cast<std::uint16_t>(Reader::kSeen | reader.seen), validity, to);
  return validity.finish(to_arrow(to.plan.field.type), {std::move(values)});
}

Result<std::shared_ptr<arrow::Array>> bools(const Cells& cells, const Build& to) {
  const auto rows = static_cast<std::int64_t>(cells.rows);
  LAKEGATE_TRY(std::shared_ptr<arrow::Buffer> bits, allocate(arrow::bit_util::BytesForBits(rows)));
  std::memset(bits->mutable_data(), 0, static_cast<std::size_t>(bits->size()));
  Validity validity(rows);
  std::uint8_t* out = bits->mutable_data();
  LAKEGATE_CHECK(each_cell(cells, to, validity, [&](std::string_view text, std::size_t row) {
    bool value = false;
    if (!fast::parse_bool(text, value)) return false;
    out[row / 8] = static_cast<std::uint8_t>(out[row / 8] | (value << (row % 8)));
    return true;
  }));
  note_seen(kSeenBool, validity, to);
  return validity.finish(arrow::boolean(), {std::move(bits)});
}

Result<std::shared_ptr<arrow::Array>> all_null(std::size_t rows, const LogicalType& type) {
  return from_arrow(
      arrow::MakeArrayOfNull(to_arrow(type), static_cast<std::int64_t>(rows), memory_pool()));
}

// A column without a type: every cell has to be null.
Result<std::shared_ptr<arrow::Array>> unknown(const Cells& cells, const Build& to) {
  Validity unused(static_cast<std::int64_t>(cells.rows));
  LAKEGATE_CHECK(each_cell(cells, to, unused, [](std::string_view, std::size_t) { return false; }));
  note_seen(kSeenNothing, unused, to);
  return all_null(cells.rows, to.plan.field.type);
}

}  // namespace

Result<void> can_build(const ColumnPlan& plan) {
  const LogicalType& type = plan.field.type;
  if (plan.source >= 0 && (type.is(Kind::kList) || type.is(Kind::kStruct))) {
    return invalid_input(
        fmt::format("column {} is declared as {}, which a CSV cell cannot hold: declare it as text",
                    plan.field.source_name(), to_string(type)));
  }
  return {};
}

Result<std::shared_ptr<arrow::Array>> build(const Cells& cells, const Build& to) {
  const Field& field = to.plan.field;
  if (to.plan.source < 0) {
    if (field.required) {
      for (std::size_t row = 0; row < cells.rows; ++row)
        to.failures.push_back({static_cast<std::uint32_t>(row), to.column, to.plan.null_reason});
    }
    if (cells.rows > 0) to.seen |= kSeenNull;
    return all_null(cells.rows, field.type);
  }
  switch (field.type.kind) {
    case Kind::kUnknown:
      return unknown(cells, to);
    case Kind::kBool:
      return bools(cells, to);
    case Kind::kInt32:
      return fixed_width(cells, to, Int32Cells{});
    case Kind::kInt64:
      return fixed_width(cells, to, Int64Cells{});
    case Kind::kFloat32:
      return fixed_width(cells, to, FloatCells{});
    case Kind::kDouble:
      return exact(to.plan) ? fixed_width(cells, to, ExactDoubleCells{})
                            : fixed_width(cells, to, DoubleCells{});
    case Kind::kDecimal:
      return fixed_width(cells, to,
                         DecimalCells{field.type.precision, field.type.scale, exact(to.plan)});
    case Kind::kText:
    case Kind::kBinary:
      return build_text(cells, to);
    case Kind::kDate:
      return field.format.empty()
                 ? fixed_width(cells, to, DateCells{})
                 : fixed_width(cells, to, FormattedCells<std::int32_t>{field.format});
    case Kind::kTimestamp:
      return field.format.empty()
                 ? fixed_width(cells, to, TimestampCells{})
                 : fixed_width(cells, to, FormattedCells<std::int64_t>{field.format});
    case Kind::kTimestampTz:
      return field.format.empty()
                 ? fixed_width(cells, to, TimestampTzCells{})
                 : fixed_width(cells, to, FormattedCells<std::int64_t>{field.format});
    case Kind::kList:
    case Kind::kStruct:
      break;
  }
  LAKEGATE_CHECK(can_build(to.plan));
  return all_null(cells.rows, field.type);
}

}  // namespace lakegate::columns
