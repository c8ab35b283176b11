#include "net/descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace lakegate {
namespace {

class DescriptorsTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0); }
  void TearDown() override {
    for (const int file : open_) ::close(file);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before_), 0);
  }
  void limit(rlim_t soft) const {
    const rlimit limits = {.rlim_cur = soft, .rlim_max = before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limits), 0);
  }
  rlimit before_ = {};
  std::vector<int> open_;
};

TEST_F(DescriptorsTest, TheLimitIsRaisedAsFarAsTheSystemLetsIt) {
  if (before_.rlim_max < 512) GTEST_SKIP() << "the system has no more to give";
  limit(256);
  EXPECT_GT(most_connections(), 256u);
  rlimit now = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_GT(now.rlim_cur, 256u);
}

TEST_F(DescriptorsTest, ThereIsRoomForAllAtOnceAndNothingStaysOpen) {
  if (before_.rlim_max < 2'048) GTEST_SKIP() << "the system has no more to give";
  limit(256);
  const int next = ::dup(0);
  ::close(next);
  make_room_for_connections(2'000);
  const int then = ::dup(0);
  ::close(then);
  EXPECT_EQ(then, next);
  EXPECT_LT(::fcntl(2'047, F_GETFD), 0);
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("FDSize:")) {
      EXPECT_GE(std::stoul(line.substr(7)), 2'048u);
    }
}

TEST_F(DescriptorsTest, WhatIsOpenIsNotThereForConnections) {
  const std::size_t before = most_connections();
  rlimit now = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &now), 0);
  if (now.rlim_cur > 20'000) GTEST_SKIP() << "so many that it does not count";
  for (int i = 0; i < 50; ++i) open_.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(most_connections(), before - 50);
}

}  // namespace
}  // namespace lakegate
