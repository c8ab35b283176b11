// A fetch as an event: what is answered, and how it goes on in further invocations.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fakes/scripted_api.h"
#include "lake/layout.h"
#include "lambda/handler.h"
#include "lambda/invoke_again.h"
#include "stores/memory_store.h"
#include "stores/stoppable_store.h"

namespace lakegate {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

const char* const kFetchedYaml = R"(
datasets:
  devices:
    source:
      url: https://api.example.com/devices/{device}
      for_each: {device: {from: 0, to: 9}}
      slice: 2
      limits: {retries: 0, concurrency: 1}
  plain:
    landing: plain/*.csv
)";
const char* const kEvent = R"({"fetch":"devices","time":"2026-11-23T04:00:00Z"})";

// Enough for two slices, whatever else the machine does; it is waited for where the API is silent.
constexpr auto kShort = std::chrono::milliseconds(2000);

class FetchTask : public ::testing::Test {
 protected:
  FetchTask() { EXPECT_TRUE(store_->put(ObjectKey("lake.yaml"), kFetchedYaml)); }

  Result<Json> handle(const std::string& event,
                      std::optional<std::chrono::milliseconds> time = {}) {
    LakeTools tools;
    tools.resources.threads = 1;
    tools.holder = "this process";
    tools.fetch = {.secrets = local_secrets(),
                   .signer = nullptr,
                   .make_client = [this](const HttpOptions&) { return api_.client(); }};
    if (can_invoke_)
      tools.invoke_again = [this](const std::string& next) -> Result<void> {
        invoked_.push_back(next);
        return {};
      };
    // The store outlives the handler, as S3 does.
    auto borrowed = stoppable(std::move(store_), [] { return std::nullopt; });
    Handler handler(std::make_unique<Lent>(*borrowed), std::move(tools),
                    {.function = "f",
                     .margins = {.to_begin = std::chrono::milliseconds(0),
                                 .to_stop = std::chrono::milliseconds(0)},
                     .secrets = Secrets(),
                     .log = {}});
    Invocation invocation{.request_id = "r", .trace_id = {}, .deadline = std::nullopt};
    if (time) invocation.deadline = Deadline::Clock::now() + *time;
    const auto answer = handler.handle(event, invocation);
    store_ = std::move(borrowed);
    if (!answer) return Failure(answer.error());
    return Json::parse(*answer);
  }

  class Lent : public ObjectStore {
   public:
    explicit Lent(ObjectStore& store) : store_(store) {}
    std::string describe() const override { return store_.describe(); }
    Result<std::vector<ObjectInfo>> list(std::string_view p) const override {
      return store_.list(p);
    }
    Result<ObjectInfo> head(const ObjectKey& k) const override { return store_.head(k); }
    Result<std::shared_ptr<Input>> open(const ObjectKey& k) const override {
      return store_.open(k);
    }
    Result<Blob> get(const ObjectKey& k) const override { return store_.get(k); }
    Result<std::unique_ptr<PendingObject>> create(const ObjectKey& k) override {
      return store_.create(k);
    }
    Result<void> put(const ObjectKey& k, std::string_view b) override { return store_.put(k, b); }
    Result<void> put_if_absent(const ObjectKey& k, std::string_view b) override {
      return store_.put_if_absent(k, b);
    }
    Result<void> put_if_match(const ObjectKey& k, std::string_view b,
                              const std::string& t) override {
      return store_.put_if_match(k, b, t);
    }
    Result<void> remove(const ObjectKey& k) override { return store_.remove(k); }
    Result<std::unique_ptr<Lease>> lease(std::string_view n) override { return store_.lease(n); }
    Result<std::unique_ptr<Lease>> try_lease(std::string_view n) override {
      return store_.try_lease(n);
    }
    Result<void> sweep() override { return store_.sweep(); }

   private:
    ObjectStore& store_;
  };

  std::unique_ptr<ObjectStore> store_ = make_memory_store();
  int answers_ = 1000;  // so many, then it is silent
  int status_ = 200;
  std::function<std::string(const std::string& target)> body_ = [](const std::string& target) {
    return fmt::format(R"({{"path":"{}"}})", target);
  };
  ScriptedApi api_{[this](const HttpRequest& request) -> std::optional<Result<HttpReply>> {
    if (answers_-- <= 0) return std::nullopt;
    return json_reply(body_(request.target), status_);
  }};
  bool can_invoke_ = true;
  std::vector<std::string> invoked_;
};

TEST_F(FetchTask, ToldSliceBySliceAndAsAWhole) {
  const auto answer = handle(kEvent);
  ASSERT_TRUE(answer) << answer.error().to_string();
  const Json& tasks = (*answer)["tasks"];
  ASSERT_THAT(tasks, SizeIs(6));
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(tasks[i]["outcome"], "committed");
    EXPECT_EQ(tasks[i]["rows_written"], 2);
  }
  EXPECT_EQ(tasks[5]["outcome"], "fetched");
  EXPECT_EQ(tasks[5]["dataset"], "devices");
  EXPECT_EQ(tasks[5]["sets"], 10);
  EXPECT_EQ(tasks[5]["sets_failed"], 0);
  EXPECT_EQ(tasks[5]["requests"], 10);
  EXPECT_THAT(invoked_, IsEmpty());
}

TEST_F(FetchTask, TheSameEventAgainAsksNothing) {
  ASSERT_TRUE(handle(kEvent));
  api_.forget();
  const auto answer = handle(kEvent);
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ((*answer)["tasks"].back()["outcome"], "already_done");
  EXPECT_THAT(api_.asked(), IsEmpty());
}

TEST_F(FetchTask, WhereNothingWasAnsweredTheInvocationFailsOnEveryDelivery) {
  status_ = 404;
  for (int delivery = 0; delivery < 2; ++delivery) {
    const auto answer = handle(kEvent);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::kPermanent);
    EXPECT_THAT(answer.error().message, HasSubstr("all 10 parameter sets failed"));
    EXPECT_THAT(answer.error().message, HasSubstr("answered 404"));
  }
}

TEST_F(FetchTask, WhereTimeIsShortItIsHandedOnUntilItIsFinished) {
  std::string event = kEvent;
  for (int invocations = 1; invocations <= 2; ++invocations) {
    answers_ = 5;  // two slices, and a beginning
    const auto answer = handle(event, kShort);
    ASSERT_TRUE(answer) << answer.error().to_string();
    EXPECT_EQ((*answer)["tasks"].back()["outcome"], "continued");
    EXPECT_THAT(std::string((*answer)["tasks"].back()["why"]),
                HasSubstr(fmt::format("{} of 5 slices are left", 5 - 2 * invocations)));
    ASSERT_THAT(invoked_, SizeIs(invocations));
    event = invoked_.back();
    const Json next = Json::parse(event);
    EXPECT_EQ(next["time"], "2026-11-23T04:00:00Z");
    EXPECT_EQ(next["continuation"], invocations);
  }
  answers_ = 5;
  const auto last = handle(event);
  ASSERT_TRUE(last) << last.error().to_string();
  EXPECT_EQ((*last)["tasks"].back()["outcome"], "fetched");
  EXPECT_EQ((*last)["tasks"].back()["sets"], 10);
}

// Delivered again by Lambda, the event of an invocation that has handed on would begin a second
// chain.
TEST_F(FetchTask, WhoeverFinishesAnswersForSlicesThatWereNotPublished) {
  body_ = [](const std::string& target) {
    const bool is_early = target < "/devices/4";
    return is_early ? std::string("no JSON") : fmt::format(R"({{"path":"{}"}})", target);
  };
  std::string yaml = kFetchedYaml;
  yaml.replace(yaml.find("  plain:"), 0,
               "    schema:\n      - {name: path, type: text}\n    max_rejects: 0\n");
  ASSERT_TRUE(store_->put(ObjectKey("lake.yaml"), yaml));
  answers_ = 5;
  const auto first = handle(kEvent, kShort);
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_EQ((*first)["tasks"][0]["outcome"], "failed");
  EXPECT_EQ((*first)["tasks"].back()["outcome"], "continued");
  ASSERT_THAT(invoked_, SizeIs(1));
  answers_ = 1000;
  for (int delivery = 0; delivery < 2; ++delivery) {
    const auto last = handle(invoked_[0]);
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().kind, ErrorKind::kInvalidInput);
    EXPECT_THAT(last.error().message,
                HasSubstr(delivery == 0 ? "rows were rejected" : "2 of 5 slices"));
  }
  EXPECT_THAT(invoked_, SizeIs(1));

  // Published after all, as a replay does it.
  const auto records = store_->list("_lake/fetches/devices/").value();
  for (const ObjectInfo& object : records) {
    if (!object.key.str().ends_with("/fetch.json")) continue;
    const Json fetch = Json::parse(store_->get(object.key)->bytes);
    for (const Json& slice : fetch["slices"]) {
      if (slice["outcome"] != "failed") continue;
      const ArrivalId arrival(slice["arrival"].get<std::string>());
      ASSERT_TRUE(store_->put(layout::run_key(DatasetName("devices"), arrival), "{}"));
    }
  }
  const auto repaired = handle(invoked_[0]);
  ASSERT_TRUE(repaired) << repaired.error().to_string();
  EXPECT_EQ((*repaired)["tasks"].back()["outcome"], "already_done");
}

// What was asked again are the failures alone.
TEST_F(FetchTask, AContinuationOfFailuresStaysOne) {
  status_ = 500;
  ASSERT_FALSE(handle(kEvent));
  const auto plan = store_->list("_lake/fetches/devices/")->front().key.str();
  const std::string id = plan.substr(22, plan.find_first_of("/.", 22) - 22);
  status_ = 200;
  answers_ = 5;
  const auto again = handle(R"({"fetch":"devices","failed":")" + id + R"("})", kShort);
  ASSERT_TRUE(again) << again.error().to_string();
  ASSERT_THAT(invoked_, SizeIs(1));
  EXPECT_EQ(Json::parse(invoked_[0])["failed"], id);
}

TEST_F(FetchTask, AnInvocationThatCompletesNothingIsAnErrorAndNoChain) {
  answers_ = 1;
  const auto answer = handle(kEvent, kShort);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("not one was completed"));
  EXPECT_THAT(invoked_, IsEmpty());
}

TEST_F(FetchTask, TheChainEndsAfterTen) {
  answers_ = 5;
  const auto answer =
      handle(R"({"fetch":"devices","time":"2026-11-23T04:00:00Z","continuation":10})", kShort);
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("after 10 continuations"));
  EXPECT_THAT(invoked_, IsEmpty());
}

TEST_F(FetchTask, ADatasetWithoutASourceIsRefused) {
  const auto answer = handle(R"({"fetch":"plain"})");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::kInvalidInput);
}

TEST(InvokeAgain, AsksForAnAsynchronousInvocation) {
  const AwsRequest request = invoke_request("lakegate-fetch", kEvent);
  EXPECT_EQ(request.path, "/2015-03-31/functions/lakegate-fetch/invocations");
  EXPECT_EQ(request.headers.back().name, "X-Amz-Invocation-Type");
  EXPECT_EQ(request.headers.back().value, "Event");
  EXPECT_EQ(*request.body, kEvent);
}

}  // namespace
}  // namespace lakegate
