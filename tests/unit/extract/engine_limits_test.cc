// How much is asked at once, how fast, ahead of what, within which memory and until when.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "unit/extract/engine_fixture.h"

namespace lakegate {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::Each;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

TEST_F(EngineTest, WaitsForAsLongAsTheServerSays) {
  const auto come_back_when = [this](std::string value) {
    return run(1, [value](const HttpRequest&, std::size_t before) {
      return before == 0 ? status(429, {{"Retry-After", value}}) : Answering{};
    });
  };
  ASSERT_TRUE(come_back_when("7"));
  EXPECT_THAT(servers_->asked()[1].at.count(), Ge(7'000));
  const auto start = clock_.elapsed();
  ASSERT_TRUE(come_back_when("Wed, 25 Nov 2026 00:01:00 GMT"));
  EXPECT_LT(start, milliseconds(60'000));
  EXPECT_THAT(servers_->asked()[1].at.count(), AllOf(Ge(60'000), Le(61'000)));
}

TEST_F(EngineTest, A429HoldsBackAllThatGoesToThatServer) {
  options_.concurrency = 4;
  const auto stats = run(100, [](const HttpRequest&, std::size_t before) {
    return before == 40 ? status(429, {{"Retry-After", "30"}}) : Answering{};
  });
  ASSERT_TRUE(stats);
  // Those under way with it, and then nothing.
  const auto& asked = servers_->asked();
  const auto quiet = std::ranges::count_if(asked, [&](const auto& one) {
    return one.at > asked[40].at + milliseconds(10) && one.at < asked[40].at + milliseconds(30'000);
  });
  EXPECT_EQ(quiet, 0);
  EXPECT_THAT(asker_.failures(), IsEmpty());
}

TEST_F(EngineTest, AServerThatFailsAtEverythingIsNotHammered) {
  options_.retry_budget = 0.1;
  options_.concurrency = 16;
  constexpr std::size_t kSets = 5'000;
  const auto stats = run(kSets, [](const HttpRequest&, std::size_t) { return status(500); });
  ASSERT_TRUE(stats);
  EXPECT_THAT(asker_.failures(), SizeIs(kSets));
  EXPECT_LE(servers_->asked().size(), kSets * 12 / 10);
  EXPECT_THAT(asker_.failures().back(), HasSubstr("too many requests have failed"));
}

TEST_F(EngineTest, NeverMoreAtOnceThanAllowed) {
  options_.concurrency = 37;
  ASSERT_TRUE(run(1'000, [](const HttpRequest&, std::size_t) { return Answering{}; }));
  EXPECT_EQ(servers_->most_at_once(), 37u);
}

TEST_F(EngineTest, HandsSomeOverAheadOfTheirPlaces) {
  options_.concurrency = 37;
  options_.ahead = 5;
  const auto stats = run(1'000, [](const HttpRequest&, std::size_t) { return Answering{}; });
  ASSERT_TRUE(stats);
  EXPECT_EQ(servers_->most_at_once(), 37u);
  EXPECT_EQ(servers_->recalled(), 0u);
  EXPECT_EQ(stats->most_in_flight, 37u);
  // Each is asked as soon as another ends, at the same moment of virtual time.
  EXPECT_EQ(clock_.elapsed(), milliseconds(10) * ((1'000 + 36) / 37));
}

TEST_F(EngineTest, WhatIsHandedOverAheadComesBackWhenTheServerSaysThatItIsTooMuch) {
  options_.concurrency = 40;
  options_.ahead = 10;
  const auto stats = run(500, [](const HttpRequest&, std::size_t before) {
    Answering answering = before == 0 ? status(429) : Answering{.after = milliseconds(20)};
    if (before == 0) answering.outcome->headers = {{"retry-after", "2"}};
    return answering;
  });
  ASSERT_TRUE(stats);
  EXPECT_THAT(servers_->recalled(), AllOf(Ge(9u), Le(10u)));
  EXPECT_THAT(asker_.failures(), IsEmpty());
  EXPECT_EQ(asker_.order, first(500));
  // The one that takes the place of the first is on its way before the engine hears of that.
  std::size_t in_between = 0;
  for (const auto& asked : servers_->asked())
    if (asked.at > milliseconds(10) && asked.at < milliseconds(2'000)) ++in_between;
  EXPECT_EQ(in_between, 0u);
  for (const Answer& answer : asker_.answers)
    EXPECT_EQ(answer.attempts, &answer == asker_.answers.data() ? 2 : 1);
}

TEST_F(EngineTest, WhatIsHandedOverAheadIsNotAskedWhenNothingNewMayBegin) {
  options_.concurrency = 40;
  options_.ahead = 10;
  asker_.begin_below = 45;
  const auto stats = run(100, [](const HttpRequest&, std::size_t) { return Answering{}; });
  ASSERT_TRUE(stats);
  EXPECT_FALSE(stats->complete);
  EXPECT_EQ(servers_->asked().size(), 40u);
  EXPECT_EQ(asker_.order, first(40));
}

TEST_F(EngineTest, AnOldSignatureThatWasRefusedIsMadeAnew) {
  options_.ahead = 1;
  ASSERT_TRUE(run(1, [](const HttpRequest&, std::size_t before) {
    return before > 0
               ? Answering{}
               : Answering{.outcome = HttpReply{.status = 403, .queued = std::chrono::seconds(31)}};
  }));
  EXPECT_THAT(asker_.failures(), IsEmpty());
  EXPECT_EQ(servers_->asked().size(), 2u);
}

TEST_F(EngineTest, WhatARequestWaitedForAtTheClientIsNoLatencyOfTheServer) {
  options_.ahead = 1;
  ASSERT_TRUE(run(1, [](const HttpRequest&, std::size_t) {
    return Answering{.outcome = HttpReply{.status = 200, .body = "{}", .queued = milliseconds(30)},
                     .after = milliseconds(100)};
  }));
  EXPECT_EQ(asker_.answers[0].latency, milliseconds(70));
}

TEST_F(EngineTest, WithAConcurrencyOfOneSetsFollowEachOther) {
  options_.concurrency = 1;
  std::vector<int> seen(20);
  ASSERT_TRUE(run(20, [&](const HttpRequest& request, std::size_t) {
    const std::size_t n = set_of(request);
    return seen[n]++ == 0 && n % 3 == 0 ? status(500) : Answering{};
  }));
  EXPECT_EQ(servers_->most_at_once(), 1u);
  EXPECT_TRUE(std::ranges::is_sorted(servers_->asked(), {},
                                     [](const auto& asked) { return set_of(asked.request); }));
}

TEST_F(EngineTest, ReachesItsConcurrencyWithinARoundTrip) {
  options_.concurrency = 900;
  const auto stats = run(20'000, [](const HttpRequest&, std::size_t) {
    return Answering{.after = milliseconds(100)};
  });
  ASSERT_TRUE(stats);
  // 23 rounds of 900 are the floor.
  EXPECT_THAT(clock_.elapsed().count(), Le(2'400));
}

TEST_F(EngineTest, AsksNoFasterThanAllowed) {
  options_.requests_per_second = 50;
  ASSERT_TRUE(run(500, [](const HttpRequest&, std::size_t) { return Answering{}; }));
  EXPECT_THAT(clock_.elapsed().count(), AllOf(Ge(9'800), Le(10'500)));
  const auto& asked = servers_->asked();
  for (std::size_t i = 0; i + 50 < asked.size(); ++i)
    EXPECT_GE(asked[i + 50].at - asked[i].at, milliseconds(880)) << i;
}

TEST_F(EngineTest, EachServerHasItsOwnRate) {
  class TwoServers : public Asker {
    Result<AuthorizedRequest> request(std::size_t n, const Page& page) override {
      auto asked = Asker::request(n, page);
      if (n % 2 == 1) asked->request.origin.host = "other.example.com";
      return asked;
    }
  } asking;
  options_.clock = &clock_;
  options_.requests_per_second_per_host = 10;
  VirtualServers servers(clock_, [](const HttpRequest&, std::size_t) { return Answering{}; });
  ASSERT_TRUE(run_engine(servers, options_, first(200), asking));
  EXPECT_THAT(clock_.elapsed().count(), AllOf(Ge(9'700), Le(10'500)));
}

TEST_F(EngineTest, SetsThatFailBehindAnOldOneThatIsOutTakeMemoryToo) {
  options_.memory = std::make_shared<ReplyMemory>(1 << 20);
  const auto stats = run(20'000, [&](const HttpRequest&, std::size_t before) {
    return Answering{.outcome = HttpReply{.status = before == 0 ? 200 : 404},
                     .after = milliseconds(before == 0 ? 60'000 : 1)};
  });
  ASSERT_TRUE(stats) << stats.error().to_string();
  const auto in_the_first_minute = std::ranges::count_if(
      servers_->asked(), [](const auto& asked) { return asked.at < milliseconds(60'000); });
  EXPECT_THAT(in_the_first_minute, AllOf(Ge(500), Le(1'100)));
  EXPECT_EQ(options_.memory->held(), 0u);
  EXPECT_EQ(asker_.order, first(20'000));
}

TEST_F(EngineTest, BeginsNothingNewWhileMemoryIsSpentAndTheOldestIsOut) {
  constexpr std::size_t kReply = 10'000;
  options_.memory = std::make_shared<ReplyMemory>(100 * kReply);
  std::size_t most_held = 0;
  const auto stats = run(2'000, [&](const HttpRequest& request, std::size_t before) {
    most_held = std::max(most_held, options_.memory->held());
    // The first takes a minute; whatever comes behind it has to wait for its turn.
    return Answering{.outcome = HttpReply{.status = 200, .body = std::string(kReply, 'x')},
                     .after = milliseconds(before == 0 ? 60'000 : 1 + set_of(request) % 7)};
  });
  ASSERT_TRUE(stats) << stats.error().to_string();
  const auto in_the_first_minute = std::ranges::count_if(
      servers_->asked(), [](const auto& asked) { return asked.at < milliseconds(60'000); });
  EXPECT_THAT(in_the_first_minute, AllOf(Ge(60), Le(110)));
  EXPECT_LE(most_held, 110 * kReply);
  EXPECT_EQ(options_.memory->held(), 0u);
  EXPECT_EQ(asker_.order, first(2'000));
}

TEST_F(EngineTest, FinishesWhatIsBegunWhenNothingNewMayBegin) {
  asker_.begin_below = 300;
  const auto stats = run(1'000, [](const HttpRequest& request, std::size_t before) {
    return set_of(request) == 285 && before < 290 ? status(500) : Answering{};
  });
  ASSERT_TRUE(stats);
  EXPECT_FALSE(stats->complete);
  // A few had been begun, but not been asked for yet.
  EXPECT_EQ(asker_.order, first(stats->total.begun));
  EXPECT_THAT(stats->total.begun, AllOf(Ge(290u), Le(300u)));
  EXPECT_EQ(times_asked(1'000)[stats->total.begun], 0);
  EXPECT_THAT(asker_.failures(), IsEmpty());
}

TEST_F(EngineTest, ReturnsAtItsDeadlineWithWhatIsThere) {
  options_.give_up_at = clock_.now() + milliseconds(5'000);
  options_.memory = std::make_shared<ReplyMemory>(1 << 20);
  const auto stats = run(100, [](const HttpRequest& request, std::size_t) {
    return Answering{.after = milliseconds(set_of(request) == 60 ? 60'000 : 20)};
  });
  ASSERT_TRUE(stats);
  EXPECT_FALSE(stats->complete);
  EXPECT_EQ(asker_.order, first(60));
  EXPECT_EQ(clock_.elapsed(), milliseconds(5'000));
  EXPECT_EQ(options_.memory->held(), 0u);
}

}  // namespace
}  // namespace lakegate
