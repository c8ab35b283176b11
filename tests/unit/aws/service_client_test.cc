#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "aws/signed_service.h"
#include "fakes/loopback_server.h"
#include "net/crt_runtime.h"

namespace lakegate {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

class CountedCredentials : public CredentialsSource {
 public:
  void get(std::function<void(Result<Credentials>)> done) override {
    if (none) return done(fail(ErrorKind::kPermanent, "no AWS credentials"));
    done(make_credentials("id", "secret", "token" + std::to_string(generation)));
  }
  void forget() override { ++generation; }
  std::atomic<int> generation = 1;
  bool none = false;
};

struct Service {
  std::shared_ptr<AwsShared> shared = std::make_shared<AwsShared>();
  CountedCredentials* credentials = nullptr;
  std::shared_ptr<ServiceClient> client;

  explicit Service(const LoopbackServer& server) {
    shared->settings.region = "eu-west-1";
    shared->http = HttpClient::create({}).value();
    auto counted = std::make_unique<CountedCredentials>();
    credentials = counted.get();
    shared->credentials = std::move(counted);
    client = make_signed_service(shared, "s3", server.origin());
  }
};

TEST(ServiceClient, BuildsItsRequest) {
  std::string seen;
  LoopbackServer server([&](const std::string& request) {
    seen = request;
    return http_ok("{}");
  });
  const Service service(server);
  const auto reply = service.client->call({.method = "PUT",
                                           .path = "/b/a%20b",
                                           .query = {{"x-id", "a b/c"}, {"uploads", ""}},
                                           .headers = {{"if-match", "\"t\""}},
                                           .body = std::make_shared<std::string>("body"),
                                           .unsigned_payload = true});
  ASSERT_TRUE(reply && reply->ok());
  EXPECT_EQ(reply->attempts, 1);
  EXPECT_THAT(seen, testing::StartsWith("PUT /b/a%20b?x-id=a%20b%2Fc&uploads= HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("if-match: \"t\"\r\n"));
  EXPECT_THAT(seen, HasSubstr("UNSIGNED-PAYLOAD"));
  EXPECT_THAT(seen, HasSubstr("X-Amz-Security-Token: token1\r\n"));
}

TEST(ServiceClient, TriesAgainUntilItIsAnswered) {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const std::string&) {
    switch (++asked) {
      case 1:
        return http_reply(500, "");
      case 2:
        return std::string();  // closes
      default:
        return http_ok("at last");
    }
  });
  const auto reply = Service(server).client->call({.method = "GET"});
  ASSERT_TRUE(reply && reply->ok());
  EXPECT_EQ(reply->http.body, "at last");
  EXPECT_EQ(reply->attempts, 3);
}

TEST(ServiceClient, GivesUpAfterItsAttempts) {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const std::string&) {
    ++asked;
    return http_reply(500, "<Error><Code>InternalError</Code></Error>");
  });
  const auto reply = Service(server).client->call({.method = "GET"}, {.attempts = 2});
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->fault->code, "InternalError");
  EXPECT_EQ(asked, 2);
}

TEST(ServiceClient, BeginsNoAttemptAfterTheDeadline) {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const std::string&) {
    ++asked;
    return http_reply(503, "");
  });
  const Service service(server);
  const auto past = std::chrono::steady_clock::now();
  ASSERT_TRUE(service.client->call({.method = "GET"}, {.deadline = past}));
  EXPECT_EQ(asked, 1);
}

TEST(ServiceClient, CallsEndWithTheInvocationWhateverTheirServerDoes) {
  std::promise<void> end_of_test;
  std::atomic<int> asked = 0;
  LoopbackServer server([&, over = end_of_test.get_future().share()](const std::string&) {
    if (++asked > 1) over.wait();
    return http_ok("");
  });
  const Service service(server);
  set_deadline(service.shared, std::chrono::steady_clock::now() + 1h);
  EXPECT_FALSE(service.client->is_over());
  ASSERT_TRUE(service.client->call({.method = "GET"}));
  set_deadline(service.shared, std::chrono::steady_clock::now() + 100ms);
  const auto cut = service.client->call({.method = "GET"});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(cut.error().message, HasSubstr("before the time was over"));
  EXPECT_TRUE(service.client->is_over());
  EXPECT_FALSE(service.client->call({.method = "GET"})) << "none begins any more";
  EXPECT_EQ(asked, 2);
  end_of_test.set_value();
}

TEST(ServiceClient, AnInvocationThatIsOverCutsNothingOfTheNext) {
  LoopbackServer server([&](const std::string&) {
    std::promise<void> later;  // on the event loop, after the first deadline
    CrtRuntime::start().value()->post([&] { later.set_value(); }, 30ms);
    later.get_future().wait();
    return http_ok("");
  });
  const Service service(server);
  set_deadline(service.shared, std::chrono::steady_clock::now() + 20ms);
  set_deadline(service.shared, std::chrono::steady_clock::now() + 1h);
  EXPECT_TRUE(service.client->call({.method = "GET"}));
}

TEST(ServiceClient, ExpiredCredentialsAreRenewedOnce) {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const std::string& request) {
    ++asked;
    return request.find("token3") != std::string::npos
               ? http_ok("")
               : http_reply(400, "<Error><Code>ExpiredToken</Code></Error>");
  });
  const Service service(server);
  EXPECT_EQ(service.client->call({.method = "GET"})->fault->code, "ExpiredToken");
  EXPECT_EQ(asked, 2) << "token1, token2, and no more of this call";
  EXPECT_TRUE(service.client->call({.method = "GET"})->ok());
  EXPECT_EQ(asked, 3);
}

TEST(ServiceClient, LearnsTheServersClock) {
  const auto tomorrow = std::chrono::system_clock::now() + 24h;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(tomorrow);
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  char date[64], day[16];
  ASSERT_GT(std::strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts), 0u);
  ASSERT_GT(std::strftime(day, sizeof(day), "%Y%m%dT", &parts), 0u);
  LoopbackServer server([&](const std::string& request) {
    return request.find("X-Amz-Date: " + std::string(day)) != std::string::npos
               ? http_ok("")
               : http_reply(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>",
                            "Date: " + std::string(date) + "\r\n");
  });
  const Service service(server);
  const auto reply = service.client->call({.method = "GET"});
  ASSERT_TRUE(reply && reply->ok());
  EXPECT_EQ(reply->attempts, 2);
  EXPECT_EQ(service.client->call({.method = "GET"})->attempts, 1) << "remembered";
}

TEST(ServiceClient, NoCredentialsAreAnErrorAndNothingIsSent) {
  std::atomic<int> asked = 0;
  LoopbackServer server([&](const std::string&) {
    ++asked;
    return http_ok("");
  });
  const Service service(server);
  service.credentials->none = true;
  EXPECT_EQ(service.client->call({.method = "GET"}).error().message, "no AWS credentials");
  EXPECT_EQ(asked, 0);
}

}  // namespace
}  // namespace lakegate
