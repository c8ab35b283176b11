// A batch of rows as a table's definition sees them: what every adapter does before it writes.
#pragma once

#include <arrow/api.h>

#include <optional>
#include <string>
#include <vector>

#include "lake/records.h"
#include "lake/reject.h"
#include "tables/table.h"

namespace lakegate {

// The definition's columns that are served, in its order: all but the unknown ones.
std::vector<Field> served_fields(const TableDefinition& definition);

class OfferedRows {
 public:
  // `rows` must outlive it. `first` is the ordinal, from 1, of the batch's first row in its load.
  static Result<OfferedRows> of(const TableDefinition& definition, const arrow::RecordBatch& rows,
                                std::uint64_t first);

  std::int64_t size() const { return rows_->num_rows(); }
  // By position in served_fields(); null where the batch does not have the column.
  const arrow::Array* column(std::size_t i) const { return columns_[i].get(); }
  // The row's place in its arrival: _row, or the order of offering.
  std::int64_t place(std::int64_t row) const {
    return places_ ? places_->Value(row) : static_cast<std::int64_t>(first_) + row;
  }
  // The key column, by its position in the key, that forbids serving the row, if there is one:
  // null, empty text, NaN, or not in the batch at all (files older than the column).
  std::optional<std::size_t> unusable_key(std::int64_t row) const;

  Reject key_null(std::int64_t row, std::size_t key_column) const;
  Reject key_exists(std::int64_t row) const;
  // kKeyTooLong, kItemTooLarge, kNumberOutOfRange; `column` is the one at fault, if one is.
  Reject misfit(std::int64_t row, RejectReason reason, const std::string& column) const;

 private:
  Reject reject(std::int64_t row, RejectReason reason) const;
  std::string key_text(std::int64_t row) const;

  const TableDefinition* definition_ = nullptr;
  const arrow::RecordBatch* rows_ = nullptr;
  std::uint64_t first_ = 1;
  std::vector<std::shared_ptr<arrow::Array>> columns_;
  std::vector<const arrow::Array*> key_;  // null where the batch lacks it
  std::shared_ptr<arrow::Int64Array> places_;
};

// The first kMaxFailureRejects of a load.
class KeptRejects {
 public:
  template <class MakeReject>
  void add(MakeReject make) {
    if (kept_.size() < kMax) kept_.push_back(make());
  }
  const std::vector<Reject>& kept() const { return kept_; }

 private:
  static constexpr std::size_t kMax = kMaxFailureRejects;
  std::vector<Reject> kept_;
};

}  // namespace lakegate
