#include "aws/retry.h"

#include <gtest/gtest.h>

#include "aws/fault.h"

namespace lakegate {
namespace {

using namespace std::chrono_literals;

TEST(Retry, WhatIsTriedAgain) {
  struct Case {
    int status;
    std::string code;
    RetryClass expected;
  };
  for (const Case& c : {
           Case{400, "ProvisionedThroughputExceededException", RetryClass::kThrottled},
           Case{400, "ThrottlingException", RetryClass::kThrottled},
           Case{503, "SlowDown", RetryClass::kThrottled},
           Case{429, "Whatever", RetryClass::kThrottled},
           Case{500, "InternalError", RetryClass::kTransient},
           Case{502, "Whatever", RetryClass::kTransient},
           Case{504, "Whatever", RetryClass::kTransient},
           Case{400, "RequestTimeout", RetryClass::kTransient},
           Case{409, "ConditionalRequestConflict", RetryClass::kTransient},
           Case{409, "OperationAborted", RetryClass::kTransient},
           Case{403, "RequestTimeTooSkewed", RetryClass::kClock},
           Case{400, "ExpiredToken", RetryClass::kCredentials},
           Case{400, "ExpiredTokenException", RetryClass::kCredentials},
           Case{403, "AccessDenied", RetryClass::kNo},
           Case{404, "NoSuchKey", RetryClass::kNo},
           Case{412, "PreconditionFailed", RetryClass::kNo},
           Case{400, "ConditionalCheckFailedException", RetryClass::kNo},
           Case{400, "ValidationException", RetryClass::kNo},
           Case{409, "BucketAlreadyExists", RetryClass::kNo},
           Case{501, "NotImplemented", RetryClass::kNo},
       }) {
    SCOPED_TRACE(std::to_string(c.status) + " " + c.code);
    EXPECT_EQ(retry_class({.status = c.status, .code = c.code}), c.expected);
  }
}

TEST(Retry, WaitsDoubleUpToTwentySeconds) {
  EXPECT_EQ(retry_delay(RetryClass::kTransient, 1, 0.5), 50ms);
  EXPECT_EQ(retry_delay(RetryClass::kTransient, 2, 0.5), 100ms);
  EXPECT_EQ(retry_delay(RetryClass::kTransient, 3, 0.5), 200ms);
  EXPECT_EQ(retry_delay(RetryClass::kThrottled, 1, 0.5), 500ms);
  EXPECT_EQ(retry_delay(RetryClass::kThrottled, 4, 0.5), 4s);
  EXPECT_EQ(retry_delay(RetryClass::kThrottled, 60, 0.5), 10s);
  EXPECT_EQ(retry_delay(RetryClass::kThrottled, 60, 0.0), 0s);
  EXPECT_EQ(retry_delay(RetryClass::kClock, 3, 0.9), 0s);
  EXPECT_EQ(retry_delay(RetryClass::kCredentials, 3, 0.9), 0s);
}

TEST(Retry, TheQuotaRunsOutAndIsPaidBack) {
  RetryQuota quota;
  int taken = 0;
  while (quota.take(false) > 0) ++taken;
  EXPECT_EQ(taken, 100);
  EXPECT_EQ(quota.take(true), 0);
  quota.give_back(5);
  EXPECT_EQ(quota.take(true), 0) << "without a reply it costs 10";
  quota.give_back(0);
  for (int i = 0; i < 4; ++i) quota.give_back(0);
  EXPECT_EQ(quota.take(true), 10);
  for (int i = 0; i < 10'000; ++i) quota.give_back(1);
  for (taken = 0; quota.take(false) > 0;) ++taken;
  EXPECT_EQ(taken, 100) << "never more than what it began with";
}

TEST(Retry, TheServersClock) {
  const auto now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24) + 7h;
  const HttpReply reply{.status = 403, .headers = {{"Date", "Tue, 24 Nov 2026 08:10:05 GMT"}}};
  EXPECT_EQ(clock_offset(reply, now), 4205s);
  EXPECT_EQ(clock_offset({.status = 403}, now), std::nullopt);
  EXPECT_EQ(clock_offset({.status = 403, .headers = {{"date", "soon"}}}, now), std::nullopt);
}

TEST(Fault, IsReadFromJsonXmlAndFromNothing) {
  struct Case {
    HttpReply reply;
    std::string method;
    std::string code, message;
    ErrorKind kind;
  };
  const std::vector<Case> cases = {
      {{.status = 400,
        .body = R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
                R"("message":"no"})"},
       "POST",
       "ConditionalCheckFailedException",
       "no",
       ErrorKind::kConflict},
      {{.status = 400,
        .headers = {{"x-amzn-ErrorType", "EntityNotFoundException:http://x"}},
        .body = R"({"Message":"gone"})"},
       "POST",
       "EntityNotFoundException",
       "gone",
       ErrorKind::kNotFound},
      {{.status = 404,
        .body = "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code>"
                "<Message>a &lt;b&gt; &amp;c</Message><Empty/></Error>"},
       "GET",
       "NoSuchKey",
       "a <b> &c",
       ErrorKind::kNotFound},
      {{.status = 404, .body = "<Error><Code>NoSuchBucket</Code></Error>"},
       "GET",
       "NoSuchBucket",
       "",
       ErrorKind::kPermanent},
      {{.status = 404, .body = "<Error><Code>UnknownUser</Code></Error>"},
       "GET",
       "UnknownUser",
       "",
       ErrorKind::kPermanent},
      {{.status = 400,
        .body = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>"},
       "POST",
       "Throttling",
       "",
       ErrorKind::kRetryable},
      {{.status = 404}, "HEAD", "NotFound", "", ErrorKind::kNotFound},
      {{.status = 412}, "HEAD", "PreconditionFailed", "", ErrorKind::kConflict},
      {{.status = 403}, "HEAD", "Forbidden", "", ErrorKind::kPermanent},
      {{.status = 503, .body = "<html>busy"},
       "GET",
       "ServiceUnavailable",
       "",
       ErrorKind::kRetryable},
      {{.status = 301, .headers = {{"x-amz-bucket-region", "eu-west-1"}}},
       "HEAD",
       "PermanentRedirect",
       " (the bucket is in eu-west-1: set AWS_REGION=eu-west-1)",
       ErrorKind::kPermanent},
      {{.status = 200, .body = "  \n<Error><Code>InternalError</Code></Error>"},
       "POST",
       "InternalError",
       "",
       ErrorKind::kRetryable},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.code);
    const auto fault = read_fault(c.reply, c.method);
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->code, c.code);
    EXPECT_EQ(fault->message, c.message);
    EXPECT_EQ(to_error(*fault, "x").kind, c.kind);
  }
  EXPECT_FALSE(read_fault({.status = 200, .body = "<Error><Code>x</Code></Error>"}, "GET"))
      << "an object may hold anything";
  EXPECT_FALSE(read_fault({.status = 200, .body = "<Result/>"}, "POST"));
  EXPECT_FALSE(read_fault({.status = 304}, "GET"));
}

}  // namespace
}  // namespace lakegate
