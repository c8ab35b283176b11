#include "stores/local_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "fakes/scratch_folder.h"
#include "fakes/whole_text.h"

namespace lakegate {
namespace {

namespace fs = std::filesystem;

class LocalStore : public testing::Test {
 protected:
  std::unique_ptr<ObjectStore> open() const { return open_local_store(folder_.path()).value(); }
  std::size_t temporary_files() const {
    if (!folder_.exists("_lake/tmp")) return 0;
    std::size_t count = 0;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path("_lake/tmp")))
      count += entry.is_regular_file() && entry.path().extension() != ".lock";
    return count;
  }

  ScratchFolder folder_;
  std::unique_ptr<ObjectStore> store_ = open();
};

TEST_F(LocalStore, SaysWhatIsWrongWithTheRoot) {
  const auto missing = open_local_store(folder_.path("nowhere"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kNotFound);
  EXPECT_NE(missing.error().message.find("lakegate init"), std::string::npos);
  folder_.write("file", "x");
  EXPECT_EQ(open_local_store(folder_.path("file")).error().kind, ErrorKind::kInvalidInput);
}

TEST_F(LocalStore, ModifiedIsTheFilesTimeInNanoseconds) {
  folder_.write("landing/a.csv", "abc");
  const timespec times[2] = {{1709618828, 123456789}, {1709618828, 123456789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, folder_.path("landing/a.csv").c_str(), times, 0), 0);
  const auto info = store_->head(ObjectKey("landing/a.csv"));
  ASSERT_TRUE(info);
  EXPECT_EQ(to_iso(info->modified), "2024-03-05T06:07:08.123456789Z");
  EXPECT_EQ(info->version, "");
}

TEST_F(LocalStore, ReadingWritesNothing) {
  (void)store_->list("");
  (void)store_->get(ObjectKey("a"));
  (void)store_->sweep();
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(LocalStore, NothingTemporaryStays) {
  ASSERT_TRUE(store_->put(ObjectKey("a"), "1"));
  ASSERT_TRUE(store_->put_if_absent(ObjectKey("b"), "1"));
  ASSERT_FALSE(store_->put_if_absent(ObjectKey("b"), "2"));
  ASSERT_FALSE(store_->put_if_match(ObjectKey("b"), "2", "other"));
  {
    auto given_up = store_->create(ObjectKey("c"));
  }
  EXPECT_EQ(temporary_files(), 0u);
  EXPECT_EQ(store_->list("")->size(), 2u) << "locks and temporary files are no objects";
  store_.reset();
  EXPECT_TRUE(fs::is_empty(folder_.path("_lake/tmp")));
}

TEST_F(LocalStore, PendingObjectsOutliveTheirStore) {
  auto pending = store_->create(ObjectKey("a"));
  ASSERT_TRUE(write_text(**pending, "x"));
  store_.reset();
  ASSERT_TRUE((*pending)->seal());
  ASSERT_TRUE((*pending)->publish());
  pending->reset();
  EXPECT_EQ(folder_.read("a"), "x");
  EXPECT_TRUE(fs::is_empty(folder_.path("_lake/tmp")));
}

TEST_F(LocalStore, LinksAreNeitherFollowedNorListed) {
  ScratchFolder outside;
  outside.write("secret.csv", "secret");
  fs::create_directories(folder_.path("landing"));
  fs::create_symlink(outside.path(), folder_.path("landing/folder"));
  fs::create_symlink(outside.path("secret.csv"), folder_.path("landing/file.csv"));
  fs::create_symlink("nowhere", folder_.path("landing/dangling"));
  EXPECT_TRUE(store_->list("")->empty());
  EXPECT_TRUE(store_->list("landing/folder/").error().kind == ErrorKind::kInvalidInput);
  for (const std::string key : {"landing/folder/secret.csv", "landing/file.csv"}) {
    SCOPED_TRACE(key);
    const auto got = store_->get(ObjectKey(key));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().kind, ErrorKind::kInvalidInput);
    EXPECT_NE(got.error().message.find("symbolic link"), std::string::npos);
    EXPECT_FALSE(store_->open(ObjectKey(key)));
    EXPECT_FALSE(store_->head(ObjectKey(key)));
  }
  EXPECT_FALSE(store_->put(ObjectKey("landing/folder/new.csv"), "x"));
  EXPECT_FALSE(store_->remove(ObjectKey("landing/folder/secret.csv")));
  EXPECT_EQ(outside.read("secret.csv"), "secret");
  EXPECT_FALSE(outside.exists("new.csv"));
  // In place of a link, not through it.
  ASSERT_TRUE(store_->put(ObjectKey("landing/file.csv"), "mine"));
  EXPECT_EQ(outside.read("secret.csv"), "secret");
  EXPECT_EQ(folder_.read("landing/file.csv"), "mine");
}

TEST_F(LocalStore, OnlyFilesAreObjects) {
  fs::create_directories(folder_.path("landing/empty"));
  ASSERT_EQ(::mkfifo(folder_.path("landing/pipe").c_str(), 0600), 0);
  EXPECT_TRUE(store_->list("")->empty());
  EXPECT_EQ(store_->open(ObjectKey("landing/pipe")).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(store_->get(ObjectKey("landing/empty")).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(store_->head(ObjectKey("landing/empty")).error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(store_->remove(ObjectKey("landing/empty")));
  EXPECT_TRUE(folder_.exists("landing/empty"));
  EXPECT_EQ(store_->put(ObjectKey("landing/empty"), "x").error().kind, ErrorKind::kInvalidInput);
  folder_.write("landing/file", "x");
  EXPECT_EQ(store_->get(ObjectKey("landing/file/below")).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(store_->put(ObjectKey("landing/file/below"), "x").error().kind,
            ErrorKind::kInvalidInput);
}

TEST_F(LocalStore, ChangeInPlaceIsAConflictEvenWhenTheTimeIsSetBack) {
  folder_.write("landing/a.csv", std::string(100'000, 'a'));
  const auto input = store_->open(ObjectKey("landing/a.csv"));
  ASSERT_TRUE(input);
  ASSERT_EQ(read_all(**input).value().size(), 100'000u);
  const auto before = fs::last_write_time(folder_.path("landing/a.csv"));
  {
    std::fstream file(folder_.path("landing/a.csv"), std::ios::in | std::ios::out);
    file << "b";
  }
  fs::last_write_time(folder_.path("landing/a.csv"), before);
  EXPECT_EQ(read_all(**input).error().kind, ErrorKind::kConflict);
  std::ofstream(folder_.path("landing/a.csv"), std::ios::app) << "more";
  EXPECT_EQ(read_all(**input).error().kind, ErrorKind::kConflict);
  fs::resize_file(folder_.path("landing/a.csv"), 10);
  std::string some(100, '\0');
  EXPECT_EQ((*input)->read_at(50, std::as_writable_bytes(std::span(some))).error().kind,
            ErrorKind::kConflict);
}

TEST_F(LocalStore, EmptyFoldersArePrunedInTheLakesOwnZonesOnly) {
  ASSERT_TRUE(store_->put(ObjectKey("curated/d/dt=1/a"), "x"));
  ASSERT_TRUE(store_->put(ObjectKey("curated/d/dt=1/b"), "x"));
  ASSERT_TRUE(store_->put(ObjectKey("landing/d/a"), "x"));
  ASSERT_TRUE(store_->remove(ObjectKey("curated/d/dt=1/a")));
  EXPECT_TRUE(folder_.exists("curated/d/dt=1"));
  ASSERT_TRUE(store_->remove(ObjectKey("curated/d/dt=1/b")));
  EXPECT_FALSE(folder_.exists("curated/d"));
  EXPECT_TRUE(folder_.exists("curated"));
  ASSERT_TRUE(store_->remove(ObjectKey("landing/d/a")));
  EXPECT_TRUE(folder_.exists("landing/d"));
}

// Runs `body` in a process of its own, which is then killed as if by kill -9.
template <class Body>
void in_process_that_dies(Body body) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    body();
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST_F(LocalStore, SweepRemovesWhatTheDeadLeaveAndNothingElse) {
  auto alive = store_->create(ObjectKey("alive"));
  ASSERT_TRUE(write_text(**alive, "alive"));
  in_process_that_dies([&] {
    const auto store = open();
    for (int i = 0; i < 3; ++i) {
      auto pending = store->create(ObjectKey("dead"));
      if (!pending || !write_text(**pending, "dead") || !(*pending)->seal()) ::_exit(1);
      (void)pending->release();
    }
    (void)store->try_lease("held by the dead")->release();
  });
  folder_.write("_lake/tmp/stray", "x");
  EXPECT_EQ(temporary_files(), 5u);
  const auto other = open();
  ASSERT_TRUE(other->sweep());
  EXPECT_EQ(temporary_files(), 1u);
  EXPECT_NE(other->try_lease("held by the dead").value(), nullptr);
  ASSERT_TRUE((*alive)->seal());
  ASSERT_TRUE((*alive)->publish());
  EXPECT_EQ(folder_.read("alive"), "alive");
  alive->reset();
  store_.reset();
  EXPECT_TRUE(fs::is_empty(folder_.path("_lake/tmp")));
}

TEST_F(LocalStore, LeaseHoldsAgainstAnotherProcess) {
  const auto held = store_->try_lease("x");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lease = open()->try_lease("x");
    ::_exit(lease && *lease == nullptr ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// A full disk, as far as a test can have one: files may not grow past a limit.
TEST_F(LocalStore, WhatCannotBeWrittenLeavesNothing) {
  ASSERT_TRUE(store_->put(ObjectKey("a"), "old"));
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 100'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto done = store_->put(ObjectKey("a"), std::string(200'000, 'x'));
  Result<void> written;
  {
    auto pending = store_->create(ObjectKey("b"));
    written = write_text(**pending, std::string(200'000, 'x'));
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::kPermanent);
  EXPECT_NE(done.error().message.find(folder_.path("a")), std::string::npos);
  EXPECT_FALSE(written);
  EXPECT_EQ(folder_.read("a"), "old");
  EXPECT_EQ(temporary_files(), 0u);
}

TEST_F(LocalStore, SaysThatItMayNotWrite) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0500), 0);
  const auto done = store_->put(ObjectKey("a"), "x");
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0700), 0);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("permissions"), std::string::npos);
}

}  // namespace
}  // namespace lakegate
