// Arrow values as text: for tables on the terminal, CSV and NDJSON output, partition folders, table
// keys, and lists and structs as JSON.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace lakegate {

// Appends array[row]; nothing is appended for null. Doubles print with as few digits as give the
// value back (1.0 as "1.0"), dates and timestamps as cell.h formats them (fraction only where there
// is one: 2026-11-23T04:22:44Z), decimals in full, binary as base64, lists and structs as JSON.
void append_text(const arrow::Array& array, std::int64_t row, std::string& out);

// As a JSON value: null, numbers and bools bare (NaN and infinities as strings; decimals and int64
// in full as numbers), all else quoted.
void append_json(const arrow::Array& array, std::int64_t row, std::string& out);

}  // namespace lakegate
