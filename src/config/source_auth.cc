#include <fmt/format.h>

#include <algorithm>

#include "config/source_reader.h"
#include "lake/amounts.h"
#include "net/http.h"

namespace lakegate {
namespace {

class AuthReader {
 public:
  AuthReader(bool allow_http, YamlDocument& document)
      : allow_http_(allow_http), document_(document) {}

  AuthConfig read(const YAML::Node& auth) {
    AuthConfig config;
    // Two that write the same header would each undo the other.
    std::string writes_authorization;
    const auto claim = [&](const std::string& name, const YAML::Mark& mark) {
      if (!writes_authorization.empty())
        document_.problem(mark, fmt::format("{} and {} both write the Authorization header; remove "
                                            "one of them",
                                            writes_authorization, name));
      writes_authorization = name;
    };
    for (const YamlEntry& entry : entries(auth)) {
      if (entry.name == "bearer")
        config.bearer = read_secret(entry.value);
      else if (entry.name == "basic")
        config.basic = {.user = read_text_or_secret(*find_entry(entry.value, "user")),
                        .password = read_secret(find_entry(entry.value, "password")->value)};
      else if (entry.name == "oauth2")
        config.oauth2 = read_oauth2(entry.value);
      else if (entry.name == "sigv4")
        config.sigv4 = {.service = text(find_entry(entry.value, "service")->value),
                        .region = text(find_entry(entry.value, "region")->value)};
      else if (entry.name == "header")
        config.headers = read_headers(entry.value);
      else
        config.query = read_query(entry.value);
      if (entry.name != "header" && entry.name != "query") claim(entry.name, entry.mark);
    }
    for (const NamedSecret& header : config.headers)
      if (same_header_name(header.name, "authorization"))
        claim("header." + header.name, find_entry(auth, "header")->mark);
    if (entries(auth).empty())
      document_.problem(auth.Mark(),
                        "auth is empty; remove it, or write {bearer: {env: API_TOKEN}}");
    return config;
  }

 private:
  std::string text(const YAML::Node& node) {
    return document_.text(node, node.Mark()).value_or("");
  }

  SecretRef read_secret(const YAML::Node& node) {
    SecretRef ref;
    for (const YamlEntry& entry : entries(node)) {
      if (entry.name == "key") {
        ref.key = text(entry.value);
        continue;
      }
      if (entry.name == "prefix") {
        ref.prefix = text(entry.value);
        continue;
      }
      ref.from = entry.name == "env"    ? SecretRef::From::kEnv
                 : entry.name == "file" ? SecretRef::From::kFile
                 : entry.name == "ssm"  ? SecretRef::From::kSsm
                                        : SecretRef::From::kSecretsManager;
      ref.name = text(entry.value);
    }
    return ref;
  }

  // A prefix is for headers that say by themselves what they are.
  SecretRef read_plain_secret(const YAML::Node& node, std::string_view role) {
    SecretRef ref = read_secret(node);
    if (const auto prefix = find_entry(node, "prefix"))
      document_.problem(prefix->mark, fmt::format("prefix is for secrets under header, and {} has "
                                                  "none; remove it",
                                                  role));
    return ref;
  }

  TextOrSecret read_text_or_secret(const YamlEntry& entry) {
    if (entry.value.IsMap())
      return {.text = {}, .secret = read_plain_secret(entry.value, entry.name)};
    return {.text = text(entry.value), .secret = {}};
  }

  AuthConfig::OAuth2 read_oauth2(const YAML::Node& node) {
    AuthConfig::OAuth2 config;
    const YAML::Node url = find_entry(node, "token_url")->value;
    config.token_url = text(url);
    if (std::string wrong = check_url(config.token_url, allow_http_); !wrong.empty())
      document_.problem(url.Mark(), fmt::format("token_url: {}", wrong));
    config.client_id = read_text_or_secret(*find_entry(node, "client_id"));
    config.client_secret =
        read_plain_secret(find_entry(node, "client_secret")->value, "client_secret");
    if (const auto scope = find_entry(node, "scope")) config.scope = text(scope->value);
    if (const auto audience = find_entry(node, "audience")) config.audience = text(audience->value);
    const auto where = find_entry(node, "credentials");
    config.credentials_in_body = where && where->value.Scalar() == "body";
    return config;
  }

  std::vector<NamedSecret> read_headers(const YAML::Node& node) {
    std::vector<NamedSecret> headers;
    for (const YamlEntry& entry : entries(node)) {
      if (is_reserved_header(entry.name))
        document_.problem(entry.mark,
                          fmt::format("{} is written by the HTTP client; remove it", entry.name));
      headers.push_back({entry.name, read_secret(entry.value)});
    }
    return headers;
  }

  std::vector<NamedSecret> read_query(const YAML::Node& node) {
    std::vector<NamedSecret> parameters;
    for (const YamlEntry& entry : entries(node))
      parameters.push_back({entry.name, read_plain_secret(entry.value, "a query parameter")});
    return parameters;
  }

  bool allow_http_;
  YamlDocument& document_;
};

std::string lower(std::string_view name) {
  std::string lowered(name);
  for (char& c : lowered)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lowered;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, lower(name)) != names.end();
}

}  // namespace

bool is_credential_header(std::string_view name) {
  return is_one_of(name, {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key",
                          "apikey", "x-auth-token", "x-access-token", "x-amz-security-token"});
}

bool is_credential_parameter(std::string_view name) {
  return is_one_of(name, {"api_key", "apikey", "api-key", "access_token", "auth_token", "password",
                          "secret", "client_secret"});
}

bool is_reserved_header(std::string_view name) {
  return is_one_of(name, {"host", "content-length", "transfer-encoding", "connection", "keep-alive",
                          "upgrade", "te", "trailer", "expect", "accept-encoding",
                          "proxy-connection", "proxy-authorization"});
}

AuthConfig read_auth(const YAML::Node& auth, bool allow_http, YamlDocument& document) {
  return AuthReader(allow_http, document).read(auth);
}

}  // namespace lakegate
