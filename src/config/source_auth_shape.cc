// The shape of `auth:`, and of the mappings of headers and query parameters.
#include <algorithm>

#include "config/shape_makers.h"
#include "config/source_shapes.h"
#include "lake/ascii.h"

namespace lakegate::shapes {
namespace {

// A token of RFC 9110, 5.6.2.
bool is_header_name(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return is_alphanumeric(c) || kMarks.find(c) != std::string_view::npos;
  });
}

bool is_parameter_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
  });
}

// A literal one is refused without being shown.
Shape secret() {
  const auto kept = [](std::string_view what, std::string_view pattern,
                       bool (*matches)(std::string_view)) {
    return Shape{.kind = Kind::kText,
                 .what = what,
                 .pattern = pattern,
                 .matches = matches,
                 .sensitive = true};
  };
  const auto is_variable = [](std::string_view name) {
    return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
           std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '_'; });
  };
  return {
      .kind = Kind::kObject,
      .what =
          "a reference, since secrets never stand in lake.yaml: {env: NAME}, {file: PATH}, "
          "{secretsmanager: ID} or {ssm: NAME}",
      .keys = {{"env", "An environment variable.",
                kept("an environment variable's name", "^[A-Za-z_][A-Za-z0-9_]*$", is_variable)},
               {"file", "A file with nothing but the secret in it.", text("a file's path")},
               {"secretsmanager", "AWS Secrets Manager: the secret's name or ARN.",
                text("a secret's name or ARN")},
               {"ssm", "AWS SSM Parameter Store: the parameter's name.",
                text("a parameter's name")},
               {"key", "secretsmanager: the member of a secret that is a JSON object.",
                text("a member's name")},
               {"prefix",
                "What goes before it in a header: 'Token '.",
                {.kind = Kind::kText, .what = "what goes before the secret", .sensitive = true}}},
      .exactly_one = {"env", "file", "secretsmanager", "ssm"},
      .only_with = {{"key", "secretsmanager"}},
      .sensitive = true};
}

Shape text_or_secret(std::string_view what) {
  return {.kind = Kind::kEither, .what = what, .of = {text(what), secret()}};
}

Shape basic() {
  return {.kind = Kind::kObject,
          .what = "a mapping with user and password",
          .keys = {{"user", "The user; may be a reference to a secret too.",
                    text_or_secret("a user's name"), true},
                   {"password", "A reference to the password.", secret(), true}},
          .sensitive = true};
}

Shape oauth2() {
  return {.kind = Kind::kObject,
          .what = "a mapping with token_url, client_id and client_secret",
          .keys = {{"token_url", "Where tokens are had.", text("a URL"), true},
                   {"client_id", "The client; may be a reference to a secret too.",
                    text_or_secret("a client's id"), true},
                   {"client_secret", "A reference to the client's secret.", secret(), true},
                   {"scope", "What is asked for, where the server wants it said.",
                    text("scopes, separated by blanks")},
                   {"audience", "For whom, where the server wants it said.", text("an audience")},
                   {"credentials",
                    "Whether id and secret go in the Authorization header (default) or in the "
                    "body.",
                    choice({"header", "body"})}},
          .sensitive = true};
}

}  // namespace

Shape map_of(Shape item, std::string_view key, std::string_view pattern,
             bool (*matches)(std::string_view)) {
  const bool sensitive = item.sensitive;
  return {.kind = Kind::kMap,
          .what = key,
          .pattern = pattern,
          .matches = matches,
          .of = {std::move(item)},
          .sensitive = sensitive};
}

Shape by_header(Shape item) {
  return map_of(std::move(item), "a header's name", "^[!#$%&'*+.^_`|~A-Za-z0-9-]+$",
                is_header_name);
}

Shape by_parameter(Shape item) {
  return map_of(std::move(item), "a query parameter's name", "^.+$", is_parameter_name);
}

Shape auth() {
  return {
      .kind = Kind::kObject,
      .what =
          "a mapping with bearer, basic, header, query, oauth2 or sigv4, such as {bearer: "
          "{env: API_TOKEN}}",
      .keys =
          {{"bearer", "Authorization: Bearer and the secret.", secret()},
           {"basic", "Authorization: Basic.", basic()},
           {"header", "Headers that are secrets: X-Api-Key: {env: API_KEY}.", by_header(secret())},
           {"query", "Query parameters that are secrets.", by_parameter(secret())},
           {"oauth2", "OAuth 2.0 client credentials; the token is kept and renewed.", oauth2()},
           {"sigv4",
            "AWS Signature Version 4, with the credentials of the process.",
            {.kind = Kind::kObject,
             .what = "a mapping with service and region",
             .keys = {{"service", "execute-api for API Gateway.", text("a service's name"), true},
                      {"region", "The region.", text("a region, such as eu-central-1"), true}}}}},
      .sensitive = true};
}

}  // namespace lakegate::shapes
