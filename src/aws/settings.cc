#include "aws/settings.h"

#include <aws/common/uri.h>
#include <fmt/format.h>

#include <array>
#include <cctype>

#include "aws/profile_files.h"
#include "net/crt_handle.h"

// POSIX names it, and no header declares it.
extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace lakegate {
namespace {

// The services that lakegate calls, as endpoints spell them, and as configuration does.
struct Service {
  std::string_view endpoint;
  std::string_view configured;
};
constexpr std::array kServices = {Service{"s3", "s3"},
                                  Service{"dynamodb", "dynamodb"},
                                  Service{"sqs", "sqs"},
                                  Service{"glue", "glue"},
                                  Service{"events", "eventbridge"},
                                  Service{"lambda", "lambda"},
                                  Service{"secretsmanager", "secrets_manager"},
                                  Service{"ssm", "ssm"}};

std::string get(const AwsEnvironment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

bool is_true(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text == "true";
}

std::string upper(std::string_view text) {
  std::string raised(text);
  for (char& c : raised) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return raised;
}

Result<HttpOrigin> parse_endpoint(const std::string& url) {
  const auto refused = [&](std::string_view why) {
    return invalid_input(
        fmt::format("\"{}\" is no endpoint: {}; one looks like https://s3.example.com or "
                    "http://localhost:9000",
                    url, why));
  };
  aws_uri uri = {};
  const aws_byte_cursor cursor = to_cursor(url);
  if (aws_uri_init_parse(&uri, aws_default_allocator(), &cursor) != AWS_OP_SUCCESS)
    return refused("it cannot be read as a URL");
  const std::unique_ptr<aws_uri, CrtRelease<aws_uri_clean_up>> clean(&uri);
  const std::string_view scheme = to_view(*aws_uri_scheme(&uri));
  const std::string_view path = to_view(*aws_uri_path(&uri));
  if (scheme != "http" && scheme != "https")
    return refused("it must begin with http:// or https://");
  if ((!path.empty() && path != "/") || aws_uri_query_string(&uri)->len > 0)
    return refused("a path behind the host is not supported");
  const std::uint32_t port = aws_uri_port(&uri);
  if (port > 65535) return refused("there is no such port");
  HttpOrigin origin{.host = std::string(to_view(*aws_uri_host_name(&uri))),
                    .port = static_cast<std::uint16_t>(port),
                    .tls = scheme == "https"};
  if (origin.host.starts_with('[') && origin.host.ends_with(']'))
    origin.host = origin.host.substr(1, origin.host.size() - 2);
  if (origin.port == 0) origin.port = origin.tls ? 443 : 80;
  if (origin.host.empty()) return refused("it names no host");
  return origin;
}

// https://docs.aws.amazon.com/general/latest/gr/rande.html; by the region's partition.
std::string_view domain(std::string_view region) {
  if (region.starts_with("cn-")) return "amazonaws.com.cn";
  if (region.starts_with("eusc-")) return "amazonaws.eu";
  if (region.starts_with("us-isob-")) return "sc2s.sgov.gov";
  if (region.starts_with("us-iso-")) return "c2s.ic.gov";
  return "amazonaws.com";
}

}  // namespace

AwsEnvironment aws_environment() {
  AwsEnvironment variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    if (text.starts_with("AWS_") || text.starts_with("HOME="))
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

Result<AwsSettings> read_settings(const AwsEnvironment& environment) {
  LAKEGATE_TRY(const ProfileFiles files, ProfileFiles::read(environment));
  AwsSettings settings;
  settings.profile = get(environment, "AWS_PROFILE");
  if (!settings.profile.empty() && !files.has_profile(settings.profile))
    return invalid_input(
        fmt::format("AWS_PROFILE names the profile \"{}\", and the AWS configuration has none of "
                    "that name; `aws configure list-profiles` lists them",
                    settings.profile));
  if (settings.profile.empty()) settings.profile = "default";
  const auto setting = [&](std::initializer_list<std::string> variables,
                           std::string_view property) {
    for (const std::string& variable : variables)
      if (std::string value = get(environment, variable); !value.empty()) return value;
    return files.property(settings.profile, property);
  };
  for (const auto& [variable, property] :
       {std::pair{"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"},
        std::pair{"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"}})
    if (is_true(setting({variable}, property)))
      return invalid_input(fmt::format(
          "{} is not supported; name the endpoint itself with AWS_ENDPOINT_URL_S3 and its like",
          variable));
  settings.region = setting({"AWS_REGION", "AWS_DEFAULT_REGION"}, "region");
  settings.ca_file = setting({"AWS_CA_BUNDLE"}, "ca_bundle");

  if (is_true(setting({"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"}, "ignore_configured_endpoint_urls")))
    return settings;
  const std::string for_all = get(environment, "AWS_ENDPOINT_URL");
  for (const Service& service : kServices) {
    std::string url = get(environment, "AWS_ENDPOINT_URL_" + upper(service.configured));
    if (url.empty()) url = for_all;
    if (url.empty())
      url = files.service_property(settings.profile, service.configured, "endpoint_url");
    if (!url.empty()) settings.endpoint_urls.emplace(service.endpoint, std::move(url));
  }
  std::string other = for_all.empty() ? files.property(settings.profile, "endpoint_url") : for_all;
  if (!other.empty()) settings.endpoint_urls.emplace("", std::move(other));
  return settings;
}

bool AwsSettings::has_own_endpoint(std::string_view service) const {
  return endpoint_urls.contains(service) || endpoint_urls.contains(std::string_view());
}

Result<void> AwsSettings::require_region() const {
  if (!region.empty()) return {};
  return invalid_input(
      fmt::format("no AWS region is set; set AWS_REGION, or `region` in the profile \"{}\" "
                  "(`aws configure set region …`)",
                  profile));
}

Result<HttpOrigin> AwsSettings::endpoint(std::string_view service) const {
  auto url = endpoint_urls.find(service);
  if (url == endpoint_urls.end()) url = endpoint_urls.find(std::string_view());
  if (url != endpoint_urls.end()) return parse_endpoint(url->second);
  return HttpOrigin{.host = fmt::format("{}.{}.{}", service, region, domain(region))};
}

}  // namespace lakegate
