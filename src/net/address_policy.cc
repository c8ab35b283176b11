#include "net/address_policy.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>

#include "lake/ascii.h"

namespace lakegate {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int kIpv4Bits = 96;  // of a mapped address, before the IPv4 address

bool begins_with(const IpAddress& address, std::span<const std::uint8_t> prefix, int bits) {
  const auto whole = static_cast<std::size_t>(bits / 8);
  if (!std::equal(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(whole),
                  address.bytes.begin()))
    return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return (address.bytes[whole] & mask) == (prefix[whole] & mask);
}

bool is_ipv4(const IpAddress& address) {
  return begins_with(address, kMapped, kIpv4Bits);
}

IpAddress ipv4(std::span<const std::uint8_t, 4> four) {
  IpAddress address;
  std::ranges::copy(kMapped, address.bytes.begin());
  std::ranges::copy(four, address.bytes.begin() + 12);
  return address;
}

// https://www.iana.org/assignments/iana-ipv4-special-registry
struct Kind {
  std::array<std::uint8_t, 4> first;
  int bits;
  std::string_view name;
};
constexpr std::array kIpv4Kinds = {
    Kind{{0, 0, 0, 0}, 32, "the unspecified address, which is this machine"},
    Kind{{0, 0, 0, 0}, 8, "an address of this network"},
    Kind{{10, 0, 0, 0}, 8, "a private address"},
    Kind{{100, 100, 100, 200}, 32, "a metadata service"},
    Kind{{100, 64, 0, 0}, 10, "a shared address behind a provider's NAT"},
    Kind{{127, 0, 0, 0}, 8, "a loopback address"},
    Kind{{168, 63, 129, 16}, 32, "a metadata service"},
    Kind{{169, 254, 169, 254}, 32, "a metadata service"},
    Kind{{169, 254, 170, 2}, 32, "a metadata service"},
    Kind{{169, 254, 0, 0}, 16, "a link-local address"},
    Kind{{172, 16, 0, 0}, 12, "a private address"},
    Kind{{192, 0, 0, 192}, 32, "a metadata service"},
    Kind{{192, 0, 0, 0}, 24, "an address for protocols"},
    Kind{{192, 0, 2, 0}, 24, "an address for documentation"},
    Kind{{192, 168, 0, 0}, 16, "a private address"},
    Kind{{198, 18, 0, 0}, 15, "an address for benchmarks"},
    Kind{{198, 51, 100, 0}, 24, "an address for documentation"},
    Kind{{203, 0, 113, 0}, 24, "an address for documentation"},
    Kind{{224, 0, 0, 0}, 4, "a multicast address"},
    Kind{{255, 255, 255, 255}, 32, "the broadcast address"},
    Kind{{240, 0, 0, 0}, 4, "a reserved address"},
};
constexpr std::string_view kMetadata = "a metadata service";

std::string_view ipv4_kind(const IpAddress& address) {
  for (const Kind& kind : kIpv4Kinds)
    if (begins_with(address, ipv4(kind.first).bytes, kIpv4Bits + kind.bits)) return kind.name;
  return {};
}

std::array<std::uint8_t, 16> ipv6(std::string_view text) {
  std::array<std::uint8_t, 16> bytes = {};
  (void)::inet_pton(AF_INET6, std::string(text).c_str(), bytes.data());
  return bytes;
}

bool in(const IpAddress& address, std::string_view prefix, int bits) {
  return begins_with(address, ipv6(prefix), bits);
}

// The IPv4 address that one of IPv6 leads to, where it has one inside.
std::optional<IpAddress> inner_ipv4(const IpAddress& address) {
  const auto at = [&](std::size_t offset) {
    return ipv4(std::span<const std::uint8_t, 4>(address.bytes.data() + offset, 4));
  };
  if (in(address, "::", 96)) return at(12);            // compatible
  if (in(address, "::ffff:0:0:0", 96)) return at(12);  // translated (RFC 2765)
  if (in(address, "64:ff9b::", 96)) return at(12);     // NAT64
  if (in(address, "2002::", 16)) return at(2);         // 6to4
  if (in(address, "2001::", 32)) {                     // Teredo: the client's, inverted
    std::array<std::uint8_t, 4> four = {};
    for (std::size_t i = 0; i < 4; ++i) four[i] = static_cast<std::uint8_t>(~address.bytes[12 + i]);
    return ipv4(four);
  }
  constexpr std::array<std::uint8_t, 3> kIsatap = {0, 0x5e, 0xfe};  // RFC 5214, 6.1
  if ((address.bytes[8] & ~2) == 0 &&
      std::equal(kIsatap.begin(), kIsatap.end(), address.bytes.begin() + 9))
    return at(12);
  return std::nullopt;
}

// A network that translates addresses for itself (RFC 8215) says nowhere how long its prefix is,
// and so not where in 64:ff9b:1::/48 the IPv4 address stands: at one of these places (RFC
// 6052, 2.2).
std::string_view own_nat64_kind(const IpAddress& address) {
  const auto& b = address.bytes;
  for (const auto& four :
       {std::array{b[6], b[7], b[9], b[10]}, std::array{b[7], b[9], b[10], b[11]},
        std::array{b[9], b[10], b[11], b[12]}, std::array{b[12], b[13], b[14], b[15]}})
    if (ipv4_kind(ipv4(four)) == kMetadata) return kMetadata;
  return "an address that the network translates for itself";
}

std::string lower_host(std::string_view host) {
  std::string lower(host);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (lower.ends_with('.')) lower.pop_back();
  return lower;
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t kLongest = 253;
  if (text.empty() || text.size() > kLongest || text.front() == '.' || text.front() == '-')
    return false;
  return std::ranges::all_of(
      text, [](char c) { return is_lower(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; });
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  std::string plain(text.substr(0, text.find('%')));
  if (plain.starts_with('[') && plain.ends_with(']')) plain = plain.substr(1, plain.size() - 2);
  std::array<std::uint8_t, 4> four = {};
  if (::inet_pton(AF_INET, plain.c_str(), four.data()) == 1) return ipv4(four);
  IpAddress address;
  if (::inet_pton(AF_INET6, plain.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text = {};
  if (is_ipv4(address))
    ::inet_ntop(AF_INET, address.bytes.data() + 12, text.data(), text.size());
  else
    ::inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
  return text.data();
}

std::string_view refused_kind(const IpAddress& address) {
  if (is_ipv4(address)) return ipv4_kind(address);
  // https://www.iana.org/assignments/iana-ipv6-special-registry
  if (in(address, "::", 128)) return "the unspecified address, which is this machine";
  if (in(address, "::1", 128)) return "a loopback address";
  if (in(address, "fd00:ec2::", 32)) return kMetadata;
  if (in(address, "fd20:ce::254", 128)) return kMetadata;
  if (in(address, "fc00::", 7)) return "a private address";
  if (in(address, "fe80::", 10)) return "a link-local address";
  if (in(address, "fec0::", 10)) return "a site-local address";
  if (in(address, "ff00::", 8)) return "a multicast address";
  if (in(address, "64:ff9b:1::", 48)) return own_nat64_kind(address);
  if (const auto inner = inner_ipv4(address)) return ipv4_kind(*inner);
  if (in(address, "100::", 64)) return "a discard address";
  if (in(address, "2001:db8::", 32) || in(address, "3fff::", 20))
    return "an address for documentation";
  if (in(address, "5f00::", 16)) return "an address for segment routing";
  return {};
}

Result<AddressPolicy> AddressPolicy::create(const std::vector<std::string>& allow) {
  AddressPolicy policy;
  for (const std::string& entry : allow) {
    const std::size_t slash = entry.find('/');
    if (const auto address = parse_ip(std::string_view(entry).substr(0, slash))) {
      const bool four = entry.find(':') == std::string::npos;
      const int most = four ? 32 : 128;
      int bits = most;
      if (slash != std::string::npos) {
        const char* const first = entry.data() + slash + 1;
        const char* const last = entry.data() + entry.size();
        const auto read = std::from_chars(first, last, bits);
        if (read.ec != std::errc() || read.ptr != last || bits < 0 || bits > most)
          return invalid_input(fmt::format(
              "\"{}\" is no range of addresses; write it like 10.0.0.0/8 or fd00::/8", entry));
      }
      policy.ranges_.push_back({*address, four ? kIpv4Bits + bits : bits});
      continue;
    }
    const std::string host = lower_host(entry);
    if (!is_host_name(host))
      return invalid_input(fmt::format(
          "\"{}\" is no host name, address or range of addresses; write \"api.internal\", "
          "\"10.1.2.3\" or \"10.0.0.0/8\", without a scheme and a port",
          entry));
    policy.hosts_.push_back(host);
  }
  return policy;
}

Result<void> AddressPolicy::check(std::string_view host, const IpAddress& address) const {
  const std::string_view kind = refused_kind(address);
  if (kind.empty()) return {};
  const auto listed = [&](const IpAddress& one) {
    return std::ranges::any_of(ranges_, [&](const Range& range) {
      return begins_with(one, range.first.bytes, range.bits);
    });
  };
  if (listed(address)) return {};
  const std::string name = lower_host(host);
  if (kind != kMetadata && std::ranges::find(hosts_, name) != hosts_.end()) return {};
  const std::string text = to_string(address);
  // 2130706433 and 0x7f.1 are no names that anybody should have to recognise in a configuration.
  const bool is_number = name.empty() || (name.back() >= '0' && name.back() <= '9') ||
                         name.find(':') != std::string::npos || name.starts_with("0x");
  return invalid_input(fmt::format(
      "{} is {}{}, and nothing there is asked unless the configuration says so; if it is meant, "
      "add under source:\n  allow_hosts: [\"{}\"]",
      host, name == text ? "" : text + ", ", kind, kind == kMetadata || is_number ? text : name));
}

}  // namespace lakegate
