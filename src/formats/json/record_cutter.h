// Cuts a JSON file into records without parsing them: lines at line feeds, objects and the elements
// of an array by counting brackets outside of strings. What is inside a record is checked when it
// is parsed; what stands between records is checked here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/json/record.h"
#include "formats/records.h"
#include "lake/error.h"

namespace lakegate::json {

class RecordCutter {
 public:
  // `offset`: bytes of the file (a byte-order mark) that come before what `cut` will see.
  RecordCutter(Layout layout, std::string file, std::uint64_t offset,
               std::uint64_t max_record_bytes = kMaxRecordBytes)
      : layout_(layout),
        max_record_bytes_(max_record_bytes),
        file_(std::move(file)),
        state_(layout == Layout::kArray ? State::kStart : State::kBetween),
        offset_(offset),
        line_start_(offset) {}

  // Takes bytes from the front of `bytes`, which may be cut anywhere, until all are taken or
  // `block` is full. Returns how many were taken. An error refuses the file; the records in `block`
  // before it are whole.
  Result<std::size_t> cut(std::string_view bytes, Block& block);
  // The file is over: ends the last record, even if it is incomplete (parsing it will say so).
  Result<void> finish(Block& block);

  static bool is_full(const Block& block);

 private:
  enum class State {
    kStart,       // array: before the bracket
    kFirst,       // array: a value, or the end of an empty array
    kValue,       // array: a value (a comma came before)
    kAfterValue,  // array: a comma, or the end
    kBetween,     // lines and objects: between records
    kLine,        // in a line
    kContainer,   // in an object or array
    kString,      // in a string that is an element
    kScalar,      // in a number or word that is an element
    kDone,        // array: behind its end
  };

  const char* between(const char* at, Block& block);
  const char* line(const char* at, const char* end, Block& block);
  const char* container(const char* at, const char* end, Block& block);
  const char* container_bytes(const char* at, const char* end);
  const char* string(const char* at, const char* end, Block& block);
  const char* scalar(const char* at, const char* end, Block& block);

  void begin_record(const char* at, State state, Block& block);
  void keep(const char* from, const char* to, Block& block);
  void end_record(Block& block);
  void new_line(const char* line_feed) { ++line_, line_start_ = position(line_feed) + 1; }
  std::uint64_t position(const char* at) const {
    return offset_ + static_cast<std::uint64_t>(at - bytes_);
  }
  Failure refuse(const char* at, const std::string& what) const;

  Layout layout_;
  std::uint64_t max_record_bytes_;
  std::string file_;
  State state_;
  bool any_ = false;
  std::uint64_t offset_;  // of bytes_ in the file
  const char* bytes_ = nullptr;
  std::uint64_t line_ = 1;
  std::uint64_t line_start_;  // offset of the line's first byte
  // Of the record that is open.
  Record record_;
  std::uint64_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;  // the next byte is behind a backslash
};

}  // namespace lakegate::json
