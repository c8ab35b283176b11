#include "aws/fault.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "aws/retry.h"
#include "aws/xml.h"

namespace lakegate {
namespace {

constexpr int kNotModified = 304;

std::string_view code_of_status(int status) {
  switch (status) {
    case 301:
      return "PermanentRedirect";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 409:
      return "Conflict";
    case 412:
      return "PreconditionFailed";
    case 429:
      return "TooManyRequests";
    case 503:
      return "ServiceUnavailable";
    default:
      return status >= 500 ? "InternalError" : "UnknownError";
  }
}

// "com.amazonaws.dynamodb.v20120810#ThrottlingException", "ThrottlingException:http://…"
std::string bare_code(std::string_view code) {
  if (const std::size_t hash = code.find('#'); hash != std::string_view::npos)
    code.remove_prefix(hash + 1);
  return std::string(code.substr(0, code.find(':')));
}

void read_json(const HttpReply& reply, AwsFault& fault) {
  const auto body = nlohmann::ordered_json::parse(reply.body, nullptr, false);
  if (!body.is_object()) return;
  const auto text = [&](std::initializer_list<const char*> names) -> std::string {
    for (const char* name : names)
      if (const auto found = body.find(name); found != body.end() && found->is_string())
        return found->get<std::string>();
    return {};
  };
  fault.code = bare_code(text({"__type", "code", "Code"}));
  fault.message = text({"message", "Message", "errorMessage"});
}

void read_xml(const XmlNode& root, AwsFault& fault) {
  const XmlNode* error = root.name == "Error" ? &root : root.child("Error");
  if (error == nullptr) return;
  fault.code = error->text_of("Code");
  fault.message = error->text_of("Message");
  if (const std::string_view region = error->text_of("Region");
      !region.empty() && fault.message.find(region) == std::string::npos)
    fault.message += fmt::format(" (region {})", region);
}

}  // namespace

std::optional<AwsFault> read_fault(const HttpReply& reply, std::string_view method) {
  const std::size_t first = reply.body.find_first_not_of(" \r\n\t");
  const char begin = first == std::string::npos ? '\0' : reply.body[first];
  if (reply.status < 300 || reply.status == kNotModified) {
    // S3 sends 200 and some blanks while it completes an upload, and only then learns that it
    // fails.
    if (method != "POST" || begin != '<') return std::nullopt;
    const auto root = parse_xml(reply.body);
    if (!root || root->name != "Error") return std::nullopt;
    AwsFault late{.status = 500};
    read_xml(*root, late);
    return late;
  }
  AwsFault fault{.status = reply.status};
  if (begin == '{') read_json(reply, fault);
  if (begin == '<')
    if (const auto root = parse_xml(reply.body)) read_xml(*root, fault);
  if (fault.code.empty()) fault.code = bare_code(reply.header("x-amzn-errortype"));
  if (fault.code.empty()) fault.code = code_of_status(reply.status);
  if (const std::string_view region = reply.header("x-amz-bucket-region");
      !region.empty() && (reply.status == 301 || fault.code == "AuthorizationHeaderMalformed"))
    fault.message += fmt::format(" (the bucket is in {}: set AWS_REGION={})", region, region);
  return fault;
}

Error to_error(const AwsFault& fault, std::string_view doing_what) {
  std::string_view cure;
  ErrorKind kind = ErrorKind::kPermanent;
  const std::string_view code = fault.code;
  const auto is = [&](std::initializer_list<std::string_view> codes) {
    return std::ranges::find(codes, code) != codes.end();
  };
  const RetryClass retry = retry_class(fault);
  if (is({"NoSuchBucket"})) {
    cure = "check its name, or create it";
  } else if (is({"AccessDenied", "AccessDeniedException", "Forbidden", "AllAccessDisabled"})) {
    cure = "the credentials lack a permission for this; check their IAM policy and the bucket's";
  } else if (is({"InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId"})) {
    cure = "AWS does not know this access key; check AWS_ACCESS_KEY_ID or the profile";
  } else if (is({"SignatureDoesNotMatch", "InvalidSignatureException"})) {
    cure = "check the secret access key, and the clock of this machine";
  } else if (retry == RetryClass::kCredentials || is({"InvalidToken"})) {
    cure = "the credentials have expired; renew them (`aws sso login`)";
  } else if (retry == RetryClass::kClock) {
    cure = "set the clock of this machine";
  } else if (is({"PermanentRedirect", "AuthorizationHeaderMalformed"})) {
    cure = "the region is the wrong one; set AWS_REGION to the bucket's";
  } else if (is({"PreconditionFailed", "ConditionalCheckFailedException"})) {
    kind = ErrorKind::kConflict;
  } else if (is({"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"})) {
    kind = ErrorKind::kNotFound;
    cure = "check its account, region and name (`aws sqs get-queue-url` prints the URL)";
  } else if (retry != RetryClass::kNo) {
    kind = ErrorKind::kRetryable;
  } else if (is({"NoSuchKey", "NoSuchVersion", "NoSuchUpload", "NotFound",
                 "ResourceNotFoundException", "EntityNotFoundException"})) {
    // Not every 404: that a bucket or a user is unknown does not mean that an object is missing.
    kind = ErrorKind::kNotFound;
  }
  std::string message = fmt::format("{}: {}", doing_what, fault.code);
  if (!fault.message.empty() && fault.message != fault.code)
    message += ": " + fault.message;
  else if (code == "NotFound")
    message += ": there is no such object";  // HEAD has no body
  if (!cure.empty() && message.ends_with('.')) message.pop_back();
  if (!cure.empty()) message += fmt::format("; {}", cure);
  return {kind, std::move(message), {}};
}

}  // namespace lakegate
