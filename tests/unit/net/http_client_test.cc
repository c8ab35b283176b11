#include "net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fakes/loopback_server.h"

namespace lakegate {
namespace {

std::shared_ptr<HttpClient> client(const HttpOptions& options = {}) {
  auto made = HttpClient::create(options);
  EXPECT_TRUE(made) << made.error().to_string();
  return *made;
}

TEST(HttpClient, SendsARequestAndReadsItsReply) {
  std::string seen;
  LoopbackServer server([&](const std::string& request) {
    seen = request;
    return http_ok("hello");
  });
  const auto reply = client()->send({.method = "PUT",
                                     .origin = server.origin(),
                                     .target = "/a%2Fb?x=%20",
                                     .headers = {{"x-one", "1"}},
                                     .body = std::make_shared<std::string>("body")});
  ASSERT_TRUE(reply) << reply.error().to_string();
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(reply->header("x-seen"), "yes");
  EXPECT_EQ(reply->header("x-other"), "");
  EXPECT_EQ(seen,
            "PUT /a%2Fb?x=%20 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.origin().port) +
                "\r\nx-one: 1\r\nContent-Length: 4\r\n\r\nbody");
}

TEST(HttpClient, AStatusIsAReplyWhateverItIs) {
  LoopbackServer server(
      [](const std::string&) { return "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"; });
  EXPECT_EQ(client()->send({.origin = server.origin()})->status, 503);
}

TEST(HttpClient, KeepsItsConnection) {
  LoopbackServer server([](const std::string&) { return http_ok("x"); });
  const auto one = client();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(one->send({.origin = server.origin()}));
  EXPECT_EQ(server.connections(), 1u);
}

TEST(HttpClient, ManyRequestsShareThePool) {
  LoopbackServer server([](const std::string& request) { return http_ok(request.substr(4, 5)); });
  const auto pooled = client({.max_connections = 3});
  constexpr int kRequests = 200;
  std::atomic<int> right = 0;
  std::atomic<int> left = kRequests;
  std::promise<void> all;
  for (int i = 0; i < kRequests; ++i) {
    const std::string target = "/" + std::to_string(1000 + i);
    pooled->send({.origin = server.origin(), .target = target}, [&, target](auto reply) {
      if (reply && reply->body == target) ++right;
      if (--left == 0) all.set_value();
    });
  }
  all.get_future().wait();
  EXPECT_EQ(right, kRequests);
  EXPECT_LE(server.connections(), 3u);
}

TEST(HttpClient, WhatFailsSaysWhereAndWhetherToTryAgain) {
  LoopbackServer closing([](const std::string&) { return ""; });
  LoopbackServer endless([](const std::string&) { return http_ok(std::string(5000, 'x')); });
  std::uint16_t dead = 0;
  {
    const LoopbackServer gone([](const std::string&) { return ""; });
    dead = gone.origin().port;
  }
  struct Case {
    HttpOrigin origin;
    ErrorKind kind;
    std::string says;
  };
  const auto limited = client({.max_reply_bytes = 4000});
  for (const Case& c :
       {Case{closing.origin(), ErrorKind::kRetryable, "closed before the reply"},
        Case{endless.origin(), ErrorKind::kPermanent, "longer than 4000 bytes"},
        Case{{"127.0.0.1", dead, false}, ErrorKind::kRetryable, "connection refused"}}) {
    SCOPED_TRACE(c.origin.host + " " + c.says);
    const auto reply = limited->send({.origin = c.origin});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, c.kind) << reply.error().to_string();
    EXPECT_THAT(reply.error().message, testing::HasSubstr(c.says));
    EXPECT_THAT(reply.error().message, testing::HasSubstr(c.origin.host));
  }
}

TEST(HttpClient, ASilentServerTimesOut) {
  std::promise<void> over;
  auto until = over.get_future().share();
  LoopbackServer silent([until](const std::string&) {
    until.wait();
    return "";
  });
  const auto reply =
      client({.reply_timeout = std::chrono::milliseconds(300)})->send({.origin = silent.origin()});
  over.set_value();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kRetryable);
  EXPECT_THAT(reply.error().message, testing::HasSubstr("no reply in time"));
}

// Writes `first`, then a byte at a time until the other side has had enough.
LoopbackServer::Talk drip(std::string first) {
  return [first = std::move(first)](const std::string&, const LoopbackServer::Write& write) {
    if (!write(first)) return false;
    while (write("x")) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return false;
  };
}

TEST(HttpClient, AServerThatDripsIsCutAtTheLimitOfTime) {
  using std::chrono::milliseconds;
  for (const std::string first :
       {"H", "HTTP/1.1 200 OK\r\nX-Drip: ", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"}) {
    LoopbackServer server(drip(first));
    const auto reply =
        client({.first_byte_timeout = milliseconds(5'000), .total_timeout = milliseconds(300)})
            ->send({.origin = server.origin()});
    ASSERT_FALSE(reply) << first;
    EXPECT_TRUE(is_timeout(reply.error()));
    EXPECT_THAT(reply.error().message, testing::HasSubstr("not complete after 0.3 s"));
  }
}

TEST(HttpClient, AServerThatNeverBeginsIsCutAtItsOwnLimit) {
  using std::chrono::milliseconds;
  LoopbackServer server(drip("H"));
  const auto reply =
      client({.first_byte_timeout = milliseconds(200), .total_timeout = milliseconds(60'000)})
          ->send({.origin = server.origin()});
  ASSERT_FALSE(reply);
  EXPECT_TRUE(is_timeout(reply.error()));
  EXPECT_THAT(reply.error().message, testing::HasSubstr("nothing came for 0.2 s"));
}

TEST(HttpClient, AnEndlessReplyIsCutAtTheLimitOfSize) {
  LoopbackServer server([](const std::string&, const LoopbackServer::Write& write) {
    if (!write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")) return false;
    while (write("1000\r\n" + std::string(0x1000, 'x') + "\r\n")) continue;
    return false;
  });
  auto memory = std::make_shared<ReplyMemory>(std::size_t{1} << 30);
  const auto reply =
      client({.max_reply_bytes = 1'000'000, .memory = memory})->send({.origin = server.origin()});
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kPermanent);
  EXPECT_THAT(reply.error().message, testing::HasSubstr("longer than 1000000 bytes"));
  EXPECT_EQ(memory->held(), 0u);
}

TEST(HttpClient, AsksForCompressionAndUndoesIt) {
  // printf hello | gzip -n
  const std::string gzipped(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00"
      "\x86\xa6\x10\x36\x05\x00\x00\x00",
      25);
  std::string seen;
  LoopbackServer server([&](const std::string& request) {
    seen = request;
    return http_reply(200, gzipped, "Content-Encoding: gzip\r\n");
  });
  auto memory = std::make_shared<ReplyMemory>(1'000'000);
  const auto reply = client({.decode = true, .memory = memory})->send({.origin = server.origin()});
  ASSERT_TRUE(reply) << reply.error().to_string();
  EXPECT_EQ(reply->body, "hello");
  EXPECT_EQ(reply->header("content-encoding"), "");
  EXPECT_THAT(seen, testing::HasSubstr("Accept-Encoding: gzip, zstd\r\n"));
  EXPECT_EQ(memory->held(), 5u);
  EXPECT_EQ(client()->send({.origin = server.origin()})->body, gzipped);
  EXPECT_THAT(seen, testing::Not(testing::HasSubstr("Accept-Encoding")));
}

TEST(HttpClient, OnlyTheFirstInLineReadsOnWhenMemoryIsSpent) {
  constexpr std::size_t kReply = 4'000'000;
  constexpr std::size_t kLimit = 200'000;
  constexpr std::size_t kRequests = 4;
  LoopbackServer server([](const std::string&) { return http_ok(std::string(kReply, 'x')); });
  auto memory = std::make_shared<ReplyMemory>(kLimit);
  const auto bounded = client({.memory = memory});
  std::array<std::promise<std::size_t>, kRequests> sizes;
  for (std::size_t i = 0; i < kRequests; ++i) {
    HttpRequest request{.origin = server.origin()};
    request.order = i;
    bounded->send(request,
                  [&, i](auto reply) { sizes[i].set_value(reply ? reply->body.size() : 0); });
  }
  for (std::size_t i = 0; i < kRequests; ++i) {
    memory->first_in_line(i);
    EXPECT_EQ(sizes[i].get_future().get(), kReply);
    // The others have come as far as they could before it was spent, and no further.
    EXPECT_LE(memory->held(), kReply + kLimit + kRequests * 2 * 64 * 1024);
    memory->give_back(kReply);
  }
  EXPECT_EQ(memory->held(), 0u);
}

// Answers when it is told to, and knows what it has been asked for.
class HeldServer {
 public:
  HeldServer()
      : server_([this](const std::string& request) {
          std::unique_lock lock(mutex_);
          asked_ += request.substr(4, request.find(' ', 4) - 4);
          most_ = std::max(most_, ++held_);
          changed_.notify_all();
          changed_.wait(lock, [this] { return is_open_; });
          --held_;
          return http_ok("x");
        }) {}
  ~HeldServer() { open(); }
  HttpOrigin origin() const { return server_.origin(); }
  void open() {
    const std::scoped_lock lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  std::string wait_for(std::size_t count) {  // targets of so many, in the order in which they came
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_.size() >= 2 * count; });
    return asked_;
  }
  int most_at_once() {
    const std::scoped_lock lock(mutex_);
    return most_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string asked_;
  int held_ = 0, most_ = 0;
  bool is_open_ = false;
  LoopbackServer server_;  // the last: its threads use the others
};

// /1 is the one of order 1.
std::future<bool> send(HttpClient& client, const HttpOrigin& origin, std::uint64_t order) {
  auto promise = std::make_shared<std::promise<bool>>();
  HttpRequest request{.origin = origin, .target = "/" + std::to_string(order)};
  request.order = order;
  client.send(std::move(request), [promise](auto reply) { promise->set_value(reply.has_value()); });
  return promise->get_future();
}

TEST(HttpClient, NeverMoreInFlightThanAllowed) {
  HeldServer server;
  const auto limited = client({.max_in_flight = 2});
  std::vector<std::future<bool>> replies;
  for (std::uint64_t order = 0; order < 9; ++order)
    replies.push_back(send(*limited, server.origin(), order));
  server.wait_for(2);
  server.open();
  for (auto& reply : replies) EXPECT_TRUE(reply.get());
  EXPECT_EQ(server.most_at_once(), 2);
}

TEST(HttpClient, WhatWaitsIsSentByItsOrder) {
  HeldServer server;
  const auto limited = client({.max_in_flight = 1});
  auto first = send(*limited, server.origin(), 7);
  server.wait_for(1);
  std::vector<HttpClient::Sending> batch;  // which is in the queue as a whole before any is started
  for (const std::uint64_t order : {9, 3, 6, 5, 4}) {
    HttpRequest request{.origin = server.origin(), .target = "/" + std::to_string(order)};
    request.order = order;
    batch.push_back({std::make_shared<const HttpRequest>(std::move(request)), [](auto) {}});
  }
  limited->send_all(std::move(batch));
  server.open();
  EXPECT_TRUE(first.get());
  EXPECT_EQ(server.wait_for(6), "/7/3/4/5/6/9");
}

TEST(HttpClient, TheLastPlaceIsForTheFirstInLine) {
  HeldServer server;
  auto memory = std::make_shared<ReplyMemory>(1'000'000);
  const auto limited = client({.max_in_flight = 2, .memory = memory});
  std::vector<std::future<bool>> replies;
  replies.push_back(send(*limited, server.origin(), 1));
  server.wait_for(1);
  replies.push_back(send(*limited, server.origin(), 2));
  replies.push_back(send(*limited, server.origin(), 0));
  EXPECT_EQ(server.wait_for(2), "/1/0");
  server.open();
  for (auto& reply : replies) EXPECT_TRUE(reply.get());
  EXPECT_EQ(server.wait_for(3), "/1/0/2");
}

TEST(HttpClient, WhatWaitsIsSentWhenItBecomesTheFirstInLine) {
  HeldServer server;
  auto memory = std::make_shared<ReplyMemory>(1'000'000);
  const auto limited = client({.max_in_flight = 2, .memory = memory});
  auto first = send(*limited, server.origin(), 1);
  server.wait_for(1);
  auto second = send(*limited, server.origin(), 2);
  memory->first_in_line(2);
  EXPECT_EQ(server.wait_for(2), "/1/2");
  server.open();
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(second.get());
}

TEST(HttpClient, WhatIsRecalledHasNotBeenSent) {
  HeldServer server;
  const auto limited = client({.max_in_flight = 1});
  auto first = send(*limited, server.origin(), 1);
  server.wait_for(1);
  std::promise<bool> recalled;
  limited->send({.origin = server.origin()},
                [&](auto reply) { recalled.set_value(!reply && is_recalled(reply.error())); });
  limited->recall();
  EXPECT_TRUE(recalled.get_future().get());
  server.open();
  EXPECT_TRUE(first.get());
  EXPECT_EQ(server.wait_for(1), "/1");
}

TEST(HttpClient, SaysForHowLongARequestWaitedForAPlace) {
  constexpr auto kWait = std::chrono::milliseconds(30);
  LoopbackServer slow([&](const std::string&) {
    std::this_thread::sleep_for(kWait);
    return http_ok("x");
  });
  const auto limited = client({.max_in_flight = 1});
  std::promise<std::chrono::microseconds> queued;
  auto first = send(*limited, slow.origin(), 0);
  limited->send({.origin = slow.origin()},
                [&](auto reply) { queued.set_value(reply->queued + reply->took); });
  EXPECT_TRUE(first.get());
  EXPECT_GE(queued.get_future().get(), kWait);
}

TEST(HttpClient, LetsItsConnectionsGoWhenHardlyAnythingFollows) {
  LoopbackServer server([](const std::string&) { return http_ok("x"); });
  const auto one = client();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(one->send({.origin = server.origin()}));
  EXPECT_EQ(server.connections(), 1u);
  one->let_go();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(one->send({.origin = server.origin()}));
  EXPECT_EQ(server.connections(), 3u);  // the first of them closed the one there was
}

TEST(HttpClient, ClosingEndsWhatWaitsForMemory) {
  LoopbackServer server([](const std::string&) { return http_ok(std::string(4'000'000, 'x')); });
  auto memory = std::make_shared<ReplyMemory>(100'000);
  auto closing = client({.memory = memory});
  std::promise<bool> ended;
  HttpRequest request{.origin = server.origin()};
  request.order = 1;  // the first in line is 0
  closing->send(request, [&](auto reply) { ended.set_value(reply.has_value()); });
  while (!memory->is_spent()) std::this_thread::yield();
  closing.reset();
  EXPECT_FALSE(ended.get_future().get());
  EXPECT_EQ(memory->held(), 0u);
}

TEST(HttpClient, ClosingFailsWhatIsOutstandingAndWaits) {
  std::promise<void> asked, over;
  auto until = over.get_future().share();
  std::once_flag once;
  LoopbackServer silent([&, until](const std::string&) {
    std::call_once(once, [&] { asked.set_value(); });
    until.wait();
    return "";
  });
  auto closing = client({.max_connections = 1});
  std::vector<ErrorKind> ended;  // the first is on its way, the second waits for the connection
  for (int i = 0; i < 2; ++i)
    closing->send({.origin = silent.origin()}, [&](auto reply) {
      ended.push_back(reply ? ErrorKind::kConflict : reply.error().kind);
    });
  asked.get_future().wait();
  closing.reset();
  EXPECT_EQ(ended, (std::vector{ErrorKind::kRetryable, ErrorKind::kRetryable}));
  over.set_value();
}

// More than are started in one turn of the event loop.
TEST(HttpClient, ClosingFailsWhatHasNotBeenStartedToo) {
  std::promise<void> over;
  auto until = over.get_future().share();
  LoopbackServer silent([&, until](const std::string&) {
    until.wait();
    return "";
  });
  for (const std::size_t most : {SIZE_MAX, std::size_t{1}}) {
    auto closing = client({.max_connections = 1, .max_in_flight = most});
    std::size_t failed = 0;  // on the event loop's thread, and read when it has called the last
    const auto request =
        std::make_shared<const HttpRequest>(HttpRequest{.origin = silent.origin()});
    std::vector<HttpClient::Sending> batch;
    for (int i = 0; i < 1'000; ++i)
      batch.push_back({request, [&](auto reply) {
                         if (!reply && reply.error().kind == ErrorKind::kRetryable) ++failed;
                       }});
    closing->send_all(std::move(batch));
    closing.reset();
    EXPECT_EQ(failed, 1'000u);
  }
  over.set_value();
}

TEST(HttpClient, ACaFileThatHoldsNothingIsRefusedAtOnce) {
  for (const std::string file : {"/no/such/file.pem", "/dev/null"}) {
    const auto made = HttpClient::create({.ca_file = file});
    ASSERT_FALSE(made) << file;
    EXPECT_EQ(made.error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(made.error().where.file, file);
  }
}

}  // namespace
}  // namespace lakegate
