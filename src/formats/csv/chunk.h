// A block of CSV records with a fixed number of columns: the Chunk behind open_csv.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/columns/cells.h"
#include "formats/csv/cutter.h"
#include "formats/records.h"

namespace lakegate::csv {

// What all chunks of a file have in common.
struct Layout {
  Dialect dialect;
  std::vector<std::string> columns;  // names
  std::vector<std::string> nulls;    // further null tokens
};

// A record that is no row of the table, whatever its cells hold.
struct BadRecord {
  std::uint32_t record = 0;  // index in the chunk
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t cells = 0;
  RejectReason reason = RejectReason::kTooFewColumns;
  bool cut = false;
};

class CsvChunk : public Chunk {
 public:
  CsvChunk(RecordBlock block, std::shared_ptr<const Layout> layout);

  Result<DecodedChunk> decode(const DecodePlan& plan) const override;
  Result<void> observe(Observed& root) const override;

 private:
  // Rows of the table: `ends` has the cells' ends, layout_->columns.size() a row.
  struct Rows {
    std::vector<std::uint32_t> begins;
    Positions ends;
  };
  struct RowFault {
    std::uint32_t row;
    std::uint32_t column;  // of the plan
    RejectReason reason;
  };

  columns::Cells cells_of(const Rows& rows, std::size_t column) const;
  Rows without(const std::vector<RowFault>& faults) const;
  std::uint32_t record_of(std::uint32_t row) const;
  std::vector<Reject> rejects(const std::vector<RowFault>& faults, const DecodePlan& plan) const;
  Reject reject_of(const BadRecord& bad) const;
  Reject reject_of(const RowFault& fault, const DecodePlan& plan) const;

  std::shared_ptr<const Layout> layout_;
  Bytes bytes_;
  std::uint64_t offset_;
  std::uint64_t line_;
  bool quotes_;
  Rows rows_;
  std::vector<BadRecord> bad_;  // ascending
};

}  // namespace lakegate::csv
