// What a CSV file is like: found out from its beginning, where the user does not say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv/cutter.h"
#include "formats/open.h"

namespace lakegate::csv {

// What detection looks at: the first bytes, as many whole records as they hold.
inline constexpr std::size_t kSampleBytes = 1024 * 1024;

struct Sample {
  std::string_view bytes;
  bool whole = false;  // the file has no more
};

struct Detected {
  Dialect dialect;
  RecordCutter::Start start;  // of the first record that is not the header
  bool has_header = false;
  bool header_is_told = false;      // whether there is one: by the options
  std::vector<std::string> header;  // as it stands
  std::size_t columns = 0;
};

// Refuses what is not text in UTF-8, and files without any record.
Result<Detected> detect(Sample sample, const OpenOptions& options, const std::string& file);

struct ColumnNames {
  std::vector<std::string> names;    // each once, none empty
  std::vector<std::string> remarks;  // what had to be changed, and why
};
ColumnNames name_columns(const Detected& detected);

// The cells of a record, unquoted; those of a malformed one as well as they can be made out.
std::vector<std::string> cells_of(const RecordBlock& block, const Row& row, const Dialect& dialect);

// Bytes in memory as a stream.
class ViewStream : public ByteStream {
 public:
  explicit ViewStream(std::string_view bytes) : size_(bytes.size()), rest_(bytes) {}
  Result<std::size_t> read(std::span<std::byte> out) override;
  std::uint64_t input_bytes() const override { return size_ - rest_.size(); }

 private:
  std::size_t size_;
  std::string_view rest_;
};

}  // namespace lakegate::csv
