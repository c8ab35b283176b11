#include "net/http_error.h"

#include <aws/http/http.h>
#include <aws/io/io.h>
#include <aws/io/tls_channel_handler.h>
#include <fmt/format.h>

#include "net/crt_runtime.h"
#include "net/http_client.h"

namespace lakegate {

Error http_error(int error_code, const HttpOrigin& origin, std::string_view ca_setting) {
  const std::string host = host_header(origin);
  const auto retryable = [&](std::string_view what) {
    return Error{ErrorKind::kRetryable, fmt::format("{}: {}", host, what), {}};
  };
  const auto permanent = [&](std::string_view what) {
    return Error{ErrorKind::kPermanent, fmt::format("{}: {}", host, what), {}};
  };
  switch (error_code) {
    case AWS_IO_DNS_INVALID_NAME:
    case AWS_IO_DNS_NO_ADDRESS_FOR_HOST:
      return permanent(
          "no such host; is there a network? Else check its name, or the region and the endpoint");
    case AWS_IO_DNS_QUERY_FAILED:
    case AWS_IO_DNS_QUERY_AGAIN:
    case AWS_IO_DNS_HOST_REMOVED_FROM_CACHE:
      return retryable("its name could not be looked up; is there a network?");
    case AWS_IO_SOCKET_CONNECTION_REFUSED:
      return retryable("nothing listens there (connection refused); check the endpoint's address");
    case AWS_IO_SOCKET_TIMEOUT:
      return retryable(
          "no connection in time; check the network (in a VPC: its endpoints and security groups)");
    case AWS_IO_SOCKET_NO_ROUTE_TO_HOST:
    case AWS_IO_SOCKET_NETWORK_DOWN:
      return retryable("no way there; is there a network?");
    case AWS_ERROR_HTTP_PROXY_CONNECT_FAILED:
    case AWS_ERROR_HTTP_PROXY_CONNECT_FAILED_RETRYABLE:
      return retryable(
          "the proxy (HTTPS_PROXY) makes no connection there; does it allow this host, and know "
          "who "
          "asks (http://user:password@proxy:3128)?");
    case AWS_IO_SOCKET_CLOSED:
    case AWS_IO_BROKEN_PIPE:
    case AWS_ERROR_HTTP_CONNECTION_CLOSED:
    case AWS_ERROR_HTTP_SERVER_CLOSED:
    case AWS_IO_TLS_CLOSED_GRACEFUL:
    case AWS_IO_TLS_CLOSED_ABORT:
      return retryable("the connection was closed before the reply was complete");
    case AWS_ERROR_HTTP_RESPONSE_FIRST_BYTE_TIMEOUT:
    case AWS_ERROR_HTTP_CHANNEL_THROUGHPUT_FAILURE:
      return retryable(kNoReplyInTime);
    case AWS_ERROR_HTTP_RST_STREAM_RECEIVED:
      return retryable("the server broke the request off");
    case AWS_ERROR_HTTP_GOAWAY_RECEIVED:
      return retryable("the server closes the connection");
    case AWS_ERROR_HTTP_CONNECTION_MANAGER_SHUTTING_DOWN:
    case AWS_ERROR_HTTP_CONNECTION_MANAGER_INVALID_STATE_FOR_ACQUIRE:
    case AWS_ERROR_HTTP_STREAM_CANCELLED:
      return retryable("given up, because the client was closed");
    case AWS_IO_TLS_NEGOTIATION_TIMEOUT:
      return retryable("TLS was not agreed upon in time");
    case AWS_ERROR_HTTP_INVALID_HEADER_NAME:
    case AWS_ERROR_HTTP_INVALID_HEADER_VALUE:
    case AWS_ERROR_HTTP_INVALID_METHOD:
    case AWS_ERROR_HTTP_INVALID_PATH:
      return permanent(fmt::format("this request cannot be sent ({})", crt_message(error_code)));
    case AWS_IO_TLS_ERROR_DEFAULT_TRUST_STORE_NOT_FOUND:
      return permanent(
          fmt::format("no certificates to trust were found on this system; install "
                      "ca-certificates, or name a file with {}",
                      ca_setting));
    default:
      break;
  }
  if (aws_error_code_is_tls(error_code))
    return retryable(fmt::format("its TLS connection broke off ({})", crt_message(error_code)));
  return retryable(crt_message(error_code));
}

bool is_timeout(const Error& error) {
  return error.kind == ErrorKind::kRetryable &&
         error.message.find(kNoReplyInTime) != std::string::npos;
}

bool is_recalled(const Error& error) {
  return error.kind == ErrorKind::kRetryable && error.message == kRecalled;
}

Error connection_error(int error_code, const HttpOrigin& origin, std::string_view ca_setting,
                       bool may_be_chance) {
  switch (error_code) {
    case AWS_IO_SOCKET_CLOSED:
    case AWS_ERROR_HTTP_CONNECTION_CLOSED:
    case AWS_IO_TLS_CLOSED_GRACEFUL:
    case AWS_IO_TLS_CLOSED_ABORT:
      if (!origin.tls) break;
      return {ErrorKind::kRetryable,
              fmt::format("{}: the connection was closed while TLS was being agreed upon; does the "
                          "server speak https?",
                          host_header(origin)),
              {}};
    case AWS_IO_TLS_NEGOTIATION_TIMEOUT:
    case AWS_IO_TLS_ERROR_DEFAULT_TRUST_STORE_NOT_FOUND:
      break;
    default:
      if (!aws_error_code_is_tls(error_code)) break;
      return {may_be_chance ? ErrorKind::kRetryable : ErrorKind::kPermanent,
              fmt::format("{}: no TLS connection, most likely because its certificate does not "
                          "verify ({}); where the server has a certificate of your own authority, "
                          "name that one's file with {}",
                          host_header(origin), crt_message(error_code), ca_setting),
              {}};
  }
  return http_error(error_code, origin, ca_setting);
}

}  // namespace lakegate
