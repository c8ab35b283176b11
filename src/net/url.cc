#include "net/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "lake/ascii.h"

namespace lakegate {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lowered;
}

Failure refuse(std::string_view text, std::string_view why) {
  constexpr std::size_t kShown = 200;
  return invalid_input(fmt::format("\"{}\" cannot be asked: {}", text.substr(0, kShown), why));
}

// As a server's resolver would take it: letters, digits, "-", "_" and dots.
bool is_host_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 && host[0] != '.' &&
         host.find("..") == std::string_view::npos && std::ranges::all_of(host, [](char c) {
           return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
         });
}

bool looks_like_ipv6(std::string_view host) {
  return host.find(':') != std::string_view::npos && std::ranges::all_of(host, [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
                  c == '.';
         });
}

// "host", "host:8443", "[::1]:80".
Result<HttpOrigin> read_authority(std::string_view authority, bool tls, std::string_view text) {
  if (authority.find('@') != std::string_view::npos)
    return invalid_input(
        "a URL must not have a user or a password in it (user:password@); write them under auth:");
  HttpOrigin origin{.port = static_cast<std::uint16_t>(tls ? 443 : 80), .tls = tls};
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return refuse(text, "\"[\" without \"]\"");
    host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
    if (!looks_like_ipv6(host)) return refuse(text, "what is in brackets is no IPv6 address");
    if (!port.empty() && port[0] != ':')
      return refuse(text, "its host is neither a name nor an address");
  } else {
    const std::size_t colon = authority.find(':');
    host = authority.substr(0, colon);
    port = colon == std::string_view::npos ? "" : authority.substr(colon);
    if (!is_host_name(host))
      return refuse(text,
                    "its host is neither a name nor an address (names beyond ASCII are "
                    "written as xn--…)");
  }
  origin.host = lower(host);
  if (port.size() > 1) {
    const char* const end = port.data() + port.size();
    std::uint16_t number = 0;
    const auto [stop, error] = std::from_chars(port.data() + 1, end, number);
    if (error != std::errc() || stop != end || number == 0)
      return refuse(text, "its port is no number from 1 to 65535");
    origin.port = number;
  }
  return origin;
}

// Path and query, bytes beyond ASCII and spaces made %XX as browsers do; nothing that could end a
// line.
Result<std::string> read_target(std::string_view target, std::string_view text) {
  std::string clean;
  clean.reserve(target.size() + 1);
  if (!target.starts_with('/')) clean = "/";
  for (const char c : target.substr(0, target.find('#'))) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) return refuse(text, "a control character is in it");
    if (c == '\\') return refuse(text, "\"\\\" is in it; write %5C");
    if (byte >= 0x80 || c == ' ' || c == '"' || c == '<' || c == '>')
      clean += fmt::format("%{:02X}", byte);
    else
      clean += c;
  }
  return clean;
}

// RFC 3986, 5.2.4, of an absolute path.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_in_folder = false;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    ends_in_folder = segment == "." || segment == "..";
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    begin = end + 1;
  }
  std::string clean;
  for (const std::string_view segment : kept) {
    clean += '/';
    clean += segment;
  }
  if (ends_in_folder || clean.empty()) clean += '/';
  return clean;
}

bool has_scheme(std::string_view reference) {
  const std::size_t colon = reference.find(':');
  return colon != std::string_view::npos && colon > 0 && colon < reference.find_first_of("/?#") &&
         std::ranges::all_of(
             reference.substr(0, colon),
             [](char c) { return is_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  const std::string scheme = lower(text.substr(0, colon == std::string_view::npos ? 0 : colon));
  if (scheme != "https" && scheme != "http")
    return refuse(text, "a URL begins with https:// or http://");
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?#\\"), rest.size());
  Url url;
  LAKEGATE_TRY(url.origin, read_authority(rest.substr(0, end), scheme == "https", text));
  LAKEGATE_TRY(url.target, read_target(rest.substr(end), text));
  return url;
}

Result<std::string> parse_target(std::string_view text) {
  return read_target(text, text);
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  // As browsers do with what stands around a link in a header.
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!reference.empty() && is_blank(reference.front())) reference.remove_prefix(1);
  while (!reference.empty() && is_blank(reference.back())) reference.remove_suffix(1);
  const auto with_clean_path = [](Result<Url> url) {
    if (!url) return url;
    const std::size_t query = std::min(url->target.find('?'), url->target.size());
    url->target = without_dot_segments(url->target.substr(0, query)) + url->target.substr(query);
    return url;
  };
  if (has_scheme(reference)) return with_clean_path(parse_url(reference));
  if (reference.starts_with("//"))
    return with_clean_path(
        parse_url((base.origin.tls ? "https:" : "http:") + std::string(reference)));
  Url url{.origin = base.origin};
  const std::string_view base_path = std::string_view(base.target).substr(0, base.target.find('?'));
  std::string target;
  if (reference.starts_with('/'))
    target = reference;
  else if (reference.empty() || reference[0] == '#')
    target = base.target;
  else if (reference[0] == '?')
    target = std::string(base_path) + std::string(reference);
  else
    target = std::string(base_path.substr(0, base_path.rfind('/') + 1)) + std::string(reference);
  LAKEGATE_TRY(url.target, read_target(target, reference));
  return with_clean_path(std::move(url));
}

std::string url_text(const HttpOrigin& origin, std::string_view target) {
  std::string text = origin.tls ? "https://" : "http://";
  text += host_header(origin);
  text += target;
  return text;
}

std::string to_string(const Url& url) {
  return url_text(url.origin, url.target);
}

}  // namespace lakegate
