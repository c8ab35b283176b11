// The HTTP client against tests/api_server: HTTP/2, TLS, compression, the ways a server misbehaves.
#include "net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <string>
#include <vector>

#include "net/url.h"

namespace lakegate {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::StartsWith;

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

class ApiServer : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(variable("LAKEGATE_TEST_API_HTTP"), "") << "run it by tools/with_servers api --";
    options_.ca_file = variable("LAKEGATE_TEST_API_CA");
    options_.keep_system_cas = true;
    options_.ca_setting = "ca_file";
    options_.http2 = true;
    options_.decode = true;
    options_.memory = std::make_shared<ReplyMemory>(std::size_t{4} << 20);
  }
  std::shared_ptr<HttpClient> client() {
    auto made = HttpClient::create(options_);
    EXPECT_TRUE(made) << made.error().to_string();
    return *made;
  }
  // A request to a listener: HTTP, HTTPS, HTTPS1, EXPIRED, ...
  static HttpRequest get(const std::string& listener, const std::string& target) {
    const auto url = parse_url(variable(("LAKEGATE_TEST_API_" + listener).c_str()));
    EXPECT_TRUE(url) << listener;
    return {.origin = url->origin, .target = target};
  }
  // Sends them all and gives the bodies, or messages of errors, in that order.
  static std::vector<std::string> bodies(HttpClient& client, std::vector<HttpRequest> requests) {
    std::vector<std::string> bodies(requests.size());
    std::atomic<std::size_t> left = requests.size();
    std::promise<void> all;
    std::vector<HttpClient::Sending> batch;
    for (std::size_t i = 0; i < requests.size(); ++i)
      batch.push_back({std::make_shared<const HttpRequest>(std::move(requests[i])),
                       [&, i](Result<HttpReply> reply) {
                         bodies[i] = reply ? reply->body : reply.error().message;
                         if (--left == 0) all.set_value();
                       }});
    client.send_all(std::move(batch));
    all.get_future().wait();
    return bodies;
  }

  HttpOptions options_;
};

std::string readings(std::size_t device, const std::string& query) {
  return "/devices/d" + std::to_string(device) + "/readings?" + query;
}

// More at once than a connection of HTTP/2 may carry, several times over.
TEST_F(ApiServer, GivesTheSameOverEveryProtocol) {
  constexpr std::size_t kRequests = 1'500;
  options_.memory.reset();
  options_.max_connections = 64;
  const auto all = [&](const std::string& listener) {
    const auto one = client();
    std::vector<std::string> got;
    for (int i = 0; i < 2; ++i) {
      std::vector<HttpRequest> requests;
      for (std::size_t n = 0; n < kRequests; ++n)
        requests.push_back(get(listener, readings(n, "values=20")));
      got = bodies(*one, std::move(requests));
    }
    return got;
  };
  const auto plain = all("HTTP");
  EXPECT_THAT(plain, testing::Each(StartsWith("{\"datetime\":")));
  EXPECT_EQ(all("HTTPS"), plain);   // HTTP/2
  EXPECT_EQ(all("HTTPS1"), plain);  // which does not have it
  options_.http2 = false;
  EXPECT_EQ(all("HTTPS"), plain);
}

TEST_F(ApiServer, LargeRepliesCompressedOrNotAreWhatTheyWere) {
  const auto plain = client()->send(get("HTTP", readings(1, "values=50000")));
  ASSERT_TRUE(plain) << plain.error().to_string();
  ASSERT_GT(plain->body.size(), 200'000u);
  for (const std::string listener : {"HTTP", "HTTPS", "HTTPS1"})
    for (const std::string encoding : {"", "&encoding=gzip", "&encoding=zstd", "&encoding=auto"}) {
      const auto reply = client()->send(get(listener, readings(1, "values=50000" + encoding)));
      ASSERT_TRUE(reply) << reply.error().to_string();
      EXPECT_TRUE(reply->body == plain->body) << listener << encoding;
      EXPECT_EQ(reply->header("content-encoding"), "");
    }
}

TEST_F(ApiServer, ManyLargeRepliesAtOnceStayWithinTheMemory) {
  constexpr std::size_t kRequests = 60;
  for (const std::string listener : {"HTTP", "HTTPS"}) {
    const auto one = client();
    std::vector<std::promise<Result<HttpReply>>> replies(kRequests);
    for (std::size_t n = 0; n < kRequests; ++n) {
      HttpRequest request = get(listener, readings(n, "values=50000"));
      request.order = n;
      one->send(std::move(request), [&, n](auto reply) { replies[n].set_value(std::move(reply)); });
    }
    std::size_t largest = 0;
    std::size_t most = 0;
    for (std::size_t n = 0; n < kRequests; ++n) {
      options_.memory->first_in_line(n);
      const auto reply = replies[n].get_future().get();
      ASSERT_TRUE(reply) << reply.error().to_string();
      most = std::max(most, options_.memory->held());
      largest = std::max(largest, reply->body.size());
      options_.memory->give_back(reply->body.size());
    }
    EXPECT_LE(most, options_.memory->limit() + largest + kRequests * 128 * 1024) << listener;
    EXPECT_EQ(options_.memory->held(), 0u);
  }
}

// A handshake may fail by chance, but not three of them without any that succeeds.
TEST_F(ApiServer, ABadCertificateIsRefusedAtOnceAndAtTheThirdTimeForAll) {
  for (const std::string listener : {"EXPIRED", "WRONG_HOST", "SELF_SIGNED", "UNKNOWN_CA"}) {
    SCOPED_TRACE(listener);
    const auto one = client();
    for (int time = 1; time <= 4; ++time) {
      const auto reply = one->send(get(listener, "/echo"));
      ASSERT_FALSE(reply);
      EXPECT_EQ(reply.error().kind, time < 3 ? ErrorKind::kRetryable : ErrorKind::kPermanent);
      EXPECT_THAT(reply.error().message, HasSubstr("its certificate does not verify"));
      EXPECT_THAT(reply.error().message, HasSubstr("name that one's file with ca_file"));
    }
  }
  options_.ca_file.clear();
  EXPECT_FALSE(client()->send(get("HTTPS", "/echo"))) << "the system does not know its authority";
}

TEST_F(ApiServer, WhatMisbehavesIsCutOverEveryProtocol) {
  options_.max_reply_bytes = 1'000'000;
  options_.total_timeout = milliseconds(1'000);
  struct Case {
    std::string query;
    ErrorKind kind;
    std::string says;
  };
  for (const std::string listener : {"HTTP", "HTTPS"})
    for (const Case& c :
         {Case{"endless=true", ErrorKind::kPermanent, "longer than 1000000 bytes"},
          Case{"encoding=gzip&bomb=1000000000", ErrorKind::kPermanent, "longer than 1000000 bytes"},
          Case{"drip=100ms", ErrorKind::kRetryable, "no reply in time"},
          Case{"latency=60s", ErrorKind::kRetryable, "no reply in time"},
          Case{"reset=1", ErrorKind::kRetryable, ""},
          Case{"truncate=1", ErrorKind::kRetryable, ""}}) {
      SCOPED_TRACE(listener + " " + c.query);
      const auto reply = client()->send(get(listener, readings(1, "values=1000&" + c.query)));
      ASSERT_FALSE(reply);
      EXPECT_EQ(reply.error().kind, c.kind) << reply.error().message;
      EXPECT_THAT(reply.error().message, HasSubstr(c.says));
      EXPECT_EQ(options_.memory->held(), 0u);
    }
}

}  // namespace
}  // namespace lakegate
