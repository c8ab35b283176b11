// Vectors from https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and
// from the general test suite of Signature Version 4 (get-vanilla-query-order-key-case).
#include "aws/signing.h"

#include <gtest/gtest.h>

#include "aws/signer.h"

namespace lakegate {
namespace {

using std::chrono::system_clock;

system_clock::time_point at(int year, unsigned month, unsigned day, int hour, int minute) {
  return std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) /
                               static_cast<int>(day)) +
         std::chrono::hours(hour) + std::chrono::minutes(minute);
}

std::string header(const HttpRequest& request, std::string_view name) {
  for (const HttpHeader& header : request.headers)
    if (same_header_name(header.name, name)) return header.value;
  return {};
}

struct S3Vector {
  std::string what;
  HttpRequest request;
  std::string signed_headers;
  std::string signature;
};

TEST(Signing, S3AsItsDocumentationHasIt) {
  const Credentials credentials =
      make_credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "");
  const HttpOrigin bucket{.host = "examplebucket.s3.amazonaws.com"};
  const std::vector<S3Vector> vectors = {
      {"GET object",
       {.origin = bucket, .target = "/test.txt", .headers = {{"Range", "bytes=0-9"}}},
       "host;range;x-amz-content-sha256;x-amz-date",
       "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
      {"PUT object",
       {.method = "PUT",
        .origin = bucket,
        .target = "/test%24file.text",
        .headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                    {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
        .body = std::make_shared<std::string>("Welcome to Amazon S3.")},
       "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
       "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
      {"GET bucket lifecycle",
       {.origin = bucket, .target = "/?lifecycle="},
       "host;x-amz-content-sha256;x-amz-date",
       "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
      {"list objects",
       {.origin = bucket, .target = "/?max-keys=2&prefix=J"},
       "host;x-amz-content-sha256;x-amz-date",
       "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"}};
  for (const S3Vector& vector : vectors) {
    SCOPED_TRACE(vector.what);
    const auto made = sign(vector.request, {.service = "s3", .region = "us-east-1"}, credentials,
                           at(2013, 5, 24, 0, 0), PayloadHash::kSigned);
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_EQ(header(*made, "authorization"),
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
              "aws4_request, SignedHeaders=" +
                  vector.signed_headers + ", Signature=" + vector.signature);
    EXPECT_EQ(header(*made, "x-amz-date"), "20130524T000000Z");
  }
}

TEST(Signing, OtherServices) {
  const Credentials credentials =
      make_credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "");
  const auto made =
      sign({.origin = {.host = "example.amazonaws.com"}, .target = "/?Param1=value1&Param2=value2"},
           {.service = "service", .region = "us-east-1"}, credentials, at(2015, 8, 30, 12, 36),
           PayloadHash::kSigned);
  ASSERT_TRUE(made);
  EXPECT_EQ(header(*made, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(header(*made, "x-amz-content-sha256"), "");
}

TEST(Signing, SessionTokensAndUnsignedPayloadsAreSentAlong) {
  const auto made =
      sign({.method = "PUT",
            .origin = {.host = "127.0.0.1", .port = 7070, .tls = false},
            .body = std::make_shared<std::string>("x")},
           {.service = "s3", .region = "eu-central-1"}, make_credentials("id", "secret", "token"),
           at(2026, 1, 2, 3, 4), PayloadHash::kUnsigned);
  ASSERT_TRUE(made);
  EXPECT_EQ(header(*made, "host"), "127.0.0.1:7070");
  EXPECT_EQ(header(*made, "x-amz-security-token"), "token");
  EXPECT_EQ(header(*made, "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
}

// The way that JSON services' calls take is another one than aws-c-auth's, and aws-c-auth the
// judge.
TEST(Signer, CallsOfJsonServicesAreSignedAsAllOthersAre) {
  Signer signer({.service = "dynamodb", .region = "eu-central-1"});
  const Credentials keys = make_credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "");
  const Credentials role = make_credentials("ASIAEXAMPLE", "secret of a role", "a/token+==");
  const struct {
    const Credentials& credentials;
    system_clock::time_point now;
    std::shared_ptr<const std::string> body;
  } calls[] = {
      {keys, at(2026, 1, 2, 3, 4), std::make_shared<std::string>("{}")},
      {keys, at(2026, 1, 2, 23, 59), std::make_shared<std::string>(100'000, 'x')},
      {keys, at(2026, 1, 3, 0, 0), std::make_shared<std::string>("another day")},
      {role, at(2026, 1, 3, 0, 0), std::make_shared<std::string>("other credentials")},
      {role, at(2026, 12, 31, 1, 1), nullptr},
      {keys, at(2026, 1, 2, 3, 4), std::make_shared<std::string>("as at first")},
  };
  for (const auto& call : calls)
    for (const HttpOrigin& origin : {HttpOrigin{.host = "dynamodb.eu-central-1.amazonaws.com"},
                                     HttpOrigin{.host = "::1", .port = 8000, .tls = false}}) {
      const HttpRequest request{.method = "POST",
                                .origin = origin,
                                .headers = {{"Content-Type", "application/x-amz-json-1.0"},
                                            {"X-Amz-Target", "DynamoDB_20120810.PutItem"}},
                                .body = call.body};
      const auto made = signer.sign(request, call.credentials, call.now, PayloadHash::kSigned);
      const auto judge = sign(request, {.service = "dynamodb", .region = "eu-central-1"},
                              call.credentials, call.now, PayloadHash::kSigned);
      ASSERT_TRUE(made && judge);
      ASSERT_EQ(made->headers.size(), judge->headers.size());
      for (std::size_t i = 0; i < made->headers.size(); ++i) {
        EXPECT_EQ(made->headers[i].name, judge->headers[i].name);
        EXPECT_EQ(made->headers[i].value, judge->headers[i].value);
      }
      EXPECT_EQ(made->body, call.body);
    }
}

TEST(Signer, OtherShapesAreSignedToo) {
  Signer signer({.service = "dynamodb", .region = "eu-central-1"});
  const Credentials keys = make_credentials("id", "secret", "");
  HttpRequest request{.method = "POST",
                      .origin = {.host = "example.com"},
                      .headers = {{"Content-Type", "a  b"}, {"X-Amz-Target", "T"}}};
  for (const char* target : {"/", "/path", "/?query=1"}) {
    request.target = target;
    const auto made = signer.sign(request, keys, at(2026, 1, 2, 3, 4), PayloadHash::kSigned);
    const auto judge = sign(request, {.service = "dynamodb", .region = "eu-central-1"}, keys,
                            at(2026, 1, 2, 3, 4), PayloadHash::kSigned);
    ASSERT_TRUE(made && judge);
    EXPECT_EQ(header(*made, "authorization"), header(*judge, "authorization")) << target;
  }
}

}  // namespace
}  // namespace lakegate
