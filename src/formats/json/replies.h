// Replies of a REST API as they were landed by a fetch: NDJSON whose first line is
// {"lakegate_replies":1,…}, then a line a reply:
//   {"n":17,"page":0,"parameters":{"device":"d1"},"request":"GET https://…","status":200,"reply":…}
// "reply" is the last member; where the body was not JSON, "reply_text" (or "reply_base64") holds
// it instead. A reply in which a secret of its request was found has "repeats_secret":true before
// it. docs/fetch.md has the form.
#pragma once

#include <memory>
#include <string>
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

// Its rows as records. A body that is not JSON, or has nothing at `records`, is one rejected row;
// rejects name request, status and where in the reply the row is.
Result<std::shared_ptr<RecordFile>> open_replies(std::shared_ptr<const Input> input,
                                                 const ReplyOptions& options);

}  // namespace lakegate
