#include "net/http2_message.h"

#include <algorithm>
#include <array>

namespace lakegate {
namespace {

constexpr std::size_t kEntryOverhead = 32;   // RFC 7541, 4.1
constexpr std::size_t kUsuallyFits = 1'000;  // no need to ask how large the table is

// Of the table that the server has made room for.
std::size_t table_size(const aws_http_connection* connection) {
  std::array<aws_http2_setting, AWS_HTTP2_SETTINGS_COUNT> settings = {};
  aws_http2_connection_get_remote_settings(connection, settings.data());
  const auto* const found =
      std::ranges::find(settings, AWS_HTTP2_SETTINGS_HEADER_TABLE_SIZE, &aws_http2_setting::id);
  return found == settings.end() ? 0 : found->value;
}

template <class Visit>
int for_each_header(const aws_http_message* message, const Visit& visit) {
  const aws_http_headers* const headers = aws_http_message_get_const_headers(message);
  for (std::size_t i = 0; i < aws_http_headers_count(headers); ++i) {
    aws_http_header header = {};
    if (aws_http_headers_get_index(headers, i, &header) || visit(header)) return AWS_OP_ERR;
  }
  return AWS_OP_SUCCESS;
}

bool may_be_too_large(const aws_http_message* request) {
  aws_byte_cursor path = {};
  bool is_large = aws_http_message_get_request_path(request, &path) == AWS_OP_SUCCESS &&
                  path.len > kUsuallyFits;
  for_each_header(request, [&](const aws_http_header& header) {
    is_large = is_large || header.name.len + header.value.len > kUsuallyFits;
    return AWS_OP_SUCCESS;
  });
  return is_large;
}

}  // namespace

HttpMessage with_large_headers_sent_as_they_are(HttpMessage request,
                                                const aws_http_connection* connection) {
  if (aws_http_connection_get_version(connection) != AWS_HTTP_VERSION_2 ||
      !may_be_too_large(request.get()))
    return request;
  const std::size_t most = table_size(connection);
  aws_allocator* const allocator = aws_default_allocator();
  const HttpMessage remembered(aws_http2_message_new_from_http1(allocator, request.get()));
  if (!remembered) return nullptr;
  HttpMessage message(aws_http2_message_new_request(allocator));
  const auto add = [&](aws_http_header header) {
    if (header.name.len + header.value.len + kEntryOverhead > most)
      header.compression = AWS_HTTP_HEADER_COMPRESSION_NO_CACHE;
    return aws_http_headers_add_header(aws_http_message_get_headers(message.get()), &header);
  };
  if (for_each_header(remembered.get(), add) != AWS_OP_SUCCESS) return nullptr;
  aws_http_message_set_body_stream(message.get(), aws_http_message_get_body_stream(request.get()));
  return message;
}

}  // namespace lakegate
