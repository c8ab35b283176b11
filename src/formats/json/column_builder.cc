#include "formats/json/column_builder.h"

#include <arrow/util/decimal.h>
#include <fast_float/fast_float.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <new>

#include "formats/arrow_bridge.h"
#include "formats/columns/fast_cell.h"
#include "formats/json/plain.h"
#include "lake/reject.h"
#include "schema/calendar.h"
#include "schema/cell.h"

namespace lakegate::json {
namespace {

using Kind = LogicalType::Kind;

// What would hold the value, and `lakegate widen` can make of the type.
std::string_view wider_type(Kind from, std::string_view value) {
  const bool is_number_text = is_number(value);
  std::int64_t whole = 0;
  switch (from) {
    case Kind::kInt32:
    case Kind::kInt64:
      if (!is_number_text) return "text";
      if (cell::parse_int64(value, whole)) return "int64";
      return cell::classify_json_number(value) == kSeenBigInt ? "decimal(38,0)" : "double";
    case Kind::kFloat32:
      return is_number_text ? "double" : "text";
    case Kind::kDate: {
      const bool is_string = value.size() >= 2 && value.starts_with('"');
      const bool is_timestamp = is_string && cell::classify_json_string(value.substr(
                                                 1, value.size() - 2)) == kSeenTimestamp;
      return is_timestamp ? "timestamp" : "text";
    }
    default:
      return "text";
  }
}

std::string cure_of(const LogicalType& type, bool is_nested, std::string_view value) {
  const bool can_widen =
      !is_nested && !type.is(Kind::kList) && !type.is(Kind::kStruct) && !type.is(Kind::kBinary);
  if (!can_widen) return "correct the value, or declare the column as text in a new dataset";
  return widen_cure(wider_type(type.kind, value));
}

std::string with_article(const std::string& type) {
  return (type.starts_with("int") ? "an " : "a ") + type;
}

}  // namespace

ColumnBuilder::ColumnBuilder(const Field& field, Rules rules)
    : field_(field),
      type_(to_arrow(field.type)),
      rules_(rules),
      values_(memory_pool()),
      offsets_(memory_pool()) {
  rules_.is_exact |= rules_.is_inferred;
  Rules inner = rules_;
  inner.is_nested = true;
  inner.null_reason = RejectReason::kMissingRequired;
  if (field.type.is(Kind::kList))
    element_ = std::make_unique<ColumnBuilder>(field.type.children[0], inner);
  else if (field.type.is(Kind::kStruct))
    members_ = std::make_unique<MemberBuilder>(field.type.children, inner);
}
ColumnBuilder::ColumnBuilder(ColumnBuilder&&) noexcept = default;
ColumnBuilder::~ColumnBuilder() = default;

Outcome ColumnBuilder::mismatch(std::string_view value, RowState& state) const {
  if (rules_.is_inferred) return Outcome::kContradiction;
  const std::string what = value.starts_with('{')   ? "an object"
                           : value.starts_with('[') ? "an array"
                                                    : shown(value);
  const std::string format =
      field_.format.empty() ? "" : fmt::format(" of the format {}", field_.format);
  state.fault = {RejectReason::kTypeMismatch,
                 {},
                 fmt::format("{} is not {}{}: {}", what, with_article(to_string(field_.type)),
                             format, cure_of(field_.type, rules_.is_nested, value))};
  return Outcome::kFault;
}

Outcome ColumnBuilder::missing(RowState& state) const {
  state.fault = {rules_.null_reason, {}, "the value is missing, and it is required"};
  return Outcome::kFault;
}

void ColumnBuilder::add_seen(Observed& observed) const {
  observed.seen |= seen_;
  if (element_) element_->add_seen(observed.array_element());
  if (members_) members_->add_seen(observed);
}

Outcome ColumnBuilder::append_missing(RowState& state) {
  if (field_.required) return missing(state);
  append_null();
  return Outcome::kOk;
}

Outcome ColumnBuilder::append(ondemand::value& value, RowState& state, int depth) {
  const std::string_view token = token_of(value);
  if (token.empty()) return Outcome::kNotJson;
  if (token == "null") {
    if (field_.required) return missing(state);
    append_null();
    return Outcome::kOk;
  }
  switch (field_.type.kind) {
    case Kind::kText:
      return append_text(value, token, state, depth);
    case Kind::kList:
      return token[0] == '[' ? append_list(value, state, depth) : mismatch(token, state);
    case Kind::kStruct:
      return token[0] == '{' ? append_struct(value, state, depth) : mismatch(token, state);
    case Kind::kUnknown:
      return append_unknown(value, token, state, depth);
    case Kind::kDate:
    case Kind::kTimestamp:
    case Kind::kTimestampTz:
    case Kind::kBinary: {
      if (token[0] != '"') return mismatch(token, state);
      const auto body = take_string(value);
      if (!body) return Outcome::kNotJson;
      if (!body->escaped) return append_string(body->raw, state);
      state.scratch.clear();
      if (!unescape(body->raw, state.scratch)) return Outcome::kNotJson;
      const std::string text = state.scratch;
      return append_string(text, state);
    }
    default:
      return append_token(token, state);
  }
}

// A number or a word, in a column of numbers or bools.
Outcome ColumnBuilder::append_token(std::string_view token, RowState& state) {
  switch (field_.type.kind) {
    case Kind::kBool:
      if (token != "true" && token != "false") return mismatch(token, state);
      bools_.push_back(token == "true");
      break;
    case Kind::kInt64: {
      std::int64_t number = 0;
      if (!columns::fast::parse_int64(token, number)) return mismatch(token, state);
      if (rules_.is_inferred && (number > kExactInDouble || number < -kExactInDouble)) {
        state.note(cell::classify_json_number(token), seen_);
      }
      push(number);
      break;
    }
    case Kind::kInt32: {
      std::int64_t number = 0;
      if (!cell::parse_int64(token, number) || number < std::numeric_limits<std::int32_t>::min() ||
          number > std::numeric_limits<std::int32_t>::max())
        return mismatch(token, state);
      push(static_cast<std::int32_t>(number));
      break;
    }
    case Kind::kDouble: {
      double number = 0;
      if (!is_number(token) || !(rules_.is_exact ? columns::fast::parse_exact_double(token, number)
                                                 : cell::parse_declared_double(token, number)))
        return mismatch(token, state);
      push(number);
      break;
    }
    case Kind::kFloat32: {
      float number = 0;
      const char* const end = token.data() + token.size();
      if (!is_number(token) || fast_float::from_chars(token.data(), end, number).ptr != end ||
          std::isinf(number))
        return mismatch(token, state);
      push(number);
      break;
    }
    case Kind::kDecimal: {
      arrow::Decimal128 number;
      const LogicalType& type = field_.type;
      if (!is_number(token) ||
          !(rules_.is_exact && type.scale == 0
                ? cell::parse_bigint(token, number)
                : cell::parse_decimal(token, type.precision, type.scale, number)))
        return mismatch(token, state);
      push(number.ToBytes());
      break;
    }
    default:
      return mismatch(token, state);
  }
  mark_valid();
  return Outcome::kOk;
}

// A whole list of short integers, which long lists mostly are, read as it stands from its `[` on.
// The value is not used up: whoever has it passes it over, and finds out if its `]` was another
// one's. False: there is something else in it, and nothing was done.
bool ColumnBuilder::append_short_integers(std::string_view token) {
  const std::int64_t bytes = values_.length();
  std::array<std::int64_t, 64> some;
  std::size_t filled = 0;
  const auto keep = [&] {
    const auto size = static_cast<std::int64_t>(filled * sizeof some[0]);
    if (!values_.Append(some.data(), size).ok()) throw std::bad_alloc();
    filled = 0;
  };
  const char* at = token.data() + 1;
  const auto skip_blank = [&at] { at += *at == ' '; };
  do {
    skip_blank();
    if (filled == some.size()) keep();
    if (!take_short_integer(at, some[filled])) return values_.Rewind(bytes), false;
    ++filled;
    skip_blank();
  } while (*at++ == ',');
  if (at[-1] != ']') return values_.Rewind(bytes), false;
  keep();
  const std::int64_t count = (values_.length() - bytes) / static_cast<std::int64_t>(sizeof some[0]);
  if (!valid_.empty()) valid_.insert(valid_.end(), static_cast<std::size_t>(count), 1);
  length_ += count;
  return true;
}

// A string's text, in a column of times or binary.
Outcome ColumnBuilder::append_string(std::string_view text, RowState& state) {
  const auto misfit = [&] { return mismatch(fmt::format("\"{}\"", shown(text)), state); };
  std::int64_t micros = 0;
  std::int32_t days = 0;
  const bool has_format = !field_.format.empty();
  const auto formatted = [&] { return cell::parse_formatted(text, field_.format, micros); };
  switch (field_.type.kind) {
    case Kind::kDate:
      if (has_format) {
        if (!formatted()) return misfit();
        days = static_cast<std::int32_t>(micros / kMicrosPerDay - (micros % kMicrosPerDay < 0));
      } else if (!cell::parse_date(text, days)) {
        return misfit();
      }
      push(days);
      break;
    case Kind::kTimestamp:
      if (has_format) {
        if (!formatted()) return misfit();
      } else if (!cell::parse_timestamp(text, micros)) {
        // A date among timestamps is its midnight.
        if (!cell::parse_date(text, days)) return misfit();
        micros = days * kMicrosPerDay;
      }
      push(micros);
      break;
    case Kind::kTimestampTz:
      if (!(has_format ? formatted() : cell::parse_timestamptz(text, micros))) return misfit();
      push(micros);
      break;
    default: {  // binary
      std::string bytes;
      if (!decode_base64(text, bytes)) return misfit();
      push_bytes(bytes);
    }
  }
  mark_valid();
  return Outcome::kOk;
}

// A string is its content; anything else its JSON as it stands.
Outcome ColumnBuilder::append_text(ondemand::value& value, std::string_view token, RowState& state,
                                   int depth) {
  if (token[0] == '"') {
    const auto body = take_string(value);
    if (!body) return Outcome::kNotJson;
    if (!body->escaped) {
      push_bytes(body->raw);
    } else {
      state.scratch.clear();
      if (!unescape(body->raw, state.scratch)) return Outcome::kNotJson;
      push_bytes(state.scratch);
    }
  } else {
    std::string_view text;
    if (!take_verbatim(value, state.keys, depth, text)) return Outcome::kNotJson;
    push_bytes(text);
  }
  mark_valid();
  return Outcome::kOk;
}

Outcome ColumnBuilder::append_list(ondemand::value& value, RowState& state, int depth) {
  if (element_->field_.type.is(Kind::kInt64) && depth <= kMaxDepth &&
      element_->append_short_integers(token_of(value))) {
    push_offset(element_->length_);
    mark_valid();
    return Outcome::kOk;
  }
  ondemand::array array;
  if (depth > kMaxDepth || value.get_array().get(array)) return Outcome::kNotJson;
  const std::int64_t first = element_->length_;
  for (auto next : array) {
    ondemand::value element;
    if (std::move(next).get(element)) return Outcome::kNotJson;
    const Outcome outcome = element_->append(element, state, depth + 1);
    if (outcome == Outcome::kOk) [[likely]]
      continue;
    if (outcome == Outcome::kFault)
      state.fault.path.insert(0, fmt::format("[{}]", element_->length_ - first));
    return outcome;
  }
  push_offset(element_->length_);
  mark_valid();
  return Outcome::kOk;
}

Outcome ColumnBuilder::append_struct(ondemand::value& value, RowState& state, int depth) {
  ondemand::object object;
  if (depth > kMaxDepth || value.get_object().get(object)) return Outcome::kNotJson;
  const Outcome outcome = members_->append(object, state, depth);
  if (outcome == Outcome::kOk) mark_valid();
  return outcome;
}

// A column that has had no value yet. A container without any scalar in it still tells no type, but
// what it is has to be known when a type appears: in `seen`, or by looking again.
Outcome ColumnBuilder::append_unknown(ondemand::value& value, std::string_view token,
                                      RowState& state, int depth) {
  const auto content = look_through(value, state.keys, depth);
  if (!content) return Outcome::kNotJson;
  const bool tells_a_type = *content == Content::kValues;
  if (tells_a_type && !rules_.is_inferred && state.new_columns == NewColumns::kReject) {
    state.fault = {RejectReason::kUnknownColumn,
                   {},
                   "the column has no type yet, and new columns are rejected: declare it"};
    return Outcome::kFault;
  }
  if (rules_.is_inferred || state.new_columns == NewColumns::kAdd) {
    if (tells_a_type || *content == Content::kNestedEmpty) return Outcome::kContradiction;
    state.note(token[0] == '{' ? kSeenObject : kSeenArray, seen_);
  }
  append_null();
  return Outcome::kOk;
}

}  // namespace lakegate::json
