#include "aws/kept_secrets.h"

#include <aws/common/encoding.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lake/json_text.h"
#include "net/crt_handle.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;

// A name that nothing is kept under is a mistake in lake.yaml, as a variable is that is not set.
Error error_of(const AwsFault& fault, const std::string& doing_what) {
  Error error = to_error(fault, doing_what);
  if (fault.code != "ResourceNotFoundException" && fault.code != "ParameterNotFound") return error;
  error.kind = ErrorKind::kInvalidInput;
  if (error.message.ends_with('.')) error.message.pop_back();
  error.message += "; create it, or correct its name in lake.yaml or the region (AWS_REGION)";
  return error;
}

// The reply's object. AWS's JSON protocol 1.1, as both services speak it.
Result<Json> call(ServiceClient& client, std::string_view operation, const Json& body,
                  const std::string& doing_what) {
  AwsRequest request;
  request.headers = {{"X-Amz-Target", std::string(operation)},
                     {"Content-Type", "application/x-amz-json-1.1"}};
  request.body = std::make_shared<const std::string>(json_line(body));
  auto reply = client.call(std::move(request));
  if (!reply) {
    Error error = std::move(reply).error();
    error.message = fmt::format("cannot {}: {}", doing_what, error.message);
    return Failure(std::move(error));
  }
  if (reply->fault) return Failure(error_of(*reply->fault, doing_what));
  Json object = Json::parse(reply->http.body, nullptr, false);
  if (!object.is_object())
    return fail(ErrorKind::kPermanent,
                fmt::format("cannot {}: the reply is no JSON object", doing_what));
  return object;
}

std::optional<std::string> text_in(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string()) return std::nullopt;
  return member->get<std::string>();
}

std::optional<std::string> decoded(const std::string& base64) {
  const aws_byte_cursor cursor = to_cursor(base64);
  std::size_t length = 0;
  if (aws_base64_compute_decoded_len(&cursor, &length) != AWS_OP_SUCCESS) return std::nullopt;
  std::string bytes(length, '\0');
  aws_byte_buf out =
      aws_byte_buf_from_empty_array(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size());
  if (aws_base64_decode(&cursor, &out) != AWS_OP_SUCCESS) return std::nullopt;
  bytes.resize(out.len);
  return bytes;
}

}  // namespace

Result<std::string> secrets_manager_value(ServiceClient& client, std::string_view id) {
  const std::string doing_what =
      fmt::format("read the secret {} (secretsmanager:GetSecretValue)", id);
  LAKEGATE_TRY(const Json reply, call(client, "secretsmanager.GetSecretValue",
                                      {{"SecretId", std::string(id)}}, doing_what));
  if (auto text = text_in(reply, "SecretString")) return std::move(*text);
  if (const auto binary = text_in(reply, "SecretBinary"))
    if (auto bytes = decoded(*binary)) return std::move(*bytes);
  return fail(ErrorKind::kPermanent, fmt::format("cannot {}: it has no value", doing_what));
}

Result<std::string> parameter_store_value(ServiceClient& client, std::string_view name) {
  const std::string doing_what = fmt::format("read the parameter {} (ssm:GetParameter)", name);
  LAKEGATE_TRY(const Json reply,
               call(client, "AmazonSSM.GetParameter",
                    {{"Name", std::string(name)}, {"WithDecryption", true}}, doing_what));
  const auto parameter = reply.find("Parameter");
  if (parameter != reply.end() && parameter->is_object())
    if (auto text = text_in(*parameter, "Value")) return std::move(*text);
  return fail(ErrorKind::kPermanent, fmt::format("cannot {}: it has no value", doing_what));
}

}  // namespace lakegate
