// Secrets of AWS's services, as moto simulates them, and signatures for other servers.
#include "aws/kept_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "aws/session.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;
using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::HasSubstr;

class KeptSecretsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto session = AwsSession::open();
    ASSERT_TRUE(session) << session.error().to_string();
    session_ = *session;
  }

  std::shared_ptr<ServiceClient> service(const char* name) const {
    return session_->service(name).value();
  }

  // A call by the test itself.
  void ask(const char* name, const std::string& operation, const Json& body) const {
    AwsRequest request;
    request.headers = {{"X-Amz-Target", operation}, {"Content-Type", "application/x-amz-json-1.1"}};
    request.body = std::make_shared<const std::string>(body.dump());
    const auto reply = service(name)->call(std::move(request));
    ASSERT_TRUE(reply) << reply.error().to_string();
    ASSERT_TRUE(reply->ok()) << operation << ": " << reply->fault->message;
  }

  std::shared_ptr<AwsSession> session_;
};

TEST_F(KeptSecretsTest, SecretsManagerGivesTextAndBytes) {
  ask("secretsmanager", "secretsmanager.CreateSecret",
      {{"Name", "prod/text"}, {"SecretString", R"({"token":"canary"})"}});
  ask("secretsmanager", "secretsmanager.CreateSecret",
      {{"Name", "prod/bytes"}, {"SecretBinary", "Y2FuYXJ5AA=="}});
  const auto client = service("secretsmanager");
  EXPECT_EQ(secrets_manager_value(*client, "prod/text").value(), R"({"token":"canary"})");
  EXPECT_EQ(secrets_manager_value(*client, "prod/bytes").value(), std::string("canary\0", 7));
}

TEST_F(KeptSecretsTest, TheParameterStoreGivesSecureStringsDecrypted) {
  ask("ssm", "AmazonSSM.PutParameter",
      {{"Name", "/prod/key"}, {"Value", "canary"}, {"Type", "SecureString"}});
  EXPECT_EQ(parameter_store_value(*service("ssm"), "/prod/key").value(), "canary");
}

TEST_F(KeptSecretsTest, WhatIsNotThereIsNamed) {
  const auto secret = secrets_manager_value(*service("secretsmanager"), "prod/nowhere");
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().kind, ErrorKind::kInvalidInput);
  EXPECT_THAT(secret.error().message, AllOf(HasSubstr("prod/nowhere"), HasSubstr("create it")));
  const auto parameter = parameter_store_value(*service("ssm"), "/prod/nowhere");
  ASSERT_FALSE(parameter);
  EXPECT_EQ(parameter.error().kind, ErrorKind::kInvalidInput);
  EXPECT_THAT(parameter.error().message, AllOf(HasSubstr("/prod/nowhere"), HasSubstr("create it")));
}

TEST_F(KeptSecretsTest, ASessionSignsForOtherServers) {
  const HttpRequest request{.method = "GET",
                            .origin = {.host = "abc.execute-api.eu-central-1.amazonaws.com"},
                            .target = "/prod/x?a=1",
                            .headers = {},
                            .body = nullptr};
  const auto signed_request =
      session_->sign(request, {.service = "execute-api", .region = "eu-central-1"});
  ASSERT_TRUE(signed_request) << signed_request.error().to_string();
  EXPECT_THAT(
      signed_request->headers,
      Contains(Field(&HttpHeader::value, HasSubstr("/eu-central-1/execute-api/aws4_request"))));
}

}  // namespace
}  // namespace lakegate
