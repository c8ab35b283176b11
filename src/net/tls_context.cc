#include "net/tls_context.h"

#include <fmt/format.h>

#include "net/crt_runtime.h"

namespace lakegate {

Result<TlsContext> make_tls_context(const std::string& ca_file) {
  aws_tls_ctx_options options = {};
  aws_tls_ctx_options_init_default_client(&options, aws_default_allocator());
  const std::unique_ptr<aws_tls_ctx_options, CrtRelease<aws_tls_ctx_options_clean_up>> clean(
      &options);
  if (!ca_file.empty() && aws_tls_ctx_options_override_default_trust_store_from_path(
                              &options, nullptr, ca_file.c_str()) != AWS_OP_SUCCESS)
    return invalid_input(
        fmt::format("the CA file cannot be read ({})", crt_message(aws_last_error())),
        {.file = ca_file});
  TlsContext context(aws_tls_client_ctx_new(aws_default_allocator(), &options));
  if (context) return context;
  const std::string cause = crt_message(aws_last_error());
  if (!ca_file.empty())
    return invalid_input(
        fmt::format("no certificates of authorities in PEM form in this file ({})", cause),
        {.file = ca_file});
  return fail(ErrorKind::kPermanent,
              fmt::format("TLS cannot start ({}); install ca-certificates, or name a file of "
                          "certificates with AWS_CA_BUNDLE",
                          cause));
}

Result<void> TlsConnection::init(aws_tls_ctx& context, const std::string& host) {
  aws_tls_connection_options_init_from_ctx(&options_, &context);
  const aws_byte_cursor name = to_cursor(host);
  if (aws_tls_connection_options_set_server_name(&options_, aws_default_allocator(), &name) !=
      AWS_OP_SUCCESS)
    return fail(ErrorKind::kPermanent,
                fmt::format("{} is no name for TLS ({})", host, crt_message(aws_last_error())));
  return {};
}

}  // namespace lakegate
