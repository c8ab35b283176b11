#include "formats/parquet/cast.h"

#include <arrow/api.h>
#include <arrow/array/concatenate.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/util/bitmap_ops.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "formats/arrow_bridge.h"
#include "formats/parquet/reader.h"
#include "formats/text_value.h"
#include "schema/types.h"

namespace lakegate {
namespace {

using ArrayPtr = std::shared_ptr<arrow::Array>;
using TypePtr = std::shared_ptr<arrow::DataType>;
using arrow::Type;

arrow::Status no_way(const arrow::DataType& from, const arrow::DataType& to) {
  return arrow::Status::TypeError("a value of the type ", from.ToString(), " is no ",
                                  to.ToString());
}

arrow::Result<ArrayPtr> library_cast(const ArrayPtr& array, const TypePtr& type) {
  arrow::compute::ExecContext context(memory_pool());
  context.set_use_threads(false);
  return arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Safe(), &context);
}

// Where the library rounds in silence: there and back must give the same.
arrow::Result<ArrayPtr> cast_and_back(const ArrayPtr& array, const TypePtr& type) {
  ARROW_ASSIGN_OR_RAISE(ArrayPtr result, library_cast(array, type));
  ARROW_ASSIGN_OR_RAISE(const ArrayPtr back, library_cast(result, array->type()));
  if (back->Equals(*array, arrow::EqualOptions::Defaults().nans_equal(true))) return result;
  return arrow::Status::Invalid("a value would change");
}

// The library wants room for every integer of the type, not only for those that are there.
arrow::Result<ArrayPtr> integer_to_decimal(const ArrayPtr& array, const TypePtr& type) {
  const int scale = std::min(static_cast<const arrow::Decimal128Type&>(*type).scale(), 18);
  ARROW_ASSIGN_OR_RAISE(const ArrayPtr wide, library_cast(array, arrow::decimal128(38, scale)));
  return library_cast(wide, type);
}

bool is_text(Type::type id) {
  return id == Type::STRING || id == Type::LARGE_STRING || id == Type::STRING_VIEW;
}
bool is_bytes(Type::type id) {
  return id == Type::BINARY || id == Type::LARGE_BINARY || id == Type::BINARY_VIEW ||
         id == Type::FIXED_SIZE_BINARY;
}
bool is_number(Type::type id) {
  return arrow::is_integer(id) || arrow::is_floating(id) || arrow::is_decimal(id);
}

arrow::Result<ArrayPtr> to_text(const arrow::Array& array) {
  arrow::StringBuilder builder(memory_pool());
  ARROW_RETURN_NOT_OK(builder.Reserve(array.length()));
  std::string text;
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) {
      builder.UnsafeAppendNull();
      continue;
    }
    text.clear();
    append_text(array, row, text);
    ARROW_RETURN_NOT_OK(builder.Append(text));
  }
  return builder.Finish();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> validity_of(const arrow::Array& array) {
  if (array.null_count() == 0) return nullptr;
  return arrow::internal::CopyBitmap(memory_pool(), array.null_bitmap_data(), array.offset(),
                                     array.length());
}

// Lists of 32-bit offsets, and maps, which are lists of pairs.
arrow::Result<ArrayPtr> cast_list(const arrow::ListArray& list, const TypePtr& type) {
  const std::int32_t begin = list.length() == 0 ? 0 : list.value_offset(0);
  const std::int32_t end = list.length() == 0 ? 0 : list.value_offset(list.length());
  ARROW_ASSIGN_OR_RAISE(
      const ArrayPtr elements,
      cast_whole(list.values()->Slice(begin, end - begin), type->field(0)->type()));
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> offsets,
      arrow::AllocateBuffer((list.length() + 1) * static_cast<std::int64_t>(sizeof(std::int32_t)),
                            memory_pool()));
  auto* offset = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
  offset[0] = 0;
  for (std::int64_t i = 0; i < list.length(); ++i) offset[i + 1] = list.value_offset(i + 1) - begin;
  ARROW_ASSIGN_OR_RAISE(auto validity, validity_of(list));
  return std::make_shared<arrow::ListArray>(type, list.length(), std::move(offsets), elements,
                                            std::move(validity), list.null_count());
}

// By the name that the input uses. Fields that are new are null; one that would be lost must be.
arrow::Result<ArrayPtr> cast_struct(const arrow::StructArray& records, const TypePtr& type) {
  arrow::ArrayVector members;
  std::vector<bool> used(static_cast<std::size_t>(records.num_fields()), false);
  for (const auto& field : type->fields()) {
    std::string source = field->name();
    if (field->metadata() != nullptr)
      source = field->metadata()->Get(kOriginalNameKey).ValueOr(source);
    const auto& record_type = static_cast<const arrow::StructType&>(*records.type());
    int index = record_type.GetFieldIndex(source);
    if (index < 0) index = record_type.GetFieldIndex(field->name());
    ArrayPtr member;
    if (index < 0) {
      ARROW_ASSIGN_OR_RAISE(member,
                            arrow::MakeArrayOfNull(field->type(), records.length(), memory_pool()));
    } else {
      used[static_cast<std::size_t>(index)] = true;
      ARROW_ASSIGN_OR_RAISE(member, cast_whole(records.field(index), field->type()));
    }
    members.push_back(std::move(member));
  }
  for (int i = 0; i < records.num_fields(); ++i)
    if (!used[static_cast<std::size_t>(i)] && records.field(i)->null_count() < records.length())
      return arrow::Status::Invalid("the field ", records.type()->field(i)->name(),
                                    " is not in the schema");
  ARROW_ASSIGN_OR_RAISE(auto validity, validity_of(records));
  return std::make_shared<arrow::StructArray>(type, records.length(), std::move(members),
                                              std::move(validity), records.null_count());
}

arrow::Result<ArrayPtr> cast_timestamp(const ArrayPtr& array, const TypePtr& type) {
  const Type::type from = array->type_id();
  const bool zone = !static_cast<const arrow::TimestampType&>(*type).timezone().empty();
  if (from == Type::DATE32 || from == Type::DATE64) {
    if (zone) return no_way(*array->type(), *type);
    return library_cast(array, type);
  }
  if (from != Type::TIMESTAMP) return no_way(*array->type(), *type);
  // A time without a zone says nothing of UTC, and the other way round.
  const bool has_zone =
      !static_cast<const arrow::TimestampType&>(*array->type()).timezone().empty();
  if (zone != has_zone) return no_way(*array->type(), *type);
  return library_cast(array, type);
}

}  // namespace

arrow::Result<ArrayPtr> cast_whole(const ArrayPtr& array, const TypePtr& type) {
  const Type::type from = array->type_id();
  const Type::type to = type->id();
  if (array->type()->Equals(*type)) return array;
  if (from == Type::NA || array->null_count() == array->length())
    return arrow::MakeArrayOfNull(type, array->length(), memory_pool());
  if (from == Type::DICTIONARY) {
    const auto& values = static_cast<const arrow::DictionaryType&>(*array->type()).value_type();
    ARROW_ASSIGN_OR_RAISE(const ArrayPtr decoded, library_cast(array, values));
    return cast_whole(decoded, type);
  }
  switch (to) {
    case Type::STRING:
      return is_text(from) ? library_cast(array, type) : to_text(*array);
    case Type::BINARY:
      if (is_text(from) || is_bytes(from)) return library_cast(array, type);
      break;
    case Type::DECIMAL128:
      if (arrow::is_integer(from)) return integer_to_decimal(array, type);
      if (is_number(from)) return cast_and_back(array, type);
      break;
    case Type::INT32:
    case Type::INT64:
    case Type::FLOAT:
    case Type::DOUBLE:
      if (is_number(from)) return cast_and_back(array, type);
      break;
    case Type::DATE32:
      if (from == Type::DATE64) return cast_and_back(array, type);
      break;
    case Type::TIMESTAMP:
      return cast_timestamp(array, type);
    case Type::LIST:
      if (from == Type::LIST || from == Type::MAP)
        return cast_list(static_cast<const arrow::ListArray&>(*array), type);
      if (from == Type::LARGE_LIST || from == Type::FIXED_SIZE_LIST) {
        ARROW_ASSIGN_OR_RAISE(const ArrayPtr list,
                              library_cast(array, arrow::list(array->type()->field(0))));
        return cast_whole(list, type);
      }
      break;
    case Type::STRUCT:
      if (from == Type::STRUCT)
        return cast_struct(static_cast<const arrow::StructArray&>(*array), type);
      break;
    default:
      break;
  }
  return no_way(*array->type(), *type);
}

namespace {

// Halves what fails until single rows are found guilty.
arrow::Status cast_halves(const ArrayPtr& array, const TypePtr& type, std::int64_t first_row,
                          arrow::ArrayVector& parts, std::vector<std::int64_t>& misfits) {
  auto whole = cast_whole(array, type);
  if (whole.ok()) {
    parts.push_back(std::move(whole).ValueUnsafe());
    return arrow::Status::OK();
  }
  if (whole.status().IsOutOfMemory()) return whole.status();
  if (array->length() == 1) {
    misfits.push_back(first_row);
    return arrow::MakeArrayOfNull(type, 1, memory_pool()).Value(&parts.emplace_back());
  }
  const std::int64_t half = array->length() / 2;
  ARROW_RETURN_NOT_OK(cast_halves(array->Slice(0, half), type, first_row, parts, misfits));
  return cast_halves(array->Slice(half), type, first_row + half, parts, misfits);
}

}  // namespace

arrow::Result<PartialCast> cast_rows(const ArrayPtr& array, const TypePtr& type) {
  PartialCast result;
  arrow::ArrayVector parts;
  ARROW_RETURN_NOT_OK(cast_halves(array, type, 0, parts, result.misfits));
  if (parts.size() == 1) {
    result.array = std::move(parts[0]);
    return result;
  }
  ARROW_ASSIGN_OR_RAISE(result.array, arrow::Concatenate(parts, memory_pool()));
  return result;
}

bool is_utf8(const arrow::Array& array) {
  switch (array.type_id()) {
    case Type::STRING:
      return static_cast<const arrow::StringArray&>(array).ValidateUTF8().ok();
    case Type::LIST:
      return is_utf8(*static_cast<const arrow::ListArray&>(array).values()->Slice(
          static_cast<const arrow::ListArray&>(array).value_offset(0),
          static_cast<const arrow::ListArray&>(array).value_offset(array.length()) -
              static_cast<const arrow::ListArray&>(array).value_offset(0)));
    case Type::STRUCT:
      for (const ArrayPtr& member : static_cast<const arrow::StructArray&>(array).fields())
        if (!is_utf8(*member)) return false;
      return true;
    default:
      return true;
  }
}

Result<ArrayPtr> cast_exactly(const ArrayPtr& array, const TypePtr& type) {
  LAKEGATE_TRY(PartialCast cast, from_arrow(cast_rows(array, type)));
  if (cast.misfits.empty()) return cast.array;
  std::string value;
  append_json(*array, cast.misfits[0], value);
  return invalid_input(fmt::format("row {}: {} does not fit {} without being changed",
                                   cast.misfits[0] + 1, value, type->ToString()));
}

}  // namespace lakegate
