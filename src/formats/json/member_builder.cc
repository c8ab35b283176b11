#include <fmt/format.h>

#include "formats/json/column_builder.h"

namespace lakegate::json {

MemberBuilder::MemberBuilder(const std::vector<ColumnPlan>& plan) {
  constexpr const char* kNoKey = "\xff";  // keys are UTF-8
  for (const ColumnPlan& column : plan)
    add(column.is_captured ? kNoKey : column.field.source_name(), column.field,
        {.is_inferred = column.inferred,
         .is_exact = column.exact,
         .null_reason = column.null_reason});
}

MemberBuilder::MemberBuilder(const std::vector<Field>& fields, Rules rules)
    : is_struct_(true), is_inferred_(rules.is_inferred) {
  for (const Field& field : fields) add(field.source_name(), field, rules);
}

void MemberBuilder::add(const std::string& key, const Field& field, Rules rules) {
  const auto place = static_cast<int>(columns_.size());
  names_.push_back(key);
  index_.emplace(key, place);
  columns_.emplace_back(field, rules);
  places_.push_back({.next = place + 1});
}

MemberBuilder::MemberBuilder(MemberBuilder&&) noexcept = default;
MemberBuilder::~MemberBuilder() = default;

int MemberBuilder::find(std::string_view key, int guess) const {
  if (guess < static_cast<int>(names_.size()) && names_[static_cast<std::size_t>(guess)] == key)
    return guess;
  const auto found = index_.find(key);
  return found == index_.end() ? -1 : found->second;
}

Outcome MemberBuilder::append(ondemand::object& object, RowState& state, int depth) {
  const std::uint64_t ordinal = ++state.object;
  const std::size_t mark = state.keys.open();
  std::size_t filled = 0;
  int* guess = &first_;
  for (auto next : object) {
    ondemand::field field;
    if (std::move(next).get(field)) return Outcome::kNotJson;
    const auto key = state.keys.plain(field.escaped_key());
    if (!key) return Outcome::kNotJson;
    const int found = find(*key, *guess);
    if (found < 0) {
      const Outcome outcome = append_new(field, *key, state, depth);
      if (outcome != Outcome::kOk) return outcome;
      continue;
    }
    *guess = found;
    Place& place = places_[static_cast<std::size_t>(found)];
    if (place.filled == ordinal) return Outcome::kNotJson;
    place.filled = ordinal;
    guess = &place.next;
    ++filled;
    ColumnBuilder& column = columns_[static_cast<std::size_t>(found)];
    const Outcome outcome = column.append(field.value(), state, depth + 1);
    if (outcome == Outcome::kOk) [[likely]]
      continue;
    if (outcome == Outcome::kFault) {
      const bool is_inner = state.fault.path.starts_with('[') || state.fault.path.empty();
      state.fault.path.insert(0, column.field().name + (is_inner ? "" : "."));
    }
    return outcome;
  }
  if (!state.keys.close(mark)) return Outcome::kNotJson;
  if (filled == columns_.size()) return Outcome::kOk;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (places_[i].filled == ordinal) continue;
    const Outcome outcome = columns_[i].append_missing(state);
    if (outcome != Outcome::kOk) {
      state.fault.path = columns_[i].field().name;
      return outcome;
    }
  }
  return Outcome::kOk;
}

// A key that no column has.
Outcome MemberBuilder::append_new(ondemand::field& field, std::string_view key, RowState& state,
                                  int depth) {
  state.keys.add(key);
  const bool is_object = token_of(field.value()).starts_with('{');
  const auto content = look_through(field.value(), state.keys, depth + 1);
  if (!content) return Outcome::kNotJson;
  const NewColumns policy = is_inferred_ ? NewColumns::kAdd : state.new_columns;
  if (*content == Content::kNull || policy == NewColumns::kIgnore) return Outcome::kOk;
  if (policy == NewColumns::kAdd) {
    if (!is_struct_ || *content != Content::kEmpty) return Outcome::kContradiction;
    // A member of no type is none of the struct's; what it is counts once a value tells its type.
    state.note(is_object ? kSeenObject : kSeenArray, untyped_.field(key).seen);
    return Outcome::kOk;
  }
  if (*content != Content::kValues) return Outcome::kOk;
  state.fault = {RejectReason::kUnknownColumn, std::string(key),
                 "the schema has no such column, and new columns are rejected: declare it, or set "
                 "`new_columns: add`"};
  return Outcome::kFault;
}

void MemberBuilder::add_seen(Observed& observed) const {
  for (const ColumnBuilder& column : columns_)
    column.add_seen(observed.field(column.field().source_name()));
  observed.join(untyped_);
}

void MemberBuilder::append_null() {
  for (ColumnBuilder& column : columns_) column.append_null();
}

void MemberBuilder::truncate(std::int64_t rows) {
  for (ColumnBuilder& column : columns_) column.truncate(rows);
}

}  // namespace lakegate::json
