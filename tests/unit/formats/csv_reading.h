// For tests of the CSV reader: a whole input as rows and rejects, in words.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/open.h"

namespace lakegate::csv_test {

struct Declared {
  std::string column;
  LogicalType type;
  bool required = false;
  std::string format = {};
};

struct Reading {
  std::string error;                  // of opening or reading
  std::vector<std::string> columns;   // "name type"
  std::vector<std::string> rows;      // `1 | "text" | null`
  std::vector<std::string> rejects;   // `row=2 line=3 offset=10 column=b reason=… raw="…"`
  std::vector<std::string> messages;  // of the rejects
  std::vector<std::string> remarks;
  std::vector<std::uint64_t> chunks;  // records of each
};

struct ReadOptions {
  OpenOptions open;
  std::vector<Declared> declared;  // types that are not inferred
  bool guess = false;              // decode with `inferred` columns, where they are not declared
};

// Observes the whole input, then decodes it with the types found.
Reading read_all(std::shared_ptr<const Input> input, const ReadOptions& options);

std::string escaped(std::string_view bytes);

}  // namespace lakegate::csv_test
