#include "lake/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lakegate {
namespace {

using testing::ElementsAre;

TEST(Names, AreCleaned) {
  const std::pair<const char*, const char*> cases[] = {
      {"deviceId", "device_id"},
      {"field artillery", "field_artillery"},
      {"APC", "apc"},
      {"2nd", "c_2nd"},
      {"Größe", "gr_e"},
      {"", "column"},
      {"%", "column"},
      {"日本", "column"},
      {"HTTPServer", "http_server"},
      {"deviceID", "device_id"},
      {"x2Y", "x2_y"},
      {"ID2", "id2"},
      {" a  b ", "a_b"},
      {"_row", "row"},
      {"a__b_", "a__b_"},
      {"Unit Price (€)", "unit_price"},
      {"already_clean", "already_clean"},
      {"a.b-c/d", "a_b_c_d"},
  };
  for (const auto& [original, clean] : cases) {
    EXPECT_EQ(clean_name(original), clean) << original;
    EXPECT_TRUE(is_clean_name(clean_name(original))) << original;
    EXPECT_EQ(clean_name(clean_name(original)), clean_name(original)) << "not idempotent";
  }
}

TEST(Names, WhatIsClean) {
  for (const char* name : {"a", "a1", "a_b", "device_id"}) EXPECT_TRUE(is_clean_name(name)) << name;
  for (const char* name : {"", "1a", "_a", "A", "a-b", "a b", "é"})
    EXPECT_FALSE(is_clean_name(name)) << name;
}

TEST(Names, CollisionsAreNumberedInOrder) {
  EXPECT_THAT(clean_names({"device Id", "deviceId", "device_id"}),
              ElementsAre("device_id", "device_id_2", "device_id_3"));
  // The number 2 would collide with a name that comes later and wants it for itself.
  EXPECT_THAT(clean_names({"a", "A", "a_2"}), ElementsAre("a", "a_3", "a_2"));
  EXPECT_THAT(clean_names({"", ""}), ElementsAre("column", "column_2"));
}

TEST(Names, TheNearestIsSuggestedOnlyWhenNear) {
  const std::vector<std::string> keys = {"landing", "schema", "partition_by", "max_rejects", "key"};
  EXPECT_EQ(nearest_name("landign", keys), "landing");
  EXPECT_EQ(nearest_name("Schema", keys), "schema");
  EXPECT_EQ(nearest_name("partitioned_by", keys), "partition_by");
  EXPECT_EQ(nearest_name("max-rejects", keys), "max_rejects");
  EXPECT_EQ(nearest_name("keys", keys), "key");
  EXPECT_EQ(nearest_name("colour", keys), "");
  EXPECT_EQ(nearest_name("x", keys), "");
  EXPECT_EQ(nearest_name("", keys), "");
  EXPECT_EQ(nearest_name(std::string(100'000, 'a'), keys), "");
}

}  // namespace
}  // namespace lakegate
