// Which page of a parameter set is meant. A value: whoever holds it can ask for that page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lakegate {

struct Page {
  std::uint32_t number = 0;  // from 0
  std::uint64_t offset = 0;  // records of the pages before it
  std::string cursor;        // paginate by cursor; empty for the first page
  std::string next_url;      // paginate by next and link: absolute; empty for the first page
  // Fingerprints of the pages so far, so that one that comes again is known.
  std::vector<std::uint64_t> seen;
};

}  // namespace lakegate
