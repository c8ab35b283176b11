#include "tables/dynamodb/item_encoder.h"

#include <arrow/api.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "lake/json_text.h"
#include "tables/dynamodb/attribute_value.h"

namespace lakegate::dynamodb {
namespace {

using Kind = LogicalType::Kind;

std::size_t append_seconds(std::int64_t value, std::string& out) {
  std::array<char, 24> digits;
  const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const std::string_view text(digits.data(), static_cast<std::size_t>(end - digits.data()));
  out += text;
  return number_bytes(text);
}

}  // namespace

std::string_view attribute_type(const LogicalType& type) {
  switch (type.kind) {
    case Kind::kBool:
      return "BOOL";
    case Kind::kInt32:
    case Kind::kInt64:
    case Kind::kFloat32:
    case Kind::kDouble:
    case Kind::kDecimal:
      return "N";
    case Kind::kBinary:
      return "B";
    case Kind::kList:
      return "L";
    case Kind::kStruct:
      return "M";
    default:
      return "S";
  }
}

std::size_t number_bytes(std::string_view text) {
  std::size_t significant = 0, zeros = 0;
  bool negative = false;
  for (const char c : text) {
    if (c == 'e') break;
    if (c == '-') negative = true;
    if (c < '0' || c > '9') continue;
    if (c == '0') {
      if (significant > 0) ++zeros;
      continue;
    }
    significant += zeros + 1;
    zeros = 0;
  }
  return (significant + 1) / 2 + 1 + (negative ? 1 : 0);
}

ItemEncoder::ItemEncoder(const TableDefinition& definition, std::string_view order,
                         std::string_view source)
    : fields_(served_fields(definition)), keys_(definition.key.size()) {
  const auto add = [&](std::size_t field, std::size_t key_limit) {
    Column column{.name_bytes = fields_[field].name.size(), .field = field, .key_limit = key_limit};
    column.prefix = ",";
    append_json_string(fields_[field].name, column.prefix);
    column.prefix += ':';
    columns_.push_back(std::move(column));
  };
  for (const std::string& key : definition.key)
    add(static_cast<std::size_t>(std::ranges::find(fields_, key, &Field::name) - fields_.begin()),
        columns_.empty() ? kMaxPartitionKeyBytes : kMaxSortKeyBytes);
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (std::ranges::find(definition.key, fields_[i].name) == definition.key.end()) add(i, 0);
    if (!definition.ttl.empty() && fields_[i].name == definition.ttl) expires_field_ = i;
  }
  tail_ = ",\"" + std::string(kOrder) + R"(":{"S":)";
  append_json_string(order, tail_);
  tail_ += "},\"" + std::string(kSource) + R"(":{"S":)";
  append_json_string(source, tail_);
  tail_ += "},\"" + std::string(kRow) + R"(":{"N":")";
  tail_bytes_ = kOrder.size() + order.size() + kSource.size() + source.size() + kRow.size();
}

void ItemEncoder::set_rows(const OfferedRows& rows) {
  rows_ = &rows;
  for (Column& column : columns_) column.array = rows.column(column.field);
  expires_ = expires_field_ ? rows.column(*expires_field_) : nullptr;
}

std::optional<Misfit> ItemEncoder::encode(std::int64_t row, EncodedItem& out) const {
  out.item.clear();
  out.bytes = tail_bytes_;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.array != nullptr && !column.array->IsNull(row)) {
      out.item.append(column.prefix, out.item.empty() ? 1 : 0);
      const auto bytes = append_attribute(*column.array, row, out.item);
      if (!bytes) return Misfit{.reason = RejectReason::kNumberOutOfRange, .field = column.field};
      if (column.key_limit > 0 && *bytes > column.key_limit)
        return Misfit{.reason = RejectReason::kKeyTooLong, .field = column.field};
      out.bytes += column.name_bytes + *bytes;
    }
    if (i + 1 == keys_) out.key_length = out.item.size();
  }
  if (expires_ != nullptr && !expires_->IsNull(row)) {
    out.item += ",\"";
    out.item += kExpires;
    out.item += R"(":{"N":")";
    out.bytes += kExpires.size() + append_seconds(epoch_seconds(*expires_, row), out.item);
    out.item += R"("})";
  }
  out.item += tail_;
  out.bytes += append_seconds(rows_->place(row), out.item);
  out.item += R"("})";
  if (out.bytes > kMaxItemBytes) return Misfit{.reason = RejectReason::kItemTooLarge};
  return std::nullopt;
}

}  // namespace lakegate::dynamodb
