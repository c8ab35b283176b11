// http and https URLs as far as requests need them. Strict where a sloppy reading could send a
// request elsewhere than it seems to go.
#pragma once

#include <string>
#include <string_view>

#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

// https://host:port/path?query, taken apart. The fragment is dropped.
struct Url {
  HttpOrigin origin;         // the host in lower case, an IPv6 address without its brackets
  std::string target = "/";  // path and query as they go on the wire
  bool operator==(const Url&) const = default;
};

// kInvalidInput for another scheme, user:password@, a host that is neither a name nor an address,
// spaces, control characters and backslashes. Bytes beyond ASCII in path and query become %XX.
Result<Url> parse_url(std::string_view text);

// The same of path and query alone: "/path?query".
Result<std::string> parse_target(std::string_view text);

// What `reference` (a Location, a link) means on a page at `base` (RFC 3986, 5.2).
Result<Url> resolve_url(const Url& base, std::string_view reference);

// The port only where it is not the scheme's own.
std::string url_text(const HttpOrigin& origin, std::string_view target);
std::string to_string(const Url& url);

}  // namespace lakegate
