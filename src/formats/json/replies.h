// Replies of a REST API as they were landed by a fetch: NDJSON whose first line is
// {"lakegate_replies":1,…}, then a line a reply:
//   {"n":17,"page":0,"parameters":{"device":"d1"},"request":"GET https://…","status":200,"reply":…}
// where the body was not JSON, "reply_text" (or "reply_base64") holds it instead of "reply".
// A reply in which a secret of its request was found has "repeats_secret":true before it.
// docs/fetch.md has the form.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/input.h"
#include "lake/error.h"
#include "lake/request_template.h"

namespace lakegate {

class RecordFile;

// Which rows are in a reply.
struct ReplyOptions {
  std::string records;  // JSON Pointer (RFC 6901); "": the whole reply. An array gives many rows
  // Columns made of the parameters, written before a row's own members.
  std::vector<std::pair<std::string, RequestTemplate>> add;
  bool operator==(const ReplyOptions&) const = default;
};

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

// Its rows as records. A body that is not JSON, or has nothing at `records`, is one rejected row;
// rejects name request, status and where in the reply the row is.
Result<std::shared_ptr<RecordFile>> open_replies(std::shared_ptr<const Input> input,
                                                 const ReplyOptions& options);

}  // namespace lakegate
