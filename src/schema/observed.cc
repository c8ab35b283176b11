#include "schema/observed.h"

#include <bit>

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

// NaN tokens do not take part: they are null in every type but double, and a value there.
LogicalType resolve_scalar(std::uint16_t kinds) {
  constexpr std::uint16_t kNumbers = kSeenInt | kSeenIntNotDouble | kSeenBigInt | kSeenDouble;
  constexpr std::uint16_t kZoneless = kSeenDate | kSeenTimestamp;
  if (kinds == 0) return {};
  if (kinds == kSeenBool) return {Kind::kBool};
  if (kinds == kSeenDate) return {Kind::kDate};
  if ((kinds & ~kZoneless) == 0) return {Kind::kTimestamp};
  if (kinds == kSeenTimestampTz) return {Kind::kTimestampTz};
  if ((kinds & ~kNumbers) == 0) {
    const bool integers_only = (kinds & kSeenDouble) == 0;
    if (integers_only && (kinds & kSeenBigInt) != 0) return {Kind::kDecimal, 38, 0};
    if (integers_only) return {Kind::kInt64};
    // Some of the integers would change as doubles.
    if ((kinds & (kSeenIntNotDouble | kSeenBigInt)) == 0) return {Kind::kDouble};
  }
  return {Kind::kText};
}

}  // namespace

Observed& Observed::field(std::string_view name) {
  for (auto& [known, observed] : fields)
    if (known == name) return observed;
  return fields.emplace_back(std::string(name), Observed{}).second;
}

Observed& Observed::array_element() {
  if (!element) element = std::make_unique<Observed>();
  return *element;
}

void Observed::join(const Observed& other) {
  seen |= other.seen;
  for (const auto& [name, observed] : other.fields) field(name).join(observed);
  if (other.element) array_element().join(*other.element);
}

LogicalType resolve(const Observed& observed) {
  const auto kinds = static_cast<std::uint16_t>(observed.seen & ~(kSeenNull | kSeenNanToken));
  if ((kinds & (kSeenObject | kSeenArray)) == 0) return resolve_scalar(kinds);
  if (std::popcount(kinds) > 1) return {Kind::kText};
  if (kinds == kSeenArray) {
    Field element{.name = "element"};
    if (observed.element) element.type = resolve(*observed.element);
    // A list whose elements have had no value yet cannot be written; its column stays unknown.
    if (element.type.is(Kind::kUnknown)) return {};
    return {Kind::kList, 0, 0, {std::move(element)}};
  }
  LogicalType type{Kind::kStruct};
  for (const auto& [name, child] : observed.fields) {
    Field field{.name = name, .type = resolve(child)};
    if (!field.type.is(Kind::kUnknown)) type.children.push_back(std::move(field));
  }
  return type.children.empty() ? LogicalType{} : type;
}

Observed observed_from(const LogicalType& type) {
  Observed observed;
  switch (type.kind) {
    case Kind::kUnknown:
      break;
    case Kind::kBool:
      observed.seen = kSeenBool;
      break;
    case Kind::kInt32:
    case Kind::kInt64:
      observed.seen = kSeenInt;
      break;
    case Kind::kFloat32:
    case Kind::kDouble:
      observed.seen = kSeenDouble;
      break;
    case Kind::kDecimal:
      observed.seen = type.scale == 0 ? kSeenBigInt : kSeenText;
      break;
    case Kind::kText:
    case Kind::kBinary:
      observed.seen = kSeenText;
      break;
    case Kind::kDate:
      observed.seen = kSeenDate;
      break;
    case Kind::kTimestamp:
      observed.seen = kSeenTimestamp;
      break;
    case Kind::kTimestampTz:
      observed.seen = kSeenTimestampTz;
      break;
    case Kind::kList:
      observed.seen = kSeenArray;
      observed.array_element() = observed_from(type.children[0].type);
      break;
    case Kind::kStruct:
      observed.seen = kSeenObject;
      for (const Field& field : type.children)
        observed.field(field.source_name()) = observed_from(field.type);
      break;
  }
  return observed;
}

}  // namespace lakegate
