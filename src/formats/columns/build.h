// A column of text cells as an Arrow array of the planned type.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/columns/cells.h"
#include "formats/records.h"
#include "lake/error.h"
#include "lake/reject.h"

namespace lakegate::columns {

// A cell that its column does not take.
struct Failure {
  std::uint32_t row = 0;
  std::uint32_t column = 0;  // of the plan
  RejectReason reason = RejectReason::kTypeMismatch;
};

struct Build {
  const ColumnPlan& plan;
  std::uint32_t column = 0;               // of the plan, for the failures
  const std::vector<std::string>& nulls;  // null tokens beyond the usual ones
  std::vector<Failure>& failures;         // appended to; such a row holds null
  std::uint16_t& seen;                    // Seen bits, joined
};

// Whether cells of text can become this type at all: an error says which column cannot, and why.
Result<void> can_build(const ColumnPlan& plan);

// Without a `source` every row is null.
Result<std::shared_ptr<arrow::Array>> build(const Cells& cells, const Build& to);

// Joins what the column's cells are into `seen`.
void observe(const Cells& cells, const std::vector<std::string>& nulls, std::uint16_t& seen);

// The text of a cell as its reader would say it: without quotes, doubled ones single.
void append_cell_text(std::string_view raw, char quote, std::string& out);

// One of `nulls`.
bool is_one_of(const std::vector<std::string>& nulls, std::string_view text);

// For messages: "type_mismatch" of a cell in a column.
std::string describe_mismatch(std::string_view text, const ColumnPlan& plan);
// In double quotes, cut at about 60 characters, control characters escaped.
std::string shown(std::string_view text);

}  // namespace lakegate::columns
