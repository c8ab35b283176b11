// One file -> one Parquet file, no lake needed: `lakegate convert INPUT OUTPUT`.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "config/config.h"
#include "convert/progress.h"
#include "formats/open.h"
#include "formats/parquet/writer.h"
#include "lake/records.h"

namespace lakegate {

struct ConvertOptions {
  OpenOptions open;
  std::optional<Schema> schema;  // declared: types are not inferred
  NewColumns new_columns = NewColumns::kAdd;
  bool clean_names = false;
  ParquetCompression compression = ParquetCompression::kZstd;
  bool modern_encodings = false;
  MaxRejects max_rejects;
  Resources resources;
};

struct ConvertSummary {
  Counts counts;
  Schema schema;
  int passes = 1;
  std::uint64_t input_bytes = 0;
  std::uint64_t output_bytes = 0;
  bool within_limit = true;  // of max_rejects; where false, nothing may be published
  std::vector<std::string> remarks;
};

// Where the output goes. Nothing written to it counts until the caller publishes it; `restart`
// drops what was written and begins anew (the types were settled only in a second pass).
class ConvertTarget {
 public:
  virtual ~ConvertTarget() = default;
  virtual Result<ByteSink*> restart() = 0;  // valid until the next restart
  virtual Result<void> rejected(const std::vector<Reject>& rejects) = 0;
};

// Columns that never had a value become text. The caller publishes the target if the result is
// within its limit.
Result<ConvertSummary> convert_file(std::shared_ptr<const Input> input, ConvertTarget& target,
                                    const ConvertOptions& options);

}  // namespace lakegate
