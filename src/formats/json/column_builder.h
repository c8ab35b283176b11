// One column of the output, or a place inside a list or struct column, filled value by value from
// parsed JSON.
#pragma once

#include <arrow/api.h>

#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "formats/json/walk.h"
#include "formats/records.h"
#include "lake/reject.h"
#include "schema/types.h"

namespace lakegate::json {

enum class Outcome {
  kOk,
  kFault,          // the row is rejected: RowState::fault
  kContradiction,  // a guessed type does not hold
  kNotJson,        // or a duplicate key: find_problem has the words
};

// What is wrong with a row.
struct Fault {
  RejectReason reason = RejectReason::kTypeMismatch;
  std::string path;  // of the value: "values[3]", "a.b"
  std::string message;
};

// What one row after the other is decoded with.
struct RowState {
  NewColumns new_columns = NewColumns::kAdd;
  OpenKeys keys;
  std::string scratch;
  Fault fault;
  std::uint64_t object = 0;  // ordinal of the object that was opened last
  bool has_noted = false;    // something was seen that had not been, since this was last cleared

  // Remembers what a type does not tell of the values in a place.
  void note(Seen seen, std::uint16_t& so_far) {
    has_noted |= (so_far & seen) == 0;
    so_far |= seen;
  }
};

class ColumnBuilder;

// How strictly a column takes values (ColumnPlan).
struct Rules {
  bool is_inferred = false;
  bool is_exact = false;
  bool is_nested = false;  // in a list or struct
  RejectReason null_reason = RejectReason::kMissingRequired;
};

// Takes the members of an object to the columns of their names. Keys mostly come in the same order,
// so each column remembers which came next the last time.
class MemberBuilder {
 public:
  // The columns of a plan; unknown keys are RowState::new_columns's to decide.
  explicit MemberBuilder(const std::vector<ColumnPlan>& plan);
  // The fields of a struct; unknown keys that tell a type contradict, if it is inferred.
  MemberBuilder(const std::vector<Field>& fields, Rules rules);
  MemberBuilder(MemberBuilder&&) noexcept;
  ~MemberBuilder();

  Outcome append(ondemand::object& object, RowState& state, int depth);
  void append_null();
  void truncate(std::int64_t rows);
  std::vector<ColumnBuilder>& columns() { return columns_; }
  // Adds what the values held that their types do not tell.
  void add_seen(Observed& observed) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct Place {
    std::uint64_t filled = 0;  // the object that filled it last
    int next = 0;              // the place whose key came next the last time
  };

  void add(const std::string& key, const Field& field, Rules rules);
  int find(std::string_view key, int guess) const;
  Outcome append_new(ondemand::field& field, std::string_view key, RowState& state, int depth);

  std::vector<std::string> names_;
  std::unordered_map<std::string, int, Hash, std::equal_to<>> index_;
  std::vector<ColumnBuilder> columns_;
  std::vector<Place> places_;
  Observed untyped_;  // its fields: keys without a column, because nothing has told a type
  int first_ = 0;
  bool is_struct_ = false;
  bool is_inferred_ = false;
};

class ColumnBuilder {
 public:
  ColumnBuilder(const Field& field, Rules rules);
  ColumnBuilder(ColumnBuilder&&) noexcept;
  ~ColumnBuilder();

  // Makes room for so many rows.
  void reserve(std::int64_t rows);
  // Of a list of numbers: makes room for so many times the elements that are there.
  void reserve_elements(double factor);
  // Exactly one value is added if kOk. Otherwise the column may be left with part of it, until
  // `truncate`.
  Outcome append(ondemand::value& value, RowState& state, int depth);
  // For a key that the object does not have.
  Outcome append_missing(RowState& state);
  void append_null();
  void truncate(std::int64_t length);

  // The column, which is then empty.
  std::shared_ptr<arrow::ArrayData> finish();

  // Adds what the values held that the type does not tell.
  void add_seen(Observed& observed) const;
  const Field& field() const { return field_; }

 private:
  using Kind = LogicalType::Kind;

  Outcome append_string(std::string_view text, RowState& state);
  Outcome append_token(std::string_view token, RowState& state);
  bool append_short_integers(std::string_view token);
  Outcome append_text(ondemand::value& value, std::string_view token, RowState& state, int depth);
  Outcome append_list(ondemand::value& value, RowState& state, int depth);
  Outcome append_struct(ondemand::value& value, RowState& state, int depth);
  Outcome append_unknown(ondemand::value& value, std::string_view token, RowState& state,
                         int depth);
  Outcome mismatch(std::string_view value, RowState& state) const;
  Outcome missing(RowState& state) const;

  template <class T>
  void push(T value) {
    if (!values_.Append(&value, sizeof value).ok()) throw std::bad_alloc();
  }
  void push_bytes(std::string_view bytes);
  void push_offset(std::int64_t end);
  void mark_valid();
  std::shared_ptr<arrow::Buffer> take(arrow::BufferBuilder& builder);
  std::shared_ptr<arrow::Buffer> take_bits(const std::vector<std::uint8_t>& flags);

  Field field_;
  std::shared_ptr<arrow::DataType> type_;
  Rules rules_;
  std::uint16_t seen_ = 0;
  std::int64_t length_ = 0;
  std::vector<std::uint8_t> valid_;  // empty as long as there is no null; a byte a value
  std::vector<std::uint8_t> bools_;
  arrow::BufferBuilder values_;   // of numbers and times; the bytes of text and binary
  arrow::BufferBuilder offsets_;  // of text, binary and lists: int32, the end of each value
  std::unique_ptr<ColumnBuilder> element_;
  std::unique_ptr<MemberBuilder> members_;
};

}  // namespace lakegate::json
