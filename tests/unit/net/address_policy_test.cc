#include "net/address_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes/loopback_server.h"
#include "net/http_client.h"

namespace lakegate {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// tests/cases/net/addresses.tsv: spellings, and what becomes of them.
std::vector<std::pair<std::string, std::string>> cases() {
  std::ifstream file(LAKEGATE_CASES_DIR "/net/addresses.tsv");
  EXPECT_TRUE(file) << "tests/cases/net/addresses.tsv";
  std::vector<std::pair<std::string, std::string>> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t tab = line.find('\t');
    EXPECT_NE(tab, std::string::npos) << line;
    cases.emplace_back(line.substr(0, tab), line.substr(tab + 1));
  }
  EXPECT_GT(cases.size(), 100u);
  return cases;
}

// What the system makes of a spelling, without asking any server.
std::vector<IpAddress> addresses_of(const std::string& host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  std::vector<IpAddress> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    char text[NI_MAXHOST] = {};
    EXPECT_EQ(::getnameinfo(one->ai_addr, one->ai_addrlen, text, sizeof(text), nullptr, 0,
                            NI_NUMERICHOST),
              0);
    const auto address = parse_ip(text);
    EXPECT_TRUE(address) << text;
    if (address) addresses.push_back(*address);
  }
  return addresses;
}

TEST(AddressPolicy, KnowsEverySpellingOfTheTable) {
  const AddressPolicy strict;
  for (const auto& [host, kind] : cases()) {
    SCOPED_TRACE(host);
    const auto addresses = addresses_of(host);
    ASSERT_FALSE(addresses.empty());
    for (const IpAddress& address : addresses) {
      const auto verdict = strict.check(host, address);
      if (kind == "public") {
        EXPECT_TRUE(verdict) << verdict.error().message;
        continue;
      }
      ASSERT_FALSE(verdict);
      EXPECT_EQ(verdict.error().kind, ErrorKind::kInvalidInput);
      EXPECT_THAT(std::string(refused_kind(address)), StartsWith(kind));
      EXPECT_THAT(verdict.error().message, HasSubstr("allow_hosts: [\""));
    }
  }
}

TEST(AddressPolicy, NothingIsConnectedToUnderAnyOfThem) {
  const LoopbackServer server([](const std::string&) { return http_ok("secrets of the network"); });
  const auto client = HttpClient::create({.addresses = AddressPolicy()});
  ASSERT_TRUE(client);
  for (const auto& [host, kind] : cases()) {
    if (kind == "public") continue;
    SCOPED_TRACE(host);
    const auto reply = (*client)->send({.origin = {host, server.origin().port, false}});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::kInvalidInput) << reply.error().message;
    EXPECT_THAT(reply.error().message, HasSubstr("allow_hosts: [\""));
  }
  EXPECT_EQ(server.connections(), 0u);
}

TEST(AddressPolicy, WhatIsListedIsConnectedTo) {
  const LoopbackServer server([](const std::string&) { return http_ok("hello"); });
  for (const std::string allowed : {"127.0.0.1", "127.0.0.0/8", "::ffff:127.0.0.1", "localhost"}) {
    SCOPED_TRACE(allowed);
    const auto policy = AddressPolicy::create({"10.1.2.3", allowed});
    ASSERT_TRUE(policy);
    const auto client = HttpClient::create({.addresses = *policy});
    ASSERT_TRUE(client);
    const std::string host = allowed == "localhost" ? "LocalHost" : "127.0.0.1";
    const auto reply = (*client)->send({.origin = {host, server.origin().port, false}});
    ASSERT_TRUE(reply) << reply.error().to_string();
    EXPECT_EQ(reply->body, "hello");
  }
  EXPECT_EQ(server.connections(), 4u);
}

TEST(AddressPolicy, TheRefusalNamesTheLineThatAllowsIt) {
  const AddressPolicy strict;
  const auto says = [&](std::string_view host, std::string_view address) {
    return strict.check(host, *parse_ip(address)).error().message;
  };
  EXPECT_THAT(says("api.internal", "10.1.2.3"),
              AllOf(HasSubstr("api.internal is 10.1.2.3, a private address"),
                    HasSubstr("under source:\n  allow_hosts: [\"api.internal\"]")));
  EXPECT_THAT(says("10.1.2.3", "10.1.2.3"), HasSubstr("allow_hosts: [\"10.1.2.3\"]"));
  EXPECT_THAT(says("0x7f.1", "127.0.0.1"), HasSubstr("allow_hosts: [\"127.0.0.1\"]"));
  EXPECT_THAT(says("rebound.example.com", "169.254.169.254"),
              HasSubstr("allow_hosts: [\"169.254.169.254\"]"));
}

TEST(AddressPolicy, ANameDoesNotAllowAMetadataService) {
  const auto policy = AddressPolicy::create({"metadata.internal", "10.0.0.0/9", "fd00:1::/32"});
  ASSERT_TRUE(policy);
  EXPECT_TRUE(policy->check("metadata.internal", *parse_ip("10.200.0.1")));
  EXPECT_FALSE(policy->check("metadata.internal", *parse_ip("169.254.169.254")));
  EXPECT_TRUE(policy->check("other", *parse_ip("10.127.255.255")));
  EXPECT_FALSE(policy->check("other", *parse_ip("10.128.0.0")));
  EXPECT_TRUE(policy->check("other", *parse_ip("fd00:1:ffff::1")));
  EXPECT_FALSE(policy->check("other", *parse_ip("fd00:2::1")));
  EXPECT_TRUE(AddressPolicy::create({"169.254.169.254"})
                  ->check("metadata.internal", *parse_ip("169.254.169.254")));
}

TEST(AddressPolicy, ANetworksOwnTranslationIsTakenAsAWhole) {
  const IpAddress inside = *parse_ip("64:ff9b:1::8.8.8.8");
  EXPECT_FALSE(AddressPolicy::create({"8.8.8.8"})->check("api.internal", inside));
  EXPECT_TRUE(AddressPolicy::create({"api.internal"})->check("api.internal", inside));
  EXPECT_TRUE(AddressPolicy::create({"64:ff9b:1::/48"})->check("api.internal", inside));
}

TEST(AddressPolicy, WhatIsNoHostAddressOrRangeIsSaid) {
  for (const std::string entry : {"", "https://api.internal", "api internal", "10.0.0.0/33",
                                  "10.0.0.0/x", "fd00::/129", "api.internal:8080", "*.internal"}) {
    const auto policy = AddressPolicy::create({entry});
    ASSERT_FALSE(policy) << entry;
    EXPECT_EQ(policy.error().kind, ErrorKind::kInvalidInput);
    EXPECT_THAT(policy.error().message, HasSubstr("\"" + entry + "\""));
  }
}

}  // namespace
}  // namespace lakegate
