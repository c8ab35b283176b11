// Text columns of cells.
#pragma once

#include "formats/columns/build.h"

namespace lakegate::columns {

// Text, or binary, which are the bytes of the cell's text. Null is the empty cell without quotes.
Result<std::shared_ptr<arrow::Array>> build_text(const Cells& cells, const Build& to);

}  // namespace lakegate::columns
