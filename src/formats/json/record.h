// Where the records of a JSON file are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lakegate::json {

// How the values of a file follow each other.
enum class Layout {
  kLines,    // one value a line (NDJSON): a bad line harms no other
  kObjects,  // objects one after another, of any number of lines; also a single one
  kArray,    // one array of values
};

struct Record {
  std::uint64_t offset = 0;  // in the file, after decompression
  std::uint64_t line = 1;
  std::uint64_t column = 1;  // in bytes, from 1
  std::uint32_t begin = 0;   // in Block::bytes
  std::uint32_t size = 0;    // what of it is kept
  bool is_too_long = false;  // past kMaxRecordBytes: only its beginning is kept
};

// Whole records, their bytes packed.
struct Block {
  std::string bytes;
  std::vector<Record> records;

  std::string_view text(const Record& record) const {
    return std::string_view(bytes).substr(record.begin, record.size);
  }
};

}  // namespace lakegate::json
