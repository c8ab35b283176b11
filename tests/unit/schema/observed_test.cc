#include "schema/observed.h"

#include <gtest/gtest.h>

namespace lakegate {
namespace {

std::string resolved(std::uint16_t seen) {
  Observed observed;
  observed.seen = seen;
  return to_string(resolve(observed));
}

TEST(Resolve, FollowsTheLattice) {
  EXPECT_EQ(resolved(kSeenNothing), "unknown");
  EXPECT_EQ(resolved(kSeenNull | kSeenNanToken), "unknown");
  EXPECT_EQ(resolved(kSeenNull | kSeenBool), "bool");
  EXPECT_EQ(resolved(kSeenBool | kSeenInt), "text");
  EXPECT_EQ(resolved(kSeenInt | kSeenIntNotDouble | kSeenNanToken), "int64");
  EXPECT_EQ(resolved(kSeenInt | kSeenDouble), "double");
  EXPECT_EQ(resolved(kSeenIntNotDouble | kSeenDouble), "text");
  EXPECT_EQ(resolved(kSeenInt | kSeenBigInt), "decimal(38,0)");
  EXPECT_EQ(resolved(kSeenBigInt | kSeenDouble), "text");
  EXPECT_EQ(resolved(kSeenDate), "date");
  EXPECT_EQ(resolved(kSeenDate | kSeenTimestamp), "timestamp");
  EXPECT_EQ(resolved(kSeenTimestampTz | kSeenNull), "timestamptz");
  EXPECT_EQ(resolved(kSeenTimestamp | kSeenTimestampTz), "text");
  EXPECT_EQ(resolved(kSeenDate | kSeenInt), "text");
  EXPECT_EQ(resolved(kSeenText | kSeenInt), "text");
}

TEST(Resolve, ObjectsAndArrays) {
  Observed observed;
  observed.seen = kSeenObject;
  observed.field("id").seen = kSeenInt;
  observed.field("never").seen = kSeenNull;
  Observed& tags = observed.field("tags");
  tags.seen = kSeenArray | kSeenNull;
  tags.array_element().seen = kSeenText;
  EXPECT_EQ(to_string(resolve(observed)), "struct<id: int64, tags: list<text>>");
  observed.seen |= kSeenText;
  EXPECT_EQ(to_string(resolve(observed)), "text");
}

TEST(Join, IsTheSameInAnyOrderButForNewFields) {
  Observed a, b;
  a.field("x").seen = kSeenInt;
  b.field("y").seen = kSeenText;
  b.field("x").seen = kSeenDouble;
  a.join(b);
  ASSERT_EQ(a.fields.size(), 2U);
  EXPECT_EQ(a.fields[0].first, "x");
  EXPECT_EQ(to_string(resolve(a.fields[0].second)), "double");
  EXPECT_EQ(a.fields[1].first, "y");
}

// Observation that starts from a guess ends where observation from the start would.
TEST(ObservedFrom, ResolvesBackToItsType) {
  for (const char* text :
       {"bool", "int64", "double", "decimal(38,0)", "text", "date", "timestamp", "timestamptz",
        "list<int64>", "struct<a: int64, b: list<struct<c: text>>>"}) {
    const auto type = type_from(text);
    ASSERT_TRUE(type) << text;
    EXPECT_EQ(to_string(resolve(observed_from(*type))), text);
  }
}

}  // namespace
}  // namespace lakegate
