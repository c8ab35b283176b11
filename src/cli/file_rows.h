// The typed rows of a file, and its schema.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/row_printer.h"
#include "convert/progress.h"
#include "formats/input.h"
#include "formats/open.h"

namespace lakegate::cli {

struct FileRowsOptions {
  OpenOptions open;
  bool clean_names = false;
  Resources resources;
};

struct FileRows {
  std::optional<std::uint64_t> total;  // rows of the file, where that is known
  std::uint64_t rejected = 0;
  std::string first_reject;
  std::vector<std::string> remarks;
};

bool is_parquet(const Input& input);

// With the types that `convert` would give. Reads a CSV or JSON file once for its types, then again
// until the printer has enough.
Result<FileRows> print_file(std::shared_ptr<const Input> input, FileRowsOptions options,
                            RowPrinter& printer, Context& context);

// What `convert` would write; columns that never had a value are text.
struct FileSchema {
  Schema schema;
  std::vector<std::string> columns_without_value;
  std::vector<std::string> remarks;
};
Result<FileSchema> schema_of_file(std::shared_ptr<const Input> input, FileRowsOptions options,
                                  Context& context);

}  // namespace lakegate::cli
