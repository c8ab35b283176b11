// A reply of a REST API becomes a landed line; replies.h has the form, and reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lakegate {

// `request` is shown in rejects: without secrets.
struct LandedReply {
  std::uint64_t n = 0;  // the parameter set's index in the plan, from 0
  std::uint32_t page = 0;
  std::string parameters;  // a JSON object
  std::string request;
  int status = 0;
  bool repeats_secret = false;  // of the request: rejects then show nothing of the reply
  std::string_view body;
};
// Appends the reply's line, with the line feed. A body that is JSON stands there as it came, line
// feeds between its tokens made blanks. Returns how many rows are at `records` of it, whether or
// not they fit the schema; nothing if it is not JSON.
std::optional<std::uint64_t> append_landed_line(const LandedReply& reply,
                                                const std::string& records, std::string& lines);

bool is_json(std::string_view body);

// "the reply is not JSON: …", with the place, for a body that is none.
std::string why_not_json(std::string_view body);

// Pages end where there is nothing, or null, at `records` (src/extract/paginate.cc): that is no
// row.
bool may_be_the_end(std::uint64_t page);

}  // namespace lakegate
