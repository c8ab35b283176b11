// What is sent to the Runtime API, and what is read from it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lambda/runtime_api.h"

namespace lakegate {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

TEST(RuntimeApi, EndpointsOfTheVariable) {
  struct Case {
    const char *variable, *host;
    int port;
    const char* prefix;
  };
  for (const auto& [variable, host, port, prefix] :
       {Case{"127.0.0.1:9001", "127.0.0.1", 9001, ""}, Case{"localhost", "localhost", 80, ""},
        Case{"127.0.0.1:9000/.rt/name", "127.0.0.1", 9000, "/.rt/name"},
        Case{"127.0.0.1:9000/", "127.0.0.1", 9000, ""}}) {
    const auto endpoint = runtime_endpoint_from(variable);
    ASSERT_TRUE(endpoint) << variable;
    EXPECT_EQ(endpoint->origin.host, host);
    EXPECT_EQ(endpoint->origin.port, port);
    EXPECT_FALSE(endpoint->origin.tls);
    EXPECT_EQ(endpoint->prefix, prefix);
  }
  for (const char* wrong : {"", ":9001", "host:", "host:port", "host:99999", "/x"})
    EXPECT_FALSE(runtime_endpoint_from(wrong)) << wrong;
}

TEST(RuntimeApi, Requests) {
  const RuntimeEndpoint endpoint = runtime_endpoint_from("127.0.0.1:9000/.rt/f").value();
  EXPECT_EQ(next_request(endpoint).method, "GET");
  EXPECT_EQ(next_request(endpoint).target, "/.rt/f/2018-06-01/runtime/invocation/next");
  const HttpRequest response = response_request(endpoint, "id-1", "{}");
  EXPECT_EQ(response.method, "POST");
  EXPECT_EQ(response.target, "/.rt/f/2018-06-01/runtime/invocation/id-1/response");
  EXPECT_EQ(*response.body, "{}");
  const Error error{ErrorKind::kNotFound, "not \"there\" \xff", {.file = "landing/a.csv"}};
  const HttpRequest failed = error_request(endpoint, "id-1", error);
  EXPECT_EQ(failed.target, "/.rt/f/2018-06-01/runtime/invocation/id-1/error");
  const auto body = nlohmann::ordered_json::parse(*failed.body);
  EXPECT_EQ(body["errorType"], "Lakegate.NotFound");
  EXPECT_THAT(body["errorMessage"].get<std::string>(), HasSubstr("landing/a.csv: not \"there\""));
  EXPECT_EQ(init_error_request(endpoint, error).target, "/.rt/f/2018-06-01/runtime/init/error");
}

TEST(RuntimeApi, Invocations) {
  HttpReply reply{.status = 200,
                  .headers = {{"lambda-runtime-aws-request-id", "id-1"},
                              {"Lambda-Runtime-Deadline-Ms", "1542409706888"},
                              {"Lambda-Runtime-Trace-Id", "Root=1"}},
                  .body = "{}"};
  const auto invocation = invocation_from(reply);
  ASSERT_TRUE(invocation);
  EXPECT_EQ(invocation->request_id, "id-1");
  EXPECT_EQ(invocation->trace_id, "Root=1");
  EXPECT_EQ(invocation->event, "{}");
  EXPECT_EQ(invocation->deadline,
            std::chrono::system_clock::time_point(std::chrono::milliseconds(1542409706888)));

  reply.headers[1].value = "soon";
  EXPECT_EQ(invocation_from(reply).error().kind, ErrorKind::kPermanent);
  reply.headers = {{"Lambda-Runtime-Aws-Request-Id", "id-1"}};
  EXPECT_FALSE(invocation_from(reply)->deadline);
  reply.headers.clear();
  EXPECT_FALSE(invocation_from(reply)) << "no request id";
  EXPECT_FALSE(invocation_from({.status = 500, .headers = {}, .body = ""}));
}

}  // namespace
}  // namespace lakegate
