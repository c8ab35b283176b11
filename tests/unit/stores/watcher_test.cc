#include "stores/watcher.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "fakes/scratch_folder.h"

namespace lakegate {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Woken = LandingWatcher::Woken;

class Watcher : public testing::Test {
 protected:
  Watcher() { folder_.write("landing/old/a.csv", "x"); }
  void SetUp() override {
    auto watcher = LandingWatcher::open(folder_.path());
    ASSERT_TRUE(watcher) << watcher.error().to_string();
    watcher_ = std::move(*watcher);
  }
  // Events are queued before the call that causes them returns, so nothing has to be waited for
  // but what must not come.
  Woken now() { return watcher_->wait(0ms).value(); }

  ScratchFolder folder_;
  std::unique_ptr<LandingWatcher> watcher_;
};

TEST_F(Watcher, WhatWasThereIsNoNews) {
  EXPECT_EQ(now(), Woken::kTimeout);
}

TEST_F(Watcher, MakesLanding) {
  ScratchFolder empty;
  ASSERT_TRUE(LandingWatcher::open(empty.path()));
  EXPECT_TRUE(empty.exists("landing"));
  EXPECT_FALSE(LandingWatcher::open(empty.path("nowhere")));
}

TEST_F(Watcher, FileClosedAfterWriting) {
  const ObjectKey key("landing/old/b.csv");
  std::ofstream file(folder_.path(key.str()));
  file << "half";
  file.flush();
  EXPECT_EQ(now(), Woken::kTimeout);
  EXPECT_TRUE(watcher_->is_being_written(key));
  EXPECT_FALSE(watcher_->is_being_written(ObjectKey("landing/old/a.csv")));
  file << "whole";
  file.close();
  EXPECT_EQ(now(), Woken::kSomethingLanded);
  EXPECT_FALSE(watcher_->is_being_written(key));
  EXPECT_EQ(now(), Woken::kTimeout);
}

TEST_F(Watcher, FileMovedIn) {
  folder_.write("elsewhere", "x");
  EXPECT_EQ(now(), Woken::kTimeout);
  fs::rename(folder_.path("elsewhere"), folder_.path("landing/c.csv"));
  EXPECT_EQ(now(), Woken::kSomethingLanded);
}

TEST_F(Watcher, SecondNameOfAFile) {
  folder_.write("elsewhere", "x");
  fs::create_hard_link(folder_.path("elsewhere"), folder_.path("landing/c.csv"));
  EXPECT_EQ(now(), Woken::kSomethingLanded);
  EXPECT_FALSE(watcher_->is_being_written(ObjectKey("landing/c.csv")));
}

TEST_F(Watcher, ReadingAndRemovingIsNoNews) {
  EXPECT_EQ(folder_.read("landing/old/a.csv"), "x");
  fs::remove(folder_.path("landing/old/a.csv"));
  EXPECT_EQ(now(), Woken::kTimeout);
}

TEST_F(Watcher, NewFoldersAreWatchedWithWhatIsInThemAlready) {
  folder_.write("landing/new/deep/deeper/a.csv", "x");
  EXPECT_EQ(now(), Woken::kSomethingLanded);
  while (now() == Woken::kSomethingLanded) {
  }
  folder_.write("landing/new/deep/deeper/b.csv", "x");
  EXPECT_EQ(now(), Woken::kSomethingLanded);
}

TEST_F(Watcher, FoldersThatAreMovedInAndRenamed) {
  folder_.write("elsewhere/deep/a.csv", "x");
  fs::rename(folder_.path("elsewhere"), folder_.path("landing/moved"));
  EXPECT_EQ(now(), Woken::kSomethingLanded);
  fs::rename(folder_.path("landing/moved"), folder_.path("landing/renamed"));
  EXPECT_EQ(now(), Woken::kSomethingLanded);
  std::ofstream file(folder_.path("landing/renamed/deep/b.csv"));
  EXPECT_EQ(now(), Woken::kTimeout);
  EXPECT_TRUE(watcher_->is_being_written(ObjectKey("landing/renamed/deep/b.csv")));
}

TEST_F(Watcher, LinksAreNotFollowed) {
  ScratchFolder outside;
  fs::create_directory_symlink(outside.path(), folder_.path("landing/link"));
  EXPECT_EQ(now(), Woken::kTimeout);
  outside.write("a.csv", "x");
  EXPECT_EQ(now(), Woken::kTimeout);
}

TEST_F(Watcher, OverflowCountsAsNews) {
  std::ifstream limit("/proc/sys/fs/inotify/max_queued_events");
  int most = 0;
  ASSERT_TRUE(limit >> most);
  if (most > 100'000) GTEST_SKIP() << "the system's queue is too long to fill in a test";
  // Links that come and go are no news by themselves; only the overflow is.
  const std::string a = folder_.path("landing/a");
  for (int i = 0; i < most; ++i) {
    fs::create_symlink("x", a);
    fs::remove(a);
  }
  EXPECT_EQ(now(), Woken::kSomethingLanded);
  folder_.write("landing/new/a.csv", "x");
  EXPECT_EQ(now(), Woken::kSomethingLanded);
}

TEST_F(Watcher, InterruptIsNotLost) {
  watcher_->interrupt();
  EXPECT_EQ(watcher_->wait(1h).value(), Woken::kInterrupted);
  EXPECT_EQ(now(), Woken::kTimeout);
  std::thread other([&] { watcher_->interrupt(); });
  EXPECT_EQ(watcher_->wait(1h).value(), Woken::kInterrupted);
  other.join();
}

TEST_F(Watcher, WaitsForWhatLands) {
  std::thread other([&] { folder_.write("landing/x.csv", "x"); });
  EXPECT_EQ(watcher_->wait(1h).value(), Woken::kSomethingLanded);
  other.join();
}

}  // namespace
}  // namespace lakegate
