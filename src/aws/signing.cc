#include "aws/signing.h"

#include <aws/auth/credentials.h>
#include <aws/auth/signable.h>
#include <aws/auth/signing.h>
#include <aws/auth/signing_config.h>
#include <aws/auth/signing_result.h>
#include <aws/http/request_response.h>
#include <aws/io/stream.h>
#include <fmt/format.h>

#include <algorithm>

#include "aws/crt_auth.h"
#include "net/crt_handle.h"
#include "net/crt_runtime.h"

namespace lakegate {
namespace {

using Message = CrtPtr<aws_http_message, aws_http_message_release>;
using BodyStream = CrtPtr<aws_input_stream, aws_input_stream_release>;
using Signable = CrtPtr<aws_signable, aws_signable_destroy>;

struct Signed {
  HttpRequest* request = nullptr;
  int error_code = AWS_ERROR_SUCCESS;
};

// The headers that the signature brings. Called before aws_sign_request_aws returns, because the
// credentials are there already.
void take_headers(aws_signing_result* result, int error_code, void* user_data) {
  auto& out = *static_cast<Signed*>(user_data);
  out.error_code = error_code;
  if (error_code != AWS_ERROR_SUCCESS) return;
  aws_array_list* headers = nullptr;
  aws_signing_result_get_property_list(result, g_aws_http_headers_property_list_name, &headers);
  const std::size_t count = headers != nullptr ? aws_array_list_length(headers) : 0;
  for (std::size_t i = 0; i < count; ++i) {
    aws_signing_result_property property = {};
    aws_array_list_get_at(headers, &property, i);
    out.request->headers.push_back(
        {aws_string_c_str(property.name), aws_string_c_str(property.value)});
  }
}

Failure cannot_sign(int error_code) {
  return fail(ErrorKind::kPermanent,
              fmt::format("the request cannot be signed ({})", crt_message(error_code)));
}

}  // namespace

Credentials make_credentials(std::string_view key_id, std::string_view secret,
                             std::string_view session_token) {
  start_crt_auth();
  return {aws_credentials_new(aws_default_allocator(), to_cursor(key_id), to_cursor(secret),
                              to_cursor(session_token), UINT64_MAX),
          aws_credentials_release};
}

Result<HttpRequest> sign(HttpRequest request, const SigningScope& scope,
                         const Credentials& credentials, std::chrono::system_clock::time_point now,
                         PayloadHash payload) {
  start_crt_auth();
  aws_allocator* const allocator = aws_default_allocator();
  const bool has_host = std::ranges::any_of(request.headers, [](const HttpHeader& header) {
    return same_header_name(header.name, "host");
  });
  if (!has_host)
    request.headers.insert(request.headers.begin(), {"Host", host_header(request.origin)});

  const Message message(aws_http_message_new_request(allocator));
  int failed = aws_http_message_set_request_method(message.get(), to_cursor(request.method)) |
               aws_http_message_set_request_path(message.get(), to_cursor(request.target));
  for (const HttpHeader& header : request.headers)
    failed |= aws_http_message_add_header(
        message.get(),
        {.name = to_cursor(header.name), .value = to_cursor(header.value), .compression = {}});
  BodyStream body;
  if (request.body) {
    const aws_byte_cursor bytes = to_cursor(*request.body);
    body.reset(aws_input_stream_new_from_cursor(allocator, &bytes));
    aws_http_message_set_body_stream(message.get(), body.get());
  }
  if (failed != AWS_OP_SUCCESS) return cannot_sign(aws_last_error());

  const bool s3 = scope.service == "s3";
  aws_signing_config_aws config = {};
  config.config_type = AWS_SIGNING_CONFIG_AWS;
  config.algorithm = AWS_SIGNING_ALGORITHM_V4;
  config.signature_type = AWS_ST_HTTP_REQUEST_HEADERS;
  config.region = to_cursor(scope.region);
  config.service = to_cursor(scope.service);
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch());
  aws_date_time_init_epoch_millis(&config.date, static_cast<std::uint64_t>(since_epoch.count()));
  config.flags.use_double_uri_encode = s3 ? 0 : 1;
  config.flags.should_normalize_uri_path = s3 ? 0 : 1;
  config.signed_body_header = s3 ? AWS_SBHT_X_AMZ_CONTENT_SHA256 : AWS_SBHT_NONE;
  if (payload == PayloadHash::kUnsigned)
    config.signed_body_value = g_aws_signed_body_value_unsigned_payload;
  config.credentials = credentials.get();

  const Signable signable(aws_signable_new_http_request(allocator, message.get()));
  if (!signable) return cannot_sign(aws_last_error());
  Signed out{.request = &request};
  if (aws_sign_request_aws(allocator, signable.get(),
                           reinterpret_cast<const aws_signing_config_base*>(&config), take_headers,
                           &out) != AWS_OP_SUCCESS)
    return cannot_sign(aws_last_error());
  if (out.error_code != AWS_ERROR_SUCCESS) return cannot_sign(out.error_code);
  return request;
}

}  // namespace lakegate
