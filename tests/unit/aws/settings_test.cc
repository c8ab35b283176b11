#include "aws/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "fakes/scratch_folder.h"

namespace lakegate {
namespace {

using testing::HasSubstr;

constexpr const char* kConfig = R"(
[default]
region = eu-north-1

[profile work]
region = us-gov-west-1
ca_bundle = /etc/work.pem
services = local
endpoint_url = http://everything.example:1000

[profile china]
region = cn-north-1

[profile bare]
output = json

[profile fips]
region = us-east-1
use_fips_endpoint = true

[services local]
s3 =
  endpoint_url = http://localhost:9000
eventbridge =
  endpoint_url = https://[::1]:4443/
)";

class Settings : public testing::Test {
 protected:
  Settings() { std::ofstream(folder_.path() + "/config") << kConfig; }

  Result<AwsSettings> read(AwsEnvironment variables) const {
    variables.emplace("AWS_CONFIG_FILE", folder_.path() + "/config");
    variables.emplace("AWS_SHARED_CREDENTIALS_FILE", folder_.path() + "/none");
    return read_settings(variables);
  }

  ScratchFolder folder_;
};

TEST_F(Settings, RegionProfileAndEndpoints) {
  struct Case {
    AwsEnvironment variables;
    std::string region, service;
    HttpOrigin endpoint;
    bool own;
  };
  const AwsEnvironment work = {{"AWS_PROFILE", "work"}};
  const auto with = [&](AwsEnvironment base, std::string name, std::string value) {
    base.emplace(std::move(name), std::move(value));
    return base;
  };
  const std::vector<Case> cases = {
      {{}, "eu-north-1", "s3", {"s3.eu-north-1.amazonaws.com", 443, true}, false},
      {{{"AWS_DEFAULT_REGION", "us-east-2"}},
       "us-east-2",
       "dynamodb",
       {"dynamodb.us-east-2.amazonaws.com", 443, true},
       false},
      {{{"AWS_DEFAULT_REGION", "us-east-2"}, {"AWS_REGION", "us-west-1"}},
       "us-west-1",
       "events",
       {"events.us-west-1.amazonaws.com", 443, true},
       false},
      {{{"AWS_PROFILE", "china"}},
       "cn-north-1",
       "glue",
       {"glue.cn-north-1.amazonaws.com.cn", 443, true},
       false},
      {work, "us-gov-west-1", "s3", {"localhost", 9000, false}, true},
      {work, "us-gov-west-1", "events", {"::1", 4443, true}, true},
      {work, "us-gov-west-1", "sqs", {"everything.example", 1000, false}, true},
      {with(work, "AWS_ENDPOINT_URL", "https://one.example"),
       "us-gov-west-1",
       "s3",
       {"one.example", 443, true},
       true},
      {with(with(work, "AWS_ENDPOINT_URL", "https://one.example"), "AWS_ENDPOINT_URL_S3",
            "http://127.0.0.1:7070"),
       "us-gov-west-1",
       "s3",
       {"127.0.0.1", 7070, false},
       true},
      {with(work, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "TRUE"),
       "us-gov-west-1",
       "s3",
       {"s3.us-gov-west-1.amazonaws.com", 443, true},
       false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.region + " " + c.service + " " + c.endpoint.host);
    const auto settings = read(c.variables);
    ASSERT_TRUE(settings) << settings.error().to_string();
    EXPECT_EQ(settings->region, c.region);
    EXPECT_EQ(settings->endpoint(c.service).value(), c.endpoint);
    EXPECT_EQ(settings->has_own_endpoint(c.service), c.own);
  }
  EXPECT_EQ(read(work)->ca_file, "/etc/work.pem");
  EXPECT_EQ(read(with(work, "AWS_CA_BUNDLE", "/mine.pem"))->ca_file, "/mine.pem");
}

TEST_F(Settings, WhatIsWrongIsSaid) {
  for (const auto& [variables, says] : std::vector<std::pair<AwsEnvironment, std::string>>{
           {{{"AWS_PROFILE", "nobody"}}, "none of that name"},
           {{{"AWS_PROFILE", "fips"}}, "AWS_USE_FIPS_ENDPOINT is not supported"},
           {{{"AWS_USE_DUALSTACK_ENDPOINT", "true"}}, "AWS_USE_DUALSTACK_ENDPOINT"}}) {
    const auto settings = read(variables);
    ASSERT_FALSE(settings) << says;
    EXPECT_EQ(settings.error().kind, ErrorKind::kInvalidInput);
    EXPECT_THAT(settings.error().message, HasSubstr(says));
  }
  const auto bare = read({{"AWS_PROFILE", "bare"}});
  ASSERT_TRUE(bare) << "signing for others needs no region of its own";
  EXPECT_THAT(bare->require_region().error().message,
              HasSubstr("set AWS_REGION, or `region` in the profile \"bare\""));
  for (const std::string url :
       {"ftp://x", "localhost:9000", "http://", "http://x/path", "http://x:99999", ""}) {
    AwsSettings settings{.region = "r", .endpoint_urls = {{"s3", url}}};
    const auto endpoint = settings.endpoint("s3");
    ASSERT_FALSE(endpoint) << url;
    EXPECT_EQ(endpoint.error().kind, ErrorKind::kInvalidInput);
  }
}

TEST_F(Settings, ThereNeedBeNoFilesAtAll) {
  const auto settings =
      read_settings({{"HOME", folder_.path() + "/nobody"}, {"AWS_REGION", "eu-west-3"}});
  ASSERT_TRUE(settings);
  EXPECT_EQ(settings->profile, "default");
  EXPECT_EQ(read_settings({})->require_region().error().kind, ErrorKind::kInvalidInput);
}

}  // namespace
}  // namespace lakegate
