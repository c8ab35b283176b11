// Which addresses a program that follows other people's URLs may connect to: not those of its own
// network, where services trust whoever reaches them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/error.h"

namespace lakegate {

// An address as it is connected to: IPv6, IPv4 as ::ffff:a.b.c.d.
struct IpAddress {
  std::array<std::uint8_t, 16> bytes = {};
  auto operator<=>(const IpAddress&) const = default;
};

// As getaddrinfo writes them: 127.0.0.1, ::1, fe80::1%eth0. Nothing for other text.
std::optional<IpAddress> parse_ip(std::string_view text);
std::string to_string(const IpAddress& address);  // IPv4 as IPv4

// What an address of a kind that is refused is called: "a loopback address"; empty for those of the
// public internet. IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4, Teredo) is what it stands
// for; of a network's own NAT64, 64:ff9b:1::/48, nobody can tell, and all of it is refused.
std::string_view refused_kind(const IpAddress& address);

// Immutable once made.
class AddressPolicy {
 public:
  // `allow`: host names, addresses and ranges (10.0.0.0/8). A name allows whatever it stands for,
  // except metadata services: those want their address. kInvalidInput for what is none of them.
  static Result<AddressPolicy> create(const std::vector<std::string>& allow);
  AddressPolicy() = default;  // allows the public internet

  // `host` as it stands in the URL, `address` what it was found to be. The error says what to write
  // into allow_hosts.
  Result<void> check(std::string_view host, const IpAddress& address) const;

 private:
  struct Range {
    IpAddress first;
    int bits = 128;  // of a prefix, counted in IPv6
  };
  std::vector<std::string> hosts_;  // lower case, without a dot at the end
  std::vector<Range> ranges_;
};

}  // namespace lakegate
