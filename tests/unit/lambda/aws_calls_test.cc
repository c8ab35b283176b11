// What is sent to SQS and to EventBridge, and what becomes of their replies.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <nlohmann/json.hpp>

#include "lambda/enqueue.h"
#include "lambda/event_bus.h"

namespace lakegate {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Json = nlohmann::ordered_json;

// Answers each call at once, with what a test has prepared or with success.
class FakeService : public ServiceClient {
 public:
  void call(AwsRequest request, const CallOptions&,
            std::function<void(Result<AwsReply>)> done) override {
    requests.push_back(Json::parse(*request.body));
    targets.push_back(request.headers.at(1).value);
    if (!replies.empty()) {
      auto reply = replies.front();
      replies.pop_front();
      done(std::move(reply));
      return;
    }
    Json successful = Json::array();
    for (const Json& entry : requests.back()["Entries"])
      successful.push_back({{"Id", entry.value("Id", "")}});
    done(ok(Json({{"Successful", successful}, {"FailedEntryCount", 0}})));
  }
  static AwsReply ok(const Json& body) {
    return {
        .http = {.status = 200, .headers = {}, .body = body.dump()}, .attempts = 1, .fault = {}};
  }

  std::vector<Json> requests;
  std::vector<std::string> targets;
  std::deque<Result<AwsReply>> replies;
};

TEST(QueueSender, SendsBatchesOfTen) {
  const auto sqs = std::make_shared<FakeService>();
  QueueSender queue(sqs, "https://sqs/queue");
  for (int i = 0; i < 25; ++i)
    ASSERT_TRUE(queue.send(message_of({.lake = "s3://b", .dataset = "d", .key = "landing/é"})));
  ASSERT_TRUE(queue.finish());
  EXPECT_EQ(queue.counts().sent, 25u);
  ASSERT_THAT(sqs->requests, SizeIs(3));
  EXPECT_EQ(sqs->targets[0], "AmazonSQS.SendMessageBatch");
  EXPECT_EQ(sqs->requests[0]["QueueUrl"], "https://sqs/queue");
  EXPECT_THAT(sqs->requests[0]["Entries"], SizeIs(10));
  EXPECT_THAT(sqs->requests[2]["Entries"], SizeIs(5));
  const std::string body = sqs->requests[0]["Entries"][0]["MessageBody"];
  EXPECT_EQ(body, R"({"run":{"lake":"s3://b","dataset":"d","key":"landing/é"}})");
  EXPECT_TRUE(decode_event(body)) << "what is sent is understood";
}

TEST(QueueSender, AsksForAReplayInWordsThatAreUnderstood) {
  const std::string body =
      message_of(ReplayRequest{.lake = "s3://b", .dataset = "d", .arrival = "3f2a"});
  EXPECT_EQ(body, R"({"replay":{"lake":"s3://b","dataset":"d","arrival":"3f2a"}})");
  EXPECT_TRUE(decode_event(body));
  EXPECT_TRUE(decode_event(message_of(ReplayRequest{.dataset = "d", .failed = true})));
}

TEST(QueueSender, TakesUrlsOfQueuesItCanReach) {
  const auto refusal = [](const std::string& url) {
    const auto checked = check_queue_url(url, "eu-west-1");
    return checked ? "" : checked.error().message;
  };
  for (const char* url : {"https://sqs.eu-west-1.amazonaws.com/123456789012/landings",
                          "https://eu-west-1.queue.amazonaws.com/123456789012/landings",
                          "https://vpce-1a2b.sqs.eu-west-1.vpce.amazonaws.com/123456789012/q",
                          "http://127.0.0.1:4566/000000000000/landings"})
    EXPECT_EQ(refusal(url), "");
  EXPECT_THAT(refusal("https://sqs.cn-north-1.amazonaws.com.cn/1/q"),
              HasSubstr("AWS_REGION=cn-north-1"));
  EXPECT_THAT(refusal("https://us-east-1.queue.amazonaws.com/1/q"),
              HasSubstr("AWS_REGION=us-east-1"));
  EXPECT_THAT(refusal("https://sqs.eu-west-1.amazonaws.com/1/q.fifo"), HasSubstr("FIFO"));
  for (const char* url : {"", "q", "https://sqs.eu-west-1.amazonaws.com", "https://host/",
                          "arn:aws:sqs:eu-west-1:1:q", "sqs://host/q"})
    EXPECT_THAT(refusal(url), HasSubstr("is not the URL of a queue")) << url;
}

TEST(QueueSender, SendsNoBatchThatIsTooLarge) {
  const auto sqs = std::make_shared<FakeService>();
  QueueSender queue(sqs, "q");
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(queue.send(std::string(100'000, 'x')));
  ASSERT_TRUE(queue.finish());
  EXPECT_THAT(sqs->requests, SizeIs(2));
}

TEST(QueueSender, SendsAgainWhatTheQueueCouldNotTake) {
  const auto sqs = std::make_shared<FakeService>();
  sqs->replies.push_back(FakeService::ok(
      {{"Successful", {{{"Id", "0"}}}},
       {"Failed", {{{"Id", "1"}, {"SenderFault", false}, {"Code", "InternalError"}}}}}));
  QueueSender queue(sqs, "q");
  ASSERT_TRUE(queue.send("a"));
  ASSERT_TRUE(queue.send("b"));
  ASSERT_TRUE(queue.finish());
  EXPECT_EQ(queue.counts().sent, 2u);
  ASSERT_THAT(sqs->requests, SizeIs(2));
  EXPECT_THAT(sqs->requests[1]["Entries"], SizeIs(1));
  EXPECT_EQ(sqs->requests[1]["Entries"][0]["MessageBody"], "b");
}

TEST(QueueSender, CountsHonestlyWhenItFails) {
  const auto sqs = std::make_shared<FakeService>();
  sqs->replies.push_back(FakeService::ok(
      {{"Successful", {{{"Id", "0"}}}}, {"Failed", {{{"Id", "1"}, {"SenderFault", true}}}}}));
  QueueSender queue(sqs, "q");
  ASSERT_TRUE(queue.send("a"));
  ASSERT_TRUE(queue.send("b"));
  const auto done = queue.finish();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("refused a message"));
  EXPECT_EQ(queue.counts().sent, 1u);
  ASSERT_TRUE(queue.send("c"));
  EXPECT_FALSE(queue.finish()) << "nothing is sent after an error";
  EXPECT_THAT(sqs->requests, SizeIs(1));
}

RunRecord run_with_partitions(std::size_t count) {
  RunRecord run{.arrival = {.dataset = DatasetName("d"),
                            .key = ObjectKey("landing/d/a.csv"),
                            .version = {},
                            .size = 1,
                            .arrived_at = {},
                            .captures = {},
                            .id = ArrivalId("0123")},
                .counts = {.rows_in = 5, .rows_written = 4, .rows_rejected = 1}};
  for (std::size_t i = 0; i < count; ++i)
    run.outputs.push_back({.partition = "dt=" + std::to_string(i), .sha256 = {}});
  return run;
}

TEST(EventBus, TellsOfACommittedRun) {
  FakeService events;
  ASSERT_TRUE(announce(events, "bus", "s3://b/lake", run_with_partitions(2)));
  EXPECT_THAT(events.targets, ElementsAre("AWSEvents.PutEvents"));
  const Json entry = events.requests.at(0)["Entries"][0];
  EXPECT_EQ(entry["EventBusName"], "bus");
  EXPECT_EQ(entry["DetailType"], "run.committed");
  const Json detail = Json::parse(entry["Detail"].get<std::string>());
  EXPECT_EQ(detail["dataset"], "d");
  EXPECT_EQ(detail["partitions"], Json({"dt=0", "dt=1"}));
  EXPECT_EQ(detail["rows_written"], 4);
  ASSERT_TRUE(announce(events, "bus", "s3://b/lake", run_with_partitions(1'500)));
  const std::string many = events.requests.at(1)["Entries"][0]["Detail"];
  EXPECT_EQ(Json::parse(many)["partitions_left_out"], 500);
}

TEST(EventBus, AnEntryThatWasNotTakenIsAnError) {
  FakeService events;
  events.replies.push_back(FakeService::ok({{"FailedEntryCount", 1}}));
  const auto told = announce(events, "bus", "s3://b", run_with_partitions(1));
  ASSERT_FALSE(told);
  EXPECT_EQ(told.error().kind, ErrorKind::kRetryable);
  events.replies.push_back(AwsReply{.http = {.status = 400, .headers = {}, .body = ""},
                                    .attempts = 1,
                                    .fault = AwsFault{400, "ResourceNotFoundException", "no bus"}});
  EXPECT_FALSE(announce(events, "bus", "s3://b", run_with_partitions(1)));
}

}  // namespace
}  // namespace lakegate
