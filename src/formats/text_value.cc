#include "formats/text_value.h"
#include "lake/json_text.h"

#include <arrow/array.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/base64.h>
#include <arrow/util/float16.h>

#include <array>
#include <charconv>
#include <cmath>

#include "schema/cell.h"

namespace lakegate {
namespace {

template <class Number>
void append_integer(Number number, std::string& out) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

// The shortest digits that give the value back, and always a sign that it is no integer.
template <class Number>
void append_float(Number number, std::string& out) {
  if (std::isnan(number)) {
    out += "NaN";
    return;
  }
  if (std::isinf(number)) {
    out += number < 0 ? "-inf" : "inf";
    return;
  }
  std::array<char, 40> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

float half_float(const arrow::Array& array, std::int64_t row) {
  const auto bits = static_cast<const arrow::HalfFloatArray&>(array).Value(row);
  return arrow::util::Float16::FromBits(bits).ToFloat();
}

std::string_view view(const arrow::Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return static_cast<const arrow::BinaryArray&>(array).GetView(row);
    case arrow::Type::LARGE_STRING:
    case arrow::Type::LARGE_BINARY:
      return static_cast<const arrow::LargeBinaryArray&>(array).GetView(row);
    case arrow::Type::STRING_VIEW:
    case arrow::Type::BINARY_VIEW:
      return static_cast<const arrow::BinaryViewArray&>(array).GetView(row);
    default:
      return static_cast<const arrow::FixedSizeBinaryArray&>(array).GetView(row);
  }
}

void append_timestamp(const arrow::Array& array, std::int64_t row, std::string& out) {
  const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
  const std::int64_t value = static_cast<const arrow::TimestampArray&>(array).Value(row);
  const bool utc = !type.timezone().empty();
  std::int64_t micros = value;
  switch (type.unit()) {
    case arrow::TimeUnit::SECOND:
      micros = value * 1'000'000;
      break;
    case arrow::TimeUnit::MILLI:
      micros = value * 1'000;
      break;
    case arrow::TimeUnit::MICRO:
      break;
    case arrow::TimeUnit::NANO:
      micros = value / 1'000 - (value % 1'000 < 0 ? 1 : 0);
      break;
  }
  std::string text = cell::format_timestamp(micros, utc);
  if (const auto zeros = text.find(".000000"); zeros != std::string::npos) text.erase(zeros, 7);
  out += text;
}

void append_elements(const arrow::Array& elements, std::int64_t begin, std::int64_t end,
                     std::string& out) {
  out += '[';
  for (std::int64_t i = begin; i < end; ++i) {
    if (i > begin) out += ',';
    append_json(elements, i, out);
  }
  out += ']';
}

template <class ListArray>
void append_list(const arrow::Array& array, std::int64_t row, std::string& out) {
  const auto& list = static_cast<const ListArray&>(array);
  append_elements(*list.values(), list.value_offset(row),
                  list.value_offset(row) + list.value_length(row), out);
}

void append_struct(const arrow::Array& array, std::int64_t row, std::string& out) {
  const auto& records = static_cast<const arrow::StructArray&>(array);
  out += '{';
  for (int i = 0; i < records.num_fields(); ++i) {
    if (i > 0) out += ',';
    append_json_string(array.type()->field(i)->name(), out);
    out += ':';
    append_json(*records.field(i), row, out);
  }
  out += '}';
}

}  // namespace

void append_text(const arrow::Array& array, std::int64_t row, std::string& out) {
  if (array.IsNull(row)) return;
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      out += static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
      return;
    case arrow::Type::INT8:
      return append_integer(static_cast<const arrow::Int8Array&>(array).Value(row), out);
    case arrow::Type::UINT8:
      return append_integer(static_cast<const arrow::UInt8Array&>(array).Value(row), out);
    case arrow::Type::INT16:
      return append_integer(static_cast<const arrow::Int16Array&>(array).Value(row), out);
    case arrow::Type::UINT16:
      return append_integer(static_cast<const arrow::UInt16Array&>(array).Value(row), out);
    case arrow::Type::INT32:
      return append_integer(static_cast<const arrow::Int32Array&>(array).Value(row), out);
    case arrow::Type::UINT32:
      return append_integer(static_cast<const arrow::UInt32Array&>(array).Value(row), out);
    case arrow::Type::INT64:
      return append_integer(static_cast<const arrow::Int64Array&>(array).Value(row), out);
    case arrow::Type::UINT64:
      return append_integer(static_cast<const arrow::UInt64Array&>(array).Value(row), out);
    case arrow::Type::FLOAT:
      return append_float(static_cast<const arrow::FloatArray&>(array).Value(row), out);
    case arrow::Type::DOUBLE:
      return append_float(static_cast<const arrow::DoubleArray&>(array).Value(row), out);
    case arrow::Type::HALF_FLOAT:
      return append_float(half_float(array, row), out);
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      out += view(array, row);
      return;
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW:
    case arrow::Type::FIXED_SIZE_BINARY:
      out += arrow::util::base64_encode(view(array, row));
      return;
    case arrow::Type::DATE32:
      out += cell::format_date(static_cast<const arrow::Date32Array&>(array).Value(row));
      return;
    case arrow::Type::TIMESTAMP:
      return append_timestamp(array, row, out);
    case arrow::Type::DECIMAL128:
      out += static_cast<const arrow::Decimal128Array&>(array).FormatValue(row);
      return;
    case arrow::Type::DECIMAL256:
      out += static_cast<const arrow::Decimal256Array&>(array).FormatValue(row);
      return;
    case arrow::Type::LIST:
      return append_list<arrow::ListArray>(array, row, out);
    case arrow::Type::LARGE_LIST:
      return append_list<arrow::LargeListArray>(array, row, out);
    case arrow::Type::FIXED_SIZE_LIST:
      return append_list<arrow::FixedSizeListArray>(array, row, out);
    case arrow::Type::MAP:
      return append_list<arrow::MapArray>(array, row, out);
    case arrow::Type::STRUCT:
      return append_struct(array, row, out);
    case arrow::Type::DICTIONARY: {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
      return append_text(*coded.dictionary(), coded.GetValueIndex(row), out);
    }
    default:  // no type of ours: as Arrow prints it
      if (auto scalar = array.GetScalar(row); scalar.ok()) out += (*scalar)->ToString();
  }
}

void append_json(const arrow::Array& array, std::int64_t row, std::string& out) {
  if (array.IsNull(row)) {
    out += "null";
    return;
  }
  switch (array.type_id()) {
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::HALF_FLOAT: {
      const std::size_t begin = out.size();
      append_text(array, row, out);
      const char last = out.back();
      if (last == 'N' || last == 'f') out.insert(begin, 1, '"').push_back('"');
      return;
    }
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::UINT8:
    case arrow::Type::INT16:
    case arrow::Type::UINT16:
    case arrow::Type::INT32:
    case arrow::Type::UINT32:
    case arrow::Type::INT64:
    case arrow::Type::UINT64:
    case arrow::Type::DECIMAL128:
    case arrow::Type::DECIMAL256:
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::MAP:
    case arrow::Type::STRUCT:
      return append_text(array, row, out);
    case arrow::Type::DICTIONARY: {
      const auto& coded = static_cast<const arrow::DictionaryArray&>(array);
      return append_json(*coded.dictionary(), coded.GetValueIndex(row), out);
    }
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
      return append_json_string(view(array, row), out);
    default: {
      std::string text;
      append_text(array, row, text);
      append_json_string(text, out);
    }
  }
}

}  // namespace lakegate
