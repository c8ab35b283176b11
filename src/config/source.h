// `source:` of a dataset: the API that its rows are fetched from. Everything is checked by the time
// it is here: templates know their variables, headers are headers, secrets are references.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lake/ids.h"
#include "lake/request_template.h"
#include "lake/time.h"

namespace lakegate {

// Where a secret is kept. The secret itself never stands in lake.yaml.
struct SecretRef {
  enum class From { kEnv, kFile, kSecretsManager, kSsm };
  From from = From::kEnv;
  std::string name;    // the variable, path, id or name
  std::string key;     // kSecretsManager: a member of a secret that is a JSON object
  std::string prefix;  // what goes before it in a header: "Token "
  bool operator==(const SecretRef&) const = default;
};

// A name that may be public or not: a user, a client's id.
struct TextOrSecret {
  std::string text;
  std::optional<SecretRef> secret;  // then `text` is empty
  bool operator==(const TextOrSecret&) const = default;
};

struct NamedSecret {
  std::string name;  // of the header or the query parameter
  SecretRef secret;
  bool operator==(const NamedSecret&) const = default;
};

// At most one of those that write the Authorization header; none at all: no credentials.
struct AuthConfig {
  struct Basic {
    TextOrSecret user;
    SecretRef password;
    bool operator==(const Basic&) const = default;
  };
  // Client credentials (RFC 6749, 4.4).
  struct OAuth2 {
    std::string token_url;
    TextOrSecret client_id;
    SecretRef client_secret;
    std::string scope, audience;       // sent where not empty
    bool credentials_in_body = false;  // else in the Authorization header
    bool operator==(const OAuth2&) const = default;
  };
  struct SigV4 {
    std::string service, region;
    bool operator==(const SigV4&) const = default;
  };
  std::optional<SecretRef> bearer;
  std::optional<Basic> basic;
  std::optional<OAuth2> oauth2;
  std::optional<SigV4> sigv4;
  std::vector<NamedSecret> headers;
  std::vector<NamedSecret> query;
  bool operator==(const AuthConfig&) const = default;
};

// What one variable of for_each runs over.
struct ForEach {
  struct List {
    std::vector<TemplateValue> values;
    bool operator==(const List&) const = default;
  };
  // Both ends included. Numbers have up to nine decimals; dates are YYYY-MM-DD, or the days of
  // "{since}" and "{until}".
  struct Range {
    bool of_dates = false;
    std::string from, to;
    std::string step = "1";  // of dates: a number of days
    bool operator==(const Range&) const = default;
  };
  // Each value of a column once, in the order of the file, nulls left out.
  struct Column {
    ObjectKey file;  // CSV, JSON or Parquet, in the lake
    std::string column;
    bool operator==(const Column&) const = default;
  };
  std::string name;
  std::variant<List, Range, Column> values;
  bool operator==(const ForEach&) const = default;
};

// Product: the first variable slowest. Zip: the first values together, then the second ones.
enum class Combine { kProduct, kZip };

// {since} is the scheduled time of the last finished fetch minus `overlap`, `start` before the
// first.
struct SinceConfig {
  Instant start;
  std::chrono::milliseconds overlap{0};
  bool operator==(const SinceConfig&) const = default;
};

struct NamedTemplate {
  std::string name;
  RequestTemplate value;
  bool operator==(const NamedTemplate&) const = default;
};

struct BodyConfig {
  // How values are written into it, so that none can be more than a value.
  enum class Kind { kNone, kJson, kJsonText, kForm, kXml, kPlain };
  Kind kind = Kind::kNone;
  std::string json;      // kJson: a document whose strings are templates
  RequestTemplate text;  // the others; kPlain: without variables
  bool operator==(const BodyConfig&) const = default;
};

struct PaginateConfig {
  enum class By { kNone, kPage, kOffset, kCursor, kNext, kLink };
  By by = By::kNone;
  // The query parameter that carries the page, offset or cursor. Empty where a template has
  // {page}, {offset} or {cursor}.
  std::string parameter;
  std::int64_t first = 1;  // kPage: the number of the first page
  std::uint64_t size = 0;  // records of a whole page; 0: unknown. A shorter page is the last one
  std::string pointer;     // kCursor, kNext: JSON Pointer of the cursor or link in the body
  std::uint32_t max_pages = 1000;  // of one parameter set; more is that set's failure
  bool operator==(const PaginateConfig&) const = default;
};

struct FetchLimits {
  std::size_t concurrency = 256;
  double requests_per_second = 0;           // 0: no limit
  double requests_per_second_per_host = 0;  // 0: no limit
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds first_byte_timeout{60'000};
  std::chrono::milliseconds timeout{300'000};         // of an attempt as a whole
  std::uint64_t max_reply = std::uint64_t{64} << 20;  // bytes, decoded
  int retries = 5;                                    // of one request, after the first attempt
  double retry_budget = 0.5;  // retries of a fetch as a share of its requests
  bool operator==(const FetchLimits&) const = default;
};

struct SourceConfig {
  std::string method = "GET";
  RequestTemplate url;  // scheme, host and port are literal
  std::vector<NamedTemplate> headers;
  std::vector<NamedTemplate> query;  // after what the url has
  BodyConfig body;
  std::vector<ForEach> for_each;  // in the order of the file
  Combine combine = Combine::kProduct;
  std::optional<SinceConfig> since;
  std::string records;             // JSON Pointer; "": the whole reply
  std::vector<NamedTemplate> add;  // columns
  PaginateConfig paginate;
  AuthConfig auth;
  FetchLimits limits;
  std::uint64_t slice = 0;  // requests; 0: as limits suggest (slice_requests)
  bool keep_raw = true;
  bool allow_http = false;
  bool allow_proxy = false;
  std::vector<std::string> allow_hosts;  // names, addresses or ranges (10.0.0.0/8)
  std::string ca_file;                   // PEM, besides the system's
  bool operator==(const SourceConfig&) const = default;

  // Whether any template, of the request or of a column, has the variable.
  bool uses(std::string_view variable) const;
  // Parameter sets of a slice: `slice`, else 16 times `concurrency`, from 250 to 2000, but no more
  // than a minute's at `requests_per_second` (of one host, where that is less).
  std::uint64_t slice_requests() const;
  // SHA-256 over what makes the requests and their order: not auth, limits, records, add. A plan
  // carries it.
  std::string request_hash() const;
};

}  // namespace lakegate
