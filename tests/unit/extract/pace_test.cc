#include "extract/pace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace lakegate {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::AllOf;
using testing::Ge;
using testing::Le;

TEST(RetryBackoff, DoublesUpToItsCapWithFullJitter) {
  RetryBackoff backoff({.first = milliseconds(100), .most = milliseconds(1'000)}, 42);
  for (const auto& [failures, cap] :
       {std::pair{1, 100}, {2, 200}, {4, 800}, {5, 1'000}, {99, 1'000}}) {
    milliseconds least = milliseconds::max(), most{0};
    for (int i = 0; i < 500; ++i) {
      const milliseconds wait = backoff.after(failures);
      least = std::min(least, wait);
      most = std::max(most, wait);
    }
    EXPECT_THAT(most.count(), AllOf(Ge(cap * 9 / 10), Le(cap))) << failures;
    EXPECT_THAT(least.count(), AllOf(Ge(0), Le(cap / 10))) << failures;
  }
}

TEST(RetryAfter, IsSecondsOrADate) {
  // Wed, 25 Nov 2026 10:00:00 GMT
  const auto now =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 25) + std::chrono::hours(10);
  EXPECT_EQ(retry_after("0", now), seconds(0));
  EXPECT_EQ(retry_after("120", now), seconds(120));
  EXPECT_EQ(retry_after("Wed, 25 Nov 2026 10:01:30 GMT", now), seconds(90));
  EXPECT_EQ(retry_after("Wed, 25 Nov 2026 09:00:00 GMT", now), seconds(0));
  EXPECT_GT(retry_after("99999999999999", now), seconds(1'000'000));
  for (const std::string_view nonsense : {"", "-1", "soon", "1.5", "12 s", "Wed, 99 Nov 2026"})
    EXPECT_EQ(retry_after(nonsense, now), std::nullopt) << nonsense;
}

TEST(RetryBudget, IsAShareOfTheRequests) {
  RetryBudget budget(0.25, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.take());
  EXPECT_FALSE(budget.take());
  for (int i = 0; i < 100; ++i) budget.asked();
  int taken = 0;
  while (budget.take()) ++taken;
  EXPECT_EQ(taken, 25);
}

TEST(RequestRate, SpreadsRequestsAndNeverSavesUpMuch) {
  RequestRate rate(20);  // holds two
  PaceTime now{};
  const auto send_all_at_once = [&] {
    int sent = 0;
    while (rate.ready_at(now) <= now) {
      rate.sent();
      ++sent;
    }
    return sent;
  };
  EXPECT_EQ(send_all_at_once(), 2);
  EXPECT_EQ(rate.ready_at(now) - now, milliseconds(50));
  now += milliseconds(49);
  EXPECT_EQ(send_all_at_once(), 0);
  now += milliseconds(1);
  EXPECT_EQ(send_all_at_once(), 1);
  now += seconds(3'600);
  EXPECT_EQ(send_all_at_once(), 2);
}

TEST(RequestRate, BelowOneASecondSendsOneAtATime) {
  RequestRate rate(0.1);
  PaceTime now{};
  EXPECT_LE(rate.ready_at(now), now);
  rate.sent();
  EXPECT_EQ(rate.ready_at(now) - now, seconds(10));
}

TEST(RequestRate, NoneMeansAtOnce) {
  RequestRate rate(0);
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_LE(rate.ready_at({}), PaceTime{});
    rate.sent();
  }
}

class AdaptiveConcurrencyTest : public testing::Test {
 protected:
  // So many requests at once as are allowed, all back after `latency`.
  void round(milliseconds latency) {
    now_ += latency;
    for (std::size_t left = concurrency_.allowed(); left > 0; --left)
      concurrency_.succeeded(latency);
  }
  AdaptiveConcurrency concurrency_{900};
  PaceTime now_{};
};

TEST_F(AdaptiveConcurrencyTest, BeginsAtItsMostAndStaysThere) {
  EXPECT_EQ(concurrency_.allowed(), 900u);
  round(milliseconds(100));
  EXPECT_EQ(concurrency_.allowed(), 900u);
}

TEST_F(AdaptiveConcurrencyTest, HalvesOnceARoundTripAndRecovers) {
  round(milliseconds(100));
  const PaceTime sent = now_;
  now_ += milliseconds(100);
  for (int i = 0; i < 300; ++i) concurrency_.overloaded(sent, now_);
  EXPECT_EQ(concurrency_.allowed(), 450u);
  concurrency_.overloaded(now_ + milliseconds(1), now_ + milliseconds(2));
  EXPECT_EQ(concurrency_.allowed(), 225u);
  for (int i = 0; i < 10; ++i) round(milliseconds(100));
  EXPECT_THAT(concurrency_.allowed(), AllOf(Ge(350u), Le(450u)));
  for (int i = 0; i < 30; ++i) round(milliseconds(100));
  EXPECT_EQ(concurrency_.allowed(), 900u);
}

TEST_F(AdaptiveConcurrencyTest, NeverLeavesOne) {
  for (int i = 1; i < 30; ++i)
    concurrency_.overloaded(now_ + milliseconds(2 * i), now_ + milliseconds(2 * i + 1));
  EXPECT_EQ(concurrency_.allowed(), 1u);
  round(milliseconds(10));
  EXPECT_EQ(concurrency_.allowed(), 2u);
}

TEST_F(AdaptiveConcurrencyTest, GivesWayToRisingLatencyAndComesBack) {
  for (int i = 0; i < 3; ++i) round(milliseconds(100));
  EXPECT_EQ(concurrency_.allowed(), 900u);
  for (int i = 0; i < 5; ++i) round(milliseconds(700));
  EXPECT_THAT(concurrency_.allowed(), AllOf(Ge(112u), Le(600u)));
  for (int i = 0; i < 40; ++i) round(milliseconds(100));
  EXPECT_EQ(concurrency_.allowed(), 900u);
}

TEST_F(AdaptiveConcurrencyTest, LittleLatenciesAreNoise) {
  for (int i = 0; i < 20; ++i) round(milliseconds(i % 2 == 0 ? 1 : 90));
  EXPECT_EQ(concurrency_.allowed(), 900u);
}

TEST(Availability, LeavesAServerAloneThatRefusesEverything) {
  Availability availability(1);
  PaceTime now{seconds(1)};
  for (int i = 0; i < 7; ++i) availability.refused(now, now);
  EXPECT_FALSE(availability.is_down());
  EXPECT_LE(availability.ready_at(), now);
  availability.refused(now, now);
  EXPECT_TRUE(availability.is_down());
  const PaceTime first = availability.ready_at();
  EXPECT_THAT(first - now, AllOf(Ge(milliseconds(100)), Le(milliseconds(200))));
  // What was on its way says nothing new.
  for (int i = 0; i < 200; ++i) availability.refused(now - milliseconds(5), now);
  EXPECT_EQ(availability.ready_at(), first);
  for (int i = 0; i < 10; ++i) {
    now = availability.ready_at();
    availability.refused(now, now + milliseconds(1));
    now += milliseconds(1);
  }
  EXPECT_THAT(availability.ready_at() - now, AllOf(Ge(seconds(2)), Le(seconds(4))));
  availability.came_through();
  EXPECT_FALSE(availability.is_down());
}

TEST(Availability, ABurstOf429IsOneRefusal) {
  Availability availability(1);
  PaceTime now{seconds(1)};
  for (int round = 0; round < 7; ++round) {
    now += seconds(1);
    for (int i = 0; i < 100; ++i) availability.throttled(now - milliseconds(i), now);
  }
  EXPECT_FALSE(availability.is_down());
  availability.throttled(now + seconds(1), now + seconds(1));
  EXPECT_TRUE(availability.is_down());
}

TEST(Availability, ARefusalNowAndThenIsNone) {
  Availability availability(1);
  const PaceTime now{seconds(1)};
  for (int i = 0; i < 1'000; ++i) {
    availability.refused(now, now);
    if (i % 5 == 0) availability.came_through();
  }
  EXPECT_LE(availability.ready_at(), now);
}

}  // namespace
}  // namespace lakegate
