#include "tables/dynamodb/seen_keys.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace lakegate::dynamodb {
namespace {

std::uint64_t hash(int number) {
  return std::hash<std::string>{}(R"("day":{"N":")" + std::to_string(number) + R"("})");
}

// Enough to fill the first filter (16,384 blocks of 32 keys) and begin the second.
constexpr int kKeys = 700'000;

TEST(SeenKeys, NoKeyThatWasSeenIsTakenForNewAndFewNewOnesForSeen) {
  SeenKeys seen;
  int taken_for_seen = 0;
  for (int i = 0; i < kKeys; ++i) taken_for_seen += seen.test_and_set(hash(i)) ? 1 : 0;
  EXPECT_LT(taken_for_seen, kKeys / 500);
  for (int i = 0; i < kKeys; i += 7) ASSERT_TRUE(seen.test_and_set(hash(i))) << i;
}

}  // namespace
}  // namespace lakegate::dynamodb
