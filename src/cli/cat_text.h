// `cat --text`: records as they stand, nothing typed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "cli/output.h"
#include "cli/row_printer.h"
#include "formats/input.h"
#include "formats/open.h"

namespace lakegate::cli {

// False, and nothing printed, for Parquet, which has no text to show as it stands.
Result<bool> print_as_text(std::shared_ptr<const Input> input, const OpenOptions& options,
                           RowFormat format, std::optional<std::uint64_t> limit, Output& out);

}  // namespace lakegate::cli
