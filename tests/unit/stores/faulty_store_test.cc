#include "fakes/faulty_store.h"

#include <gtest/gtest.h>

#include "fakes/whole_text.h"
#include "stores/memory_store.h"

namespace lakegate {
namespace {

using Fault = FaultyStore::Fault;

class FaultyStoreTest : public testing::Test {
 protected:
  std::unique_ptr<ObjectStore> under_ = make_memory_store();
  FaultyStore store_{*under_};
  const ObjectKey a_{"a"}, b_{"b"}, c_{"c"};
};

TEST_F(FaultyStoreTest, FailsOneStep) {
  store_.set_fault(Fault::kFail, 2);
  EXPECT_TRUE(store_.put(a_, "x"));
  EXPECT_EQ(store_.put(b_, "x").error().kind, ErrorKind::kRetryable);
  EXPECT_TRUE(store_.put(c_, "x"));
  EXPECT_EQ(store_.list("")->size(), 2u);
  EXPECT_EQ(store_.steps(), 3u);
  EXPECT_EQ(store_.struck(), "put b");
}

TEST_F(FaultyStoreTest, LosesAReply) {
  store_.set_fault(Fault::kLostReply, 1);
  EXPECT_FALSE(store_.put_if_absent(a_, "x"));
  EXPECT_EQ(store_.put_if_absent(a_, "x").error().kind, ErrorKind::kConflict);
}

TEST_F(FaultyStoreTest, CrashStopsEverything) {
  for (const Fault fault : {Fault::kCrash, Fault::kCrashAfter}) {
    store_.set_fault(fault, 2);
    auto pending = store_.create(a_);
    ASSERT_TRUE(write_text(**pending, "x"));
    ASSERT_TRUE((*pending)->seal());
    EXPECT_FALSE((*pending)->publish());
    EXPECT_TRUE(store_.crashed());
    EXPECT_FALSE(store_.get(a_));
    EXPECT_FALSE(store_.list(""));
    EXPECT_FALSE(store_.put(b_, "x"));
    EXPECT_EQ(under_->list("")->size(), fault == Fault::kCrashAfter ? 1u : 0u);
  }
}

}  // namespace
}  // namespace lakegate
