#include "extract/lease.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "extract/fetch_records.h"
#include "stores/memory_store.h"

namespace lakegate {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

class PlanLeases : public ::testing::Test {
 protected:
  Result<std::unique_ptr<PlanLease>> take(const std::string& holder,
                                          std::function<bool(const std::string&)> is_gone = {}) {
    return PlanLease::take(
        *store_, key_,
        {.holder = holder, .lasts = seconds(60), .is_gone = std::move(is_gone), .now = [this] {
           return Instant(seconds(now_.load()));
         }});
  }
  LeaseRecord record() { return lease_from_json(store_->get(key_)->bytes, key_).value(); }

  std::unique_ptr<ObjectStore> store_ = make_memory_store();
  ObjectKey key_{"_lake/fetches/devices/1/lease.json"};
  std::atomic<std::int64_t> now_ = 1'000'000;
};

TEST_F(PlanLeases, OnlyOneHoldsIt) {
  auto first = take("first");
  ASSERT_TRUE(first) << first.error().to_string();
  const auto second = take("second");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("first is at work"));
  EXPECT_THAT(second.error().message, HasSubstr("1970-01-12T13:47:40Z"));
  EXPECT_TRUE((*first)->confirm());
}

TEST_F(PlanLeases, GivenBackItIsFreeAtOnce) {
  {
    ASSERT_TRUE(take("first"));
  }
  EXPECT_EQ(record().holder, "");
  EXPECT_TRUE(take("second"));
}

TEST_F(PlanLeases, ExpiredItIsTakenOverAndTheFormerHolderFindsOut) {
  auto first = take("first");
  ASSERT_TRUE(first);
  now_ += 61;
  auto second = take("second");
  ASSERT_TRUE(second) << second.error().to_string();
  const auto confirmed = (*first)->confirm();
  ASSERT_FALSE(confirmed);
  EXPECT_EQ(confirmed.error().kind, ErrorKind::kConflict);
  EXPECT_THAT(confirmed.error().message, HasSubstr("second has taken it over"));
  first->reset();  // does not give back what is another's
  EXPECT_EQ(record().holder, "second");
}

TEST_F(PlanLeases, ConfirmingRenewsIt) {
  auto first = take("first");
  ASSERT_TRUE(first);
  now_ += 50;
  ASSERT_TRUE((*first)->confirm());
  now_ += 50;
  EXPECT_FALSE(take("second"));
}

TEST_F(PlanLeases, TheDeadAreNotWaitedFor) {
  ASSERT_TRUE(store_->put(
      key_, to_json(LeaseRecord{.holder = "the dead", .expires_at = Instant(seconds(2'000'000))})));
  EXPECT_FALSE(take("heir"));
  EXPECT_TRUE(take("heir", [](const std::string& holder) { return holder == "the dead"; }));
}

}  // namespace
}  // namespace lakegate
