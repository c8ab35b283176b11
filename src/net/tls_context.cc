#include "net/tls_context.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <iterator>
#include <optional>

#include "net/crt_runtime.h"

namespace lakegate {

namespace {

// Where distributions keep the certificates of the authorities that the system trusts.
constexpr std::array kSystemCas = {"/etc/ssl/certs/ca-certificates.crt",
                                   "/etc/pki/tls/certs/ca-bundle.crt",
                                   "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
                                   "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

std::optional<std::string> file_text(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return std::nullopt;
  return text;
}

std::string system_cas() {
  for (const char* const path : kSystemCas)
    if (auto text = file_text(path)) return *std::move(text) + "\n";
  return {};
}

bool trust(aws_tls_ctx_options& options, const TrustedCas& trusted) {
  if (!trusted.systems_too)
    return aws_tls_ctx_options_override_default_trust_store_from_path(
               &options, nullptr, trusted.file.c_str()) == AWS_OP_SUCCESS;
  const auto added = file_text(trusted.file.c_str());
  if (!added) return false;
  const std::string all = system_cas() + *added;
  const aws_byte_cursor pem = to_cursor(all);
  return aws_tls_ctx_options_override_default_trust_store(&options, &pem) == AWS_OP_SUCCESS;
}

}  // namespace

Result<TlsContext> make_tls_context(const TrustedCas& trusted) {
  const std::string& ca_file = trusted.file;
  // Alone first: that a file has no certificates does not show among those of the system.
  if (!ca_file.empty() && trusted.systems_too) LAKEGATE_CHECK(make_tls_context({.file = ca_file}));
  aws_tls_ctx_options options = {};
  aws_tls_ctx_options_init_default_client(&options, aws_default_allocator());
  const std::unique_ptr<aws_tls_ctx_options, CrtRelease<aws_tls_ctx_options_clean_up>> clean(
      &options);
  if (!ca_file.empty() && !trust(options, trusted))
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

Result<void> TlsConnection::init(aws_tls_ctx& context, const std::string& host,
                                 const Wants& wants) {
  aws_tls_connection_options_init_from_ctx(&options_, &context);
  const aws_byte_cursor name = to_cursor(host);
  if (aws_tls_connection_options_set_server_name(&options_, aws_default_allocator(), &name) !=
      AWS_OP_SUCCESS)
    return fail(ErrorKind::kPermanent,
                fmt::format("{} is no name for TLS ({})", host, crt_message(aws_last_error())));
  if (wants.http2 && aws_tls_connection_options_set_alpn_list(&options_, aws_default_allocator(),
                                                              "h2;http/1.1") != AWS_OP_SUCCESS)
    return fail(ErrorKind::kPermanent,
                fmt::format("HTTP/2 cannot be offered ({})", crt_message(aws_last_error())));
  options_.timeout_ms = static_cast<std::uint32_t>(wants.timeout.count());
  return {};
}

}  // namespace lakegate
