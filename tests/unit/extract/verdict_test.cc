#include "extract/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace lakegate {
namespace {

using testing::HasSubstr;

AuthorizedRequest post() {
  return {.request = {.method = "POST",
                      .origin = {.host = "api.example.com"},
                      .target = "/a/b?c=d",
                      .headers = {{"X-Key", "k"},
                                  {"Authorization", "Bearer t"},
                                  {"Cookie", "c"},
                                  {"Content-Type", "application/json"},
                                  {"Accept", "*/*"}},
                      .body = std::make_shared<std::string>("{}")},
          .credential_headers = {"x-key"}};
}

HttpReply redirect(int status, std::string location) {
  return {.status = status, .headers = {{"Location", std::move(location)}}};
}

std::string names(const HttpRequest& request) {
  std::string all;
  for (const HttpHeader& header : request.headers) all += header.name + " ";
  return all;
}

TEST(Judge, EveryStatus) {
  const auto of = [](int status) { return judge(HttpReply{.status = status}); };
  for (int status = 200; status < 300; ++status) EXPECT_EQ(of(status), Verdict::kGood);
  for (const int status : {300, 302, 304, 400, 403, 404, 410, 422})
    EXPECT_EQ(of(status), Verdict::kBad);
  for (const int status : {408, 425, 500, 501, 502, 504, 520, 599})
    EXPECT_EQ(of(status), Verdict::kTroubled) << status;
  for (const int status : {429, 503}) EXPECT_EQ(of(status), Verdict::kTurnedAway);
  EXPECT_EQ(of(401), Verdict::kUnauthorized);
  for (const int status : {301, 302, 303, 307, 308})
    EXPECT_EQ(judge(redirect(status, "/x")), Verdict::kRedirect);
}

TEST(Judge, EveryError) {
  EXPECT_EQ(judge(fail(ErrorKind::kRetryable, "h: nothing listens there")), Verdict::kLost);
  EXPECT_EQ(judge(fail(ErrorKind::kRetryable, "h: no reply in time")), Verdict::kTimedOut);
  EXPECT_EQ(judge(fail(ErrorKind::kPermanent, "h: no TLS connection")), Verdict::kHopeless);
  EXPECT_EQ(judge(fail(ErrorKind::kInvalidInput, "h is 10.0.0.1")), Verdict::kHopeless);
}

TEST(Redirected, WithinAnOriginKeepsCredentials) {
  const auto there = redirected(post(), redirect(307, "../e"), {});
  ASSERT_TRUE(there) << there.error().message;
  EXPECT_EQ(there->request.target, "/e");
  EXPECT_EQ(there->request.method, "POST");
  EXPECT_TRUE(there->request.body);
  EXPECT_EQ(names(there->request), "X-Key Authorization Cookie Content-Type Accept ");
}

TEST(Redirected, ASignatureIsOfOneTargetAndStaysBehind) {
  AuthorizedRequest from = post();
  from.credential_headers = {"x-key", "Authorization"};
  from.signature_headers = {"Authorization"};
  const auto within = redirected(from, redirect(307, "/e"), {});
  ASSERT_TRUE(within);
  EXPECT_EQ(names(within->request), "X-Key Cookie Content-Type Accept ");
  EXPECT_THAT(within->signature_headers, testing::ElementsAre("Authorization"))
      << "it is to be signed again";
  const auto away = redirected(from, redirect(303, "https://other.example.com/e"), {});
  ASSERT_TRUE(away);
  EXPECT_EQ(names(away->request), "Accept ");
  EXPECT_THAT(away->signature_headers, testing::IsEmpty()) << "it is not to be signed again";
}

TEST(Redirected, SecretsOfTheQueryStayWithTheOrigin) {
  AuthorizedRequest from{.request = {.method = "GET",
                                     .origin = {"api.example.com", 443, true},
                                     .target = "/d?key=a%2Fb"},
                         .credential_query = {{"key", "a/b"}}};
  EXPECT_EQ(redirected(from, redirect(301, "/d/"), {})->request.target, "/d/?key=a%2Fb");
  EXPECT_EQ(redirected(from, redirect(302, "/d/?key=a%2fb&n=1"), {})->request.target,
            "/d/?n=1&key=a%2Fb");
  EXPECT_EQ(redirected(from, redirect(302, "https://other.example.com/d?key=a%2fb&n=1"), {})
                ->request.target,
            "/d?n=1");
}

TEST(Redirected, ToAnotherOriginLeavesCredentialsAndBodyBehind) {
  for (const std::string location :
       {"https://other.example.com/e", "https://api.example.com:8443/e", "//other.example.com/e"}) {
    const auto there = redirected(post(), redirect(303, location), {});
    ASSERT_TRUE(there) << there.error().message;
    EXPECT_EQ(there->request.method, "GET");
    EXPECT_FALSE(there->request.body);
    EXPECT_EQ(names(there->request), "Accept ");
    EXPECT_FALSE(redirected(post(), redirect(308, location), {})) << "its body would go along";
  }
}

TEST(Redirected, FromHttpsToHttpOnlyWhereHttpIsAllowed) {
  const HttpReply reply = redirect(302, "http://api.example.com/e");
  const auto refused = redirected(post(), reply, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidInput);
  EXPECT_THAT(refused.error().message, HasSubstr("under source:\n  allow_http: true"));
  const auto there = redirected(post(), reply, {.allow_http = true});
  ASSERT_TRUE(there);
  EXPECT_FALSE(there->request.origin.tls);
  EXPECT_EQ(names(there->request), "Accept ");
}

TEST(Redirected, ToWhatIsNoUrl) {
  for (const std::string location :
       {"ftp://api.example.com/", "https://user:pw@api.example.com/", "javascript:alert(1)"})
    EXPECT_FALSE(redirected(post(), redirect(302, location), {})) << location;
}

}  // namespace
}  // namespace lakegate
