// What has been seen of a column. Joining is a bitwise or, so that the order of rows, chunks and
// threads cannot matter; the type is decided once, from everything seen.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "schema/schema.h"

namespace lakegate {

// The kinds of value that can appear in a cell, as bits.
enum Seen : std::uint16_t {
  kSeenNothing = 0,
  kSeenNull = 1 << 0,      // an empty cell, a null token, JSON null
  kSeenNanToken = 1 << 1,  // NaN in a CSV cell: a value in a double, else null
  kSeenBool = 1 << 2,
  kSeenInt = 1 << 3,           // fits int64, and a double gives it back
  kSeenIntNotDouble = 1 << 4,  // fits int64, but a double does not give it back
  kSeenBigInt = 1 << 5,        // past int64, at most 38 digits
  kSeenDouble = 1 << 6,
  kSeenDate = 1 << 7,
  kSeenTimestamp = 1 << 8,
  kSeenTimestampTz = 1 << 9,
  kSeenText = 1 << 10,    // anything else, and whatever typing would change
  kSeenObject = 1 << 11,  // JSON
  kSeenArray = 1 << 12,   // JSON
};

// A column, or a place inside a JSON column.
struct Observed {
  std::uint16_t seen = kSeenNothing;
  std::vector<std::pair<std::string, Observed>> fields{};  // of objects, in order of appearance
  std::unique_ptr<Observed> element{};                     // of arrays

  Observed& field(std::string_view name);  // found, or added at the end
  Observed& array_element();
  void join(const Observed& other);  // fields of `other` that are new go to the end
};

// The type that holds everything seen and changes none of it. Objects mixed with anything but null,
// arrays likewise -> text (the JSON as it stood). Nothing but null -> kUnknown.
LogicalType resolve(const Observed& observed);

// What a column must at least have seen for `resolve` to give this type: the starting point when a
// guessed type has held so far and observation starts in the middle of a file.
Observed observed_from(const LogicalType& type);

}  // namespace lakegate
