// Which format a landed file has: by content first, then by name.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/json/replies.h"
#include "formats/records.h"

namespace lakegate {

enum class FileFormat { kCsv, kJson, kParquet };

// What the user says of a CSV file; everything unsaid is detected.
struct CsvOptions {
  std::optional<char> delimiter;
  std::optional<char> quote;  // '\0': none
  std::optional<bool> header;
  std::vector<std::string> nulls;  // further null tokens, in columns that are not text
  bool operator==(const CsvOptions&) const = default;
};

struct OpenOptions {
  std::optional<FileFormat> format;  // unsaid: recognised
  CsvOptions csv;
  // Names that columns are expected to have (a declared or remembered schema): helps to tell
  // whether the first record is a header. Original names.
  std::vector<std::string> expected_columns;
  // A file of replies that a fetch has landed; nothing is recognised then.
  std::optional<ReplyOptions> replies;
};

// Recognises: "PAR1" is Parquet; the first byte that is not blank being "{" or "[" is JSON, if the
// name (without .gz, .zst) does not end in .csv, .tsv or .txt; all else is CSV. A file of 0 bytes
// (also after decompression) is refused.
Result<std::shared_ptr<RecordFile>> open_records(std::shared_ptr<const Input> input,
                                                 const OpenOptions& options);

// The three behind it.
Result<std::shared_ptr<RecordFile>> open_csv(std::shared_ptr<const Input> input,
                                             const OpenOptions& options);
Result<std::shared_ptr<RecordFile>> open_json(std::shared_ptr<const Input> input,
                                              const OpenOptions& options);
Result<std::shared_ptr<RecordFile>> open_parquet(std::shared_ptr<const Input> input,
                                                 const OpenOptions& options);

// Records as they stand, nothing typed: what `cat --text` prints. Every record, ragged ones as they
// are, a header only where the file has one; for JSON the top-level values' cells as JSON text.
class TextRecords {
 public:
  virtual ~TextRecords() = default;
  // Cells of one record; nullopt at the end. A cell that is absent (JSON key missing) is nullopt.
  struct Record {
    std::vector<std::optional<std::string>> cells;
  };
  virtual const std::optional<std::vector<std::string>>& header() const = 0;
  virtual Result<std::optional<Record>> next() = 0;
};
Result<std::unique_ptr<TextRecords>> open_csv_text(std::shared_ptr<const Input> input,
                                                   const OpenOptions& options);
Result<std::unique_ptr<TextRecords>> open_json_text(std::shared_ptr<const Input> input);

}  // namespace lakegate
