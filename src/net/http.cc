#include "net/http.h"

#include <algorithm>

namespace lakegate {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool same_header_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

bool has_header(const std::vector<HttpHeader>& headers, std::string_view name) {
  return std::ranges::any_of(
      headers, [&](const HttpHeader& header) { return same_header_name(header.name, name); });
}

std::string_view HttpReply::header(std::string_view name) const {
  for (const HttpHeader& header : headers)
    if (same_header_name(header.name, name)) return header.value;
  return {};
}

std::string host_header(const HttpOrigin& origin) {
  const std::uint16_t usual = origin.tls ? 443 : 80;
  const bool ipv6 = origin.host.find(':') != std::string::npos;
  std::string host = ipv6 ? "[" + origin.host + "]" : origin.host;
  if (origin.port != usual) host += ":" + std::to_string(origin.port);
  return host;
}

}  // namespace lakegate
