// Credentials: where they go, where they do not, and that nobody sees them.
#include "extract/auth.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <fstream>

#include "extract/oauth2.h"
#include "fakes/scratch_folder.h"

namespace lakegate {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const HttpOrigin kOrigin{.host = "api.example.com"};

SecretRef env(const std::string& name, const std::string& prefix = "") {
  return {.from = SecretRef::From::kEnv, .name = name, .key = {}, .prefix = prefix};
}

class FixedSecrets : public SecretSource {
 public:
  Result<std::string> get(const SecretRef& ref) override {
    return usable_secret(ref, "canary-" + ref.name);
  }
};

// Answers as it has been told to, and keeps what it was asked.
class ScriptedClient : public HttpClient {
 public:
  void send(HttpRequest request, HttpCallback done) override {
    asked.push_back(std::move(request));
    Result<HttpReply> reply = fail(ErrorKind::kRetryable, "connection refused");
    if (!replies.empty()) {
      reply = replies.front();
      replies.pop_front();
    }
    done(std::move(reply));
  }
  std::deque<Result<HttpReply>> replies;
  std::vector<HttpRequest> asked;
};

HttpReply answer(int status, std::string body) {
  return {.status = status, .headers = {}, .body = std::move(body)};
}

class AuthTest : public testing::Test {
 protected:
  std::unique_ptr<Authorizer> make(const AuthConfig& config) {
    AuthServices services{.secrets = &secrets, .client = &client, .signer = nullptr};
    services.now = [this] { return now; };
    auto made = Authorizer::create(config, kOrigin, services, redactor);
    if (!made) throw std::runtime_error(made.error().to_string());
    return std::move(*made);
  }
  // As one text: target, then the headers.
  static std::string wire(const AuthorizedRequest& authorized) {
    std::string text = authorized.request.target;
    for (const HttpHeader& header : authorized.request.headers)
      text += "\n" + header.name + ": " + header.value;
    return text;
  }
  static HttpRequest request(const std::string& target = "/x", HttpOrigin origin = kOrigin) {
    return {
        .method = "GET", .origin = std::move(origin), .target = target, .headers = {}, .body = {}};
  }

  FixedSecrets secrets;
  ScriptedClient client;
  std::shared_ptr<Redactor> redactor = std::make_shared<Redactor>();
  std::chrono::steady_clock::time_point now{};
};

TEST_F(AuthTest, BearerAndKeysGoToTheirPlaces) {
  AuthConfig config;
  config.bearer = env("b");
  config.headers = {{"X-Key", env("h", "Key ")}};
  config.query = {{"api key", env("q")}};
  const auto authorized = make(config)->authorize(request("/x?a=1")).value();
  EXPECT_EQ(wire(authorized),
            "/x?a=1&api%20key=canary-q\nAuthorization: Bearer canary-b\nX-Key: Key canary-h");
  EXPECT_THAT(authorized.credential_headers, ElementsAre("Authorization", "X-Key"));
}

TEST_F(AuthTest, BasicIsUserAndPassword) {
  AuthConfig config;
  config.basic = {.user = {.text = "Aladdin", .secret = {}}, .password = env("p")};
  EXPECT_EQ(wire(make(config)->authorize(request()).value()),
            "/x\nAuthorization: Basic QWxhZGRpbjpjYW5hcnktcA==");
  EXPECT_EQ(redactor->redact("QWxhZGRpbjpjYW5hcnktcA=="), "***");
}

TEST_F(AuthTest, AQueryKeyThatALinkHasAlreadyIsReplaced) {
  AuthConfig config;
  config.query = {{"key", env("q")}};
  const auto authorizer = make(config);
  EXPECT_EQ(authorizer->authorize(request("/x"))->request.target, "/x?key=canary-q");
  EXPECT_EQ(authorizer->authorize(request("/x?key=old&a=1&key"))->request.target,
            "/x?a=1&key=canary-q");
  EXPECT_EQ(authorizer->authorize(request("/x?keys=1"))->request.target, "/x?keys=1&key=canary-q");
}

TEST_F(AuthTest, OtherOriginsGetNothing) {
  AuthConfig config;
  config.bearer = env("b");
  config.query = {{"key", env("q")}};
  const auto authorizer = make(config);
  for (const HttpOrigin& origin :
       {HttpOrigin{.host = "evil.example.com"}, HttpOrigin{.host = "api.example.com", .port = 444},
        HttpOrigin{.host = "api.example.com", .port = 443, .tls = false},
        HttpOrigin{.host = "api.example.com", .port = 80, .tls = false},
        HttpOrigin{.host = "example.com"}}) {
    const auto authorized = authorizer->authorize(request("/x", origin)).value();
    EXPECT_EQ(wire(authorized), "/x") << origin.host;
    EXPECT_THAT(authorized.credential_headers, IsEmpty());
  }
}

TEST_F(AuthTest, SecretsAreRedactedHoweverTheyAreWritten) {
  AuthConfig config;
  config.bearer = env("a/b\"c ü");
  make(config);
  for (const char* text : {"canary-a/b\"c ü", "canary-a%2Fb%22c%20%C3%BC", "canary-a/b\\\"c ü"}) {
    EXPECT_TRUE(redactor->finds_any(std::string("x") + text + "y")) << text;
    EXPECT_EQ(redactor->redact(std::string("x") + text + "y" + text), "x***y***") << text;
  }
  EXPECT_FALSE(redactor->finds_any("canary"));
}

TEST(Redactor, TakesTheLongestFirst) {
  Redactor redactor;
  redactor.add("secret");
  redactor.add("my-secret-too");
  redactor.add("abc");  // would be everywhere
  EXPECT_EQ(redactor.redact("my-secret-too, secret, abc"), "***, ***, abc");
}

AuthConfig oauth2(bool in_body = false) {
  AuthConfig config;
  config.oauth2 = {.token_url = "https://login.example.com/token?t=1",
                   .client_id = {.text = "id:1", .secret = {}},
                   .client_secret = env("s"),
                   .scope = "a b",
                   .audience = "",
                   .credentials_in_body = in_body};
  return config;
}

TEST_F(AuthTest, ATokenIsAskedForOnceAndRenewedBeforeItEnds) {
  client.replies = {
      answer(200, R"({"access_token":"token-1","token_type":"Bearer","expires_in":100})"),
      answer(200, R"({"access_token":"token-2","expires_in":"1000"})")};
  const auto authorizer = make(oauth2());
  EXPECT_THAT(client.asked, IsEmpty()) << "before the first request";
  EXPECT_EQ(wire(*authorizer->authorize(request())), "/x\nAuthorization: Bearer token-1");
  now += 89s;
  EXPECT_EQ(wire(*authorizer->authorize(request())), "/x\nAuthorization: Bearer token-1");
  ASSERT_EQ(client.asked.size(), 1U);
  now += 1s;
  EXPECT_EQ(wire(*authorizer->authorize(request())), "/x\nAuthorization: Bearer token-2");
  EXPECT_EQ(redactor->redact("token-1 token-2"), "*** ***");

  const HttpRequest& asked = client.asked[0];
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.origin.host, "login.example.com");
  EXPECT_EQ(asked.target, "/token?t=1");
  EXPECT_EQ(*asked.body, "grant_type=client_credentials&scope=a%20b");
  EXPECT_EQ(asked.headers.back().name, "Authorization");
  EXPECT_EQ(asked.headers.back().value, "Basic aWQlM0ExOmNhbmFyeS1z") << "id%3A1:canary-s";
}

TEST_F(AuthTest, CredentialsGoInTheBodyWhereTheServerWantsThem) {
  client.replies = {answer(200, R"({"access_token":"token-1"})")};
  const auto authorizer = make(oauth2(true));
  ASSERT_TRUE(authorizer->authorize(request()));
  EXPECT_EQ(*client.asked[0].body,
            "grant_type=client_credentials&scope=a%20b&client_id=id%3A1&client_secret=canary-s");
  now += 24h * 365;
  ASSERT_TRUE(authorizer->authorize(request()));
  EXPECT_EQ(client.asked.size(), 1U) << "no lifetime: until it is refused";
}

TEST_F(AuthTest, RefusedTokensAreReplacedButNotWithoutEnd) {
  for (int i = 1; i <= 12; ++i)
    client.replies.push_back(answer(200, fmt::format(R"({{"access_token":"token-{}"}})", i)));
  const auto authorizer = make(oauth2());
  const HttpRequest first = authorizer->authorize(request())->request;
  authorizer->refused(first);
  authorizer->refused(first);  // another request that had it
  HttpRequest last = authorizer->authorize(request())->request;
  EXPECT_EQ(wire({.request = last}), "/x\nAuthorization: Bearer token-2");
  authorizer->refused(first);  // asked long ago, refused now: says nothing of today's
  EXPECT_EQ(wire(*authorizer->authorize(request())), "/x\nAuthorization: Bearer token-2");
  for (int i = 0; i < 20; ++i) {
    authorizer->refused(last);
    last = authorizer->authorize(request())->request;
  }
  EXPECT_EQ(client.asked.size(), 11U) << "the first one and ten in its place";
  now += 10s;
  for (int i = 0; i < 5; ++i) {
    authorizer->refused(last);
    last = authorizer->authorize(request())->request;
  }
  EXPECT_EQ(client.asked.size(), 12U) << "one more after a while";
}

TEST_F(AuthTest, AServerThatGivesNoTokenIsNotAskedForEveryRequest) {
  client.replies = {answer(503, ""), fail(ErrorKind::kRetryable, "connection refused"),
                    answer(200, R"({"access_token":"token-1"})")};
  const auto authorizer = make(oauth2());
  for (int i = 0; i < 100; ++i) {
    const auto refused = authorizer->authorize(request());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kRetryable);
  }
  EXPECT_EQ(client.asked.size(), 1U);
  now += 1s;
  EXPECT_FALSE(authorizer->authorize(request()));
  EXPECT_EQ(client.asked.size(), 2U);
  now += 1s;
  EXPECT_FALSE(authorizer->authorize(request())) << "two seconds after the second failure";
  now += 1s;
  EXPECT_TRUE(authorizer->authorize(request()));
  EXPECT_EQ(client.asked.size(), 3U);
}

TEST_F(AuthTest, ARefusedClientIsToldWithoutItsSecret) {
  client.replies = {
      answer(401, R"({"error":"invalid_client","error_description":"unknown: canary-s\nline"})")};
  const auto authorizer = make(oauth2());
  const auto refused = authorizer->authorize(request());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kPermanent);
  EXPECT_THAT(refused.error().message, HasSubstr("invalid_client: unknown: *** line"));
  EXPECT_THAT(refused.error().message, HasSubstr("https://login.example.com/token"));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("canary")));
  now += 1h;
  EXPECT_FALSE(authorizer->authorize(request()));
  EXPECT_EQ(client.asked.size(), 1U);
}

TEST(Token, IsReadStrictly) {
  for (const char* body :
       {"", "<html>", "[]", "{}", R"({"access_token":7})", R"({"access_token":""})",
        R"({"access_token":"a b"})", R"({"access_token":"a\r\nX: y"})",
        R"({"access_token":"a","token_type":"mac"})"})
    EXPECT_FALSE(token_from(answer(200, body))) << body;
  EXPECT_EQ(token_from(answer(200, R"({"access_token":"a","expires_in":-1})"))->lifetime,
            std::nullopt);
  EXPECT_FALSE(token_from(answer(302, "")));
}

class Signer : public RequestSigner {
 public:
  Result<HttpRequest> sign(HttpRequest request, const AuthConfig::SigV4& scope) override {
    request.headers.push_back({"Authorization", "signed " + scope.service + " " + request.target});
    return request;
  }
};

TEST_F(AuthTest, SignaturesCoverTheRequestAsItGoes) {
  AuthConfig config;
  config.sigv4 = {.service = "execute-api", .region = "eu-central-1"};
  config.query = {{"key", env("q")}};
  Signer signer;
  auto authorizer = Authorizer::create(
      config, kOrigin, {.secrets = &secrets, .client = nullptr, .signer = &signer}, redactor);
  ASSERT_TRUE(authorizer);
  const auto authorized = (*authorizer)->authorize(request()).value();
  EXPECT_EQ(authorized.request.headers.back().value, "signed execute-api /x?key=canary-q");
  EXPECT_THAT(authorized.credential_headers, testing::Contains("Authorization"));
  EXPECT_THAT(authorized.signature_headers, testing::ElementsAre("Authorization"));
  EXPECT_FALSE(Authorizer::create(
      config, kOrigin, {.secrets = &secrets, .client = nullptr, .signer = nullptr}, redactor));
}

TEST(LocalSecrets, AreOfTheEnvironmentAndOfFiles) {
  const auto secrets = local_secrets();
  ::setenv("LAKEGATE_TEST_SECRET", "canary\n", 1);
  EXPECT_EQ(secrets->get(env("LAKEGATE_TEST_SECRET")).value(), "canary");
  ::setenv("LAKEGATE_TEST_SECRET", "", 1);
  EXPECT_THAT(secrets->get(env("LAKEGATE_TEST_SECRET")).error().message,
              HasSubstr("{env: LAKEGATE_TEST_SECRET} is empty"));
  ::unsetenv("LAKEGATE_TEST_SECRET");
  EXPECT_THAT(secrets->get(env("LAKEGATE_TEST_SECRET")).error().message,
              HasSubstr("LAKEGATE_TEST_SECRET is not set"));

  const ScratchFolder folder;
  const std::string path = folder.path() + "/secret";
  const SecretRef file{.from = SecretRef::From::kFile, .name = path, .key = {}, .prefix = {}};
  EXPECT_FALSE(secrets->get(file));
  std::ofstream(path) << "canary\r\n";
  EXPECT_EQ(secrets->get(file).value(), "canary");
  std::ofstream(path) << "canary\nin two lines";
  const auto lines = secrets->get(file);
  ASSERT_FALSE(lines);
  EXPECT_THAT(lines.error().message, Not(HasSubstr("canary")));
}

TEST(UsableSecret, LooksAKeyUp) {
  const SecretRef ref{
      .from = SecretRef::From::kSecretsManager, .name = "prod/api", .key = "token", .prefix = {}};
  EXPECT_EQ(usable_secret(ref, R"({"token":"canary","other":1})").value(), "canary");
  for (const char* kept : {"canary", "[\"canary\"]", R"({"other":"canary"})", R"({"token":7})"}) {
    const auto refused = usable_secret(ref, kept);
    ASSERT_FALSE(refused) << kept;
    EXPECT_THAT(refused.error().message, HasSubstr("{secretsmanager: prod/api, key: token}"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("canary")));
  }
}

}  // namespace
}  // namespace lakegate
