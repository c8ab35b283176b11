// One AWS service as lakegate calls it: requests signed with SigV4, sent, and retried as AWS's
// "standard" retry mode says
// (https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html): full jitter, at
// most 20 s between attempts, a token bucket shared by all calls of a session.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

// A request before it knows its server: what pure functions build and tests compare.
struct AwsRequest {
  std::string method = "POST";
  std::string path = "/";  // URI-encoded once; S3: the key, behind the bucket where path-style
  std::vector<HttpHeader> query;    // not encoded yet
  std::vector<HttpHeader> headers;  // without Host, date and signature
  std::shared_ptr<const std::string> body;
  std::shared_ptr<std::string> room = nullptr;  // HttpRequest::room
  bool unsigned_payload = false;  // S3 over TLS: UNSIGNED-PAYLOAD instead of hashing large bodies
};

// A reply with a status of 300 or more (but 304), read: the code
// ("ConditionalCheckFailedException", "NoSuchKey") and the message, from JSON or XML. S3 may send
// one late, with the status 200.
struct AwsFault {
  int status = 0;
  std::string code;
  std::string message;
};

struct CallOptions {
  int attempts = 4;                                               // in all
  std::optional<std::chrono::steady_clock::time_point> deadline;  // no attempt begins after it
};

// What came back at last. `attempts` tells whether an earlier attempt may have taken effect though
// its reply was lost (attempts > 1): a 412 may then be one's own write.
struct AwsReply {
  HttpReply http;
  int attempts = 1;
  std::optional<AwsFault> fault;
  bool ok() const { return !fault; }
};

// Thread-safe, shared by stores and tables of one process.
class ServiceClient {
 public:
  virtual ~ServiceClient() = default;
  // `done` is called once, on an event-loop thread. An Error means that no attempt got a reply, or
  // that there are no credentials; a fault is a reply.
  virtual void call(AwsRequest request, const CallOptions& options,
                    std::function<void(Result<AwsReply>)> done) = 0;
  Result<AwsReply> call(AwsRequest request, const CallOptions& options = {});  // waits
  // The session's deadline has come: no call will be answered any more, so do not repeat any.
  virtual bool is_over() const { return false; }
};

// The fault as an Error that says what was being done, on what, and the usual cure: AccessDenied
// names the permission, ExpiredToken the credentials, a wrong region the right one.
Error to_error(const AwsFault& fault, std::string_view doing_what);

}  // namespace lakegate
