#include "tables/dynamodb/pace.h"

#include <gtest/gtest.h>

namespace lakegate::dynamodb {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Clock::time_point kStart{seconds(1'000)};

TEST(Concurrency, DoublesARoundTripUntilTheFirstThrottle) {
  Concurrency concurrency({.first = 4, .most = 64});
  for (const std::size_t expected : {8u, 16u, 32u, 64u, 64u}) {
    for (std::size_t i = concurrency.allowed(); i > 0; --i) concurrency.succeeded();
    EXPECT_EQ(concurrency.allowed(), expected);
  }
}

TEST(Concurrency, HalvesOnceForAllThatWereInFlight) {
  Concurrency concurrency({.first = 32, .most = 64});
  const auto halved = kStart + seconds(1);
  concurrency.throttled(kStart, halved);
  concurrency.throttled(kStart, halved + milliseconds(1));
  concurrency.throttled(halved, halved + milliseconds(1));
  EXPECT_EQ(concurrency.allowed(), 16u);
  concurrency.throttled(halved + milliseconds(1), halved + milliseconds(2));
  EXPECT_EQ(concurrency.allowed(), 8u);
}

TEST(Concurrency, GrowsByOneARoundTripAfterThrottlesAndNeverReachesZero) {
  Concurrency concurrency({.first = 1, .most = 64});
  for (int i = 0; i < 5; ++i) concurrency.throttled(kStart + seconds(i), kStart + seconds(i));
  EXPECT_EQ(concurrency.allowed(), 1u);
  concurrency.succeeded();
  EXPECT_EQ(concurrency.allowed(), 2u);
  for (int i = 0; i < 3; ++i) concurrency.succeeded();
  EXPECT_EQ(concurrency.allowed(), 3u);
}

TEST(UnitBudget, GivesNoMoreThanItsRate) {
  UnitBudget budget(100, kStart);
  auto now = kStart;
  double taken = 0;
  while (now < kStart + seconds(10)) {
    const auto ready = budget.ready_at(now);
    if (ready > now) {
      now = ready;
      continue;
    }
    budget.take(7);
    taken += 7;
  }
  EXPECT_GE(taken, 1'000);            // ten seconds of it
  EXPECT_LE(taken, 1'000 + 100 + 7);  // and the second that it began with
}

TEST(UnitBudget, KeepsOneSecondOfIdlenessOnly) {
  UnitBudget budget(100, kStart);
  const auto later = kStart + seconds(3'600);
  EXPECT_EQ(budget.ready_at(later), later);
  budget.take(100);
  EXPECT_GT(budget.ready_at(later), later);
}

TEST(UnitBudget, WaitsForADebt) {
  UnitBudget budget(10, kStart);
  budget.take(30);
  const auto ready = budget.ready_at(kStart);
  EXPECT_GE(ready, kStart + seconds(2));
  EXPECT_LE(ready, kStart + milliseconds(2'001));
  EXPECT_EQ(budget.ready_at(ready), ready);
}

TEST(UnitBudget, ZeroIsWithoutLimit) {
  UnitBudget budget(0, kStart);
  budget.take(1e9);
  EXPECT_EQ(budget.ready_at(kStart), kStart);
}

TEST(Backoff, GrowsToItsLimitAndIsSpread) {
  Backoff backoff({.first = milliseconds(10), .most = milliseconds(1'000)}, 7);
  for (const auto& [failures, most] :
       {std::pair{1, 10}, {2, 20}, {7, 640}, {8, 1'000}, {99, 1'000}}) {
    std::chrono::microseconds longest{0};
    for (int i = 0; i < 200; ++i) {
      const auto wait = backoff.after(failures);
      EXPECT_GE(wait.count(), 0);
      EXPECT_LE(wait, milliseconds(most));
      longest = std::max(longest, wait);
    }
    EXPECT_GT(longest, milliseconds(most) / 2) << failures;
  }
}

}  // namespace
}  // namespace lakegate::dynamodb
