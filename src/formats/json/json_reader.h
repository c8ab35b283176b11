// The blocks of a JSON file, in order: what both passes over records and `cat --text` read.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "formats/input.h"
#include "formats/json/record.h"
#include "formats/json/record_cutter.h"
#include "formats/records.h"
#include "lake/error.h"

namespace lakegate::json {

// What is to be known of a file before it is read.
struct Shape {
  Layout layout = Layout::kLines;
  std::uint64_t start = 0;  // where a byte-order mark ends
  std::uint64_t max_record_bytes = kMaxRecordBytes;
};

// Looks at the beginning of `input`. A file without any value is kInvalidInput.
Result<Shape> detect_shape(const Input& input);

class BlockReader {
 public:
  static Result<std::unique_ptr<BlockReader>> open(const Input& input, Shape shape);

  // None at the end of the file. Where a block is cut depends on the content only.
  Result<std::optional<Block>> next();
  // Of the input as it is stored, read so far.
  std::uint64_t input_bytes() const { return stream_->input_bytes(); }

 private:
  BlockReader(std::unique_ptr<ByteStream> stream, Shape shape, const std::string& file);

  std::unique_ptr<ByteStream> stream_;
  RecordCutter cutter_;
  std::string buffer_;
  std::string_view unread_;
  std::optional<Error> error_;  // found behind whole records; told once these are out
  bool is_over_ = false;
};

}  // namespace lakegate::json
