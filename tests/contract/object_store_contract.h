// What every ObjectStore promises, whatever it is made of. An adapter's test names itself:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreContract, testing::Values(StoreMaker{…}));
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fakes/whole_text.h"
#include "lake/digest.h"
#include "stores/object_store.h"

namespace lakegate {

// A fresh store each time it is asked; the shared pointer keeps alive whatever the store stands on.
struct StoreMaker {
  std::string name;
  std::function<std::shared_ptr<ObjectStore>()> make;
};

inline void PrintTo(const StoreMaker& maker, std::ostream* out) {
  *out << maker.name;
}

class ObjectStoreContract : public testing::TestWithParam<StoreMaker> {
 protected:
  std::vector<std::string> keys(std::string_view prefix) const {
    std::vector<std::string> found;
    const auto listed = store_->list(prefix);
    EXPECT_TRUE(listed) << listed.error().to_string();
    if (listed)
      for (const ObjectInfo& info : *listed) found.push_back(info.key.str());
    return found;
  }
  std::string content(const std::string& key) const {
    const auto blob = store_->get(ObjectKey(key));
    return blob ? blob->bytes : "error: " + blob.error().to_string();
  }
  void put(const std::string& key, std::string_view bytes) {
    const auto done = store_->put(ObjectKey(key), bytes);
    ASSERT_TRUE(done) << done.error().to_string();
  }

  std::shared_ptr<ObjectStore> store_ = GetParam().make();
};

using Keys = std::vector<std::string>;

TEST_P(ObjectStoreContract, EmptyStoreHasNothing) {
  EXPECT_EQ(keys(""), Keys());
  EXPECT_EQ(keys("landing/"), Keys());
  EXPECT_EQ(store_->head(ObjectKey("a")).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(store_->get(ObjectKey("a/b")).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(store_->open(ObjectKey("a/b")).error().kind, ErrorKind::kNotFound);
  EXPECT_FALSE(store_->describe().empty());
}

TEST_P(ObjectStoreContract, WhatIsPutIsThere) {
  const std::string bytes("a\0b\xff\n", 5);
  put("landing/d/Größe %2F a.csv", bytes);
  EXPECT_EQ(content("landing/d/Größe %2F a.csv"), bytes);
  const auto info = store_->head(ObjectKey("landing/d/Größe %2F a.csv"));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 5u);
  EXPECT_EQ(info->key.str(), "landing/d/Größe %2F a.csv");
  EXPECT_EQ(store_->list("landing/")->at(0), *info);
  put("landing/d/Größe %2F a.csv", "");
  EXPECT_EQ(content("landing/d/Größe %2F a.csv"), "");
  EXPECT_FALSE(store_->get(ObjectKey("landing/d/Größe %2F a.csv"))->tag.empty());
}

TEST_P(ObjectStoreContract, ListsByPrefixInOrderOfBytes) {
  for (const char* key : {"b/x", "a/b/c", "a-b", "a/b", "a0", "a/B"})
    if (std::string_view(key) != "a/b") put(key, "1");
  EXPECT_EQ(keys(""), (Keys{"a-b", "a/B", "a/b/c", "a0", "b/x"}));
  EXPECT_EQ(keys("a"), (Keys{"a-b", "a/B", "a/b/c", "a0"}));
  EXPECT_EQ(keys("a/"), (Keys{"a/B", "a/b/c"}));
  EXPECT_EQ(keys("a/b"), (Keys{"a/b/c"}));
  EXPECT_EQ(keys("a/b/c"), (Keys{"a/b/c"}));
  EXPECT_EQ(keys("a/b/c/"), Keys());
  EXPECT_EQ(keys("c"), Keys());
}

TEST_P(ObjectStoreContract, PendingObjectsAreInvisibleUntilPublished) {
  const ObjectKey key("curated/d/dt=2026-01-01/a.parquet");
  auto pending = store_->create(key);
  ASSERT_TRUE(pending) << pending.error().to_string();
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const std::string piece(static_cast<std::size_t>(i % 97), static_cast<char>('a' + i % 26));
    ASSERT_TRUE(write_text(**pending, piece));
    expected += piece;
  }
  const std::string large(300'000, 'z');
  ASSERT_TRUE(write_text(**pending, large));
  expected += large;
  EXPECT_EQ(keys(""), Keys());
  EXPECT_EQ((*pending)->seal().value(), expected.size());
  EXPECT_EQ(keys(""), Keys());
  EXPECT_EQ(store_->head(key).error().kind, ErrorKind::kNotFound);
  ASSERT_TRUE((*pending)->publish());
  pending->reset();
  EXPECT_EQ(keys(""), Keys{key.str()});
  EXPECT_EQ(content(key.str()), expected);
}

TEST_P(ObjectStoreContract, PendingObjectReplacesAndCanBeGivenUp) {
  put("a/b", "old");
  auto given_up = store_->create(ObjectKey("a/b"));
  ASSERT_TRUE(write_text(**given_up, "never"));
  ASSERT_TRUE((*given_up)->seal());
  given_up->reset();
  EXPECT_EQ(content("a/b"), "old");
  auto pending = store_->create(ObjectKey("a/b"));
  ASSERT_TRUE(write_text(**pending, "new"));
  EXPECT_FALSE((*pending)->publish()) << "before seal()";
  ASSERT_TRUE((*pending)->seal());
  EXPECT_FALSE(write_text(**pending, "late"));
  ASSERT_TRUE((*pending)->publish());
  EXPECT_EQ(content("a/b"), "new");
  EXPECT_EQ(keys(""), Keys{"a/b"});
}

TEST_P(ObjectStoreContract, ManyPendingObjectsCanWait) {
  std::vector<std::unique_ptr<PendingObject>> waiting;
  for (int i = 0; i < 300; ++i) {
    auto pending = store_->create(ObjectKey("curated/d/k=" + std::to_string(i) + "/a"));
    ASSERT_TRUE(pending) << pending.error().to_string();
    ASSERT_TRUE(write_text(**pending, std::to_string(i)));
    ASSERT_TRUE((*pending)->seal());
    waiting.push_back(std::move(*pending));
  }
  ASSERT_TRUE(waiting[234]->publish());
  EXPECT_EQ(content("curated/d/k=234/a"), "234");
}

TEST_P(ObjectStoreContract, InputReadsAnyRange) {
  put("a", "0123456789");
  const auto input = store_->open(ObjectKey("a"));
  ASSERT_TRUE(input);
  EXPECT_EQ((*input)->size(), 10u);
  EXPECT_EQ(read_all(**input).value(), "0123456789");
  std::string some(3, '\0');
  ASSERT_TRUE((*input)->read_at(4, std::as_writable_bytes(std::span(some))));
  EXPECT_EQ(some, "456");
  EXPECT_EQ((*input)->read_at(8, std::as_writable_bytes(std::span(some))).error().kind,
            ErrorKind::kInvalidInput);
  std::string none;
  EXPECT_TRUE((*input)->read_at(10, std::as_writable_bytes(std::span(none))));
}

TEST_P(ObjectStoreContract, InputIsOneVersionOrAConflict) {
  put("a", std::string(5000, 'a'));
  const auto input = store_->open(ObjectKey("a"));
  ASSERT_TRUE(input);
  const auto stream = (*input)->open();
  std::string block(1000, '\0');
  ASSERT_TRUE((*stream)->read(std::as_writable_bytes(std::span(block))));
  put("a", std::string(5000, 'b'));
  const auto again = (*stream)->read(std::as_writable_bytes(std::span(block)));
  if (again)
    EXPECT_EQ(block, std::string(1000, 'a'));
  else
    EXPECT_EQ(again.error().kind, ErrorKind::kConflict);
}

TEST_P(ObjectStoreContract, PutIfAbsent) {
  ASSERT_TRUE(store_->put_if_absent(ObjectKey("_lake/runs/d/a.json"), "first"));
  EXPECT_EQ(store_->put_if_absent(ObjectKey("_lake/runs/d/a.json"), "second").error().kind,
            ErrorKind::kConflict);
  EXPECT_EQ(content("_lake/runs/d/a.json"), "first");
  ASSERT_TRUE(store_->remove(ObjectKey("_lake/runs/d/a.json")));
  ASSERT_TRUE(store_->put_if_absent(ObjectKey("_lake/runs/d/a.json"), "third"));
  EXPECT_EQ(content("_lake/runs/d/a.json"), "third");
}

TEST_P(ObjectStoreContract, PutIfMatch) {
  const ObjectKey key("_lake/schemas/d.json");
  EXPECT_EQ(store_->put_if_match(key, "x", sha256_hex("")).error().kind, ErrorKind::kConflict);
  put(key.str(), "one");
  const auto blob = store_->get(key);
  ASSERT_TRUE(store_->put_if_match(key, "two", blob->tag));
  EXPECT_EQ(store_->put_if_match(key, "three", blob->tag).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(content(key.str()), "two");
}

TEST_P(ObjectStoreContract, RemoveIsContentWithNothing) {
  put("curated/d/x=1/a", "1");
  EXPECT_TRUE(store_->remove(ObjectKey("curated/d/x=1/a")));
  EXPECT_TRUE(store_->remove(ObjectKey("curated/d/x=1/a")));
  EXPECT_TRUE(store_->remove(ObjectKey("never/was")));
  EXPECT_EQ(keys(""), Keys());
}

TEST_P(ObjectStoreContract, RefusesKeysThatLeaveTheLake) {
  for (const std::string key : {"", "/a", "a//b", "a/", "..", "../a", "a/../../b", "a/./b", "."}) {
    SCOPED_TRACE(key);
    EXPECT_EQ(store_->put(ObjectKey(key), "x").error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(store_->put_if_absent(ObjectKey(key), "x").error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(store_->create(ObjectKey(key)).error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(store_->get(ObjectKey(key)).error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(store_->open(ObjectKey(key)).error().kind, ErrorKind::kInvalidInput);
    EXPECT_EQ(store_->remove(ObjectKey(key)).error().kind, ErrorKind::kInvalidInput);
  }
  EXPECT_EQ(keys(""), Keys());
}

// Only of stores that have them: S3 returns a lease at once.
class ObjectStoreLeases : public ObjectStoreContract {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectStoreLeases);

TEST_P(ObjectStoreLeases, LeaseExcludes) {
  auto held = store_->try_lease("run d");
  ASSERT_TRUE(held);
  ASSERT_NE(*held, nullptr);
  EXPECT_NE(store_->try_lease("run e").value(), nullptr);
  EXPECT_EQ(store_->try_lease("run d").value(), nullptr);
  held->reset();
  EXPECT_NE(store_->try_lease("run d").value(), nullptr);
}

TEST_P(ObjectStoreLeases, LeasesAreWaitedForByMany) {
  std::atomic<int> inside = 0, most = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const auto lease = store_->lease("one at a time");
        ASSERT_TRUE(lease && *lease);
        most = std::max(most.load(), ++inside);
        --inside;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most.load(), 1);
}

// One of many writers wins, and everybody sees its object whole.
TEST_P(ObjectStoreContract, PutIfAbsentHasOneWinner) {
  constexpr int kThreads = 4, kKeys = 20;
  std::vector<std::atomic<int>> winners(kKeys);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int k = 0; k < kKeys; ++k) {
        const ObjectKey key("_lake/claims/d/" + std::to_string(k));
        const auto done =
            store_->put_if_absent(key, std::string(10'000, static_cast<char>('a' + t)));
        if (done)
          ++winners[static_cast<std::size_t>(k)];
        else
          EXPECT_EQ(done.error().kind, ErrorKind::kConflict) << done.error().to_string();
        const auto there = store_->get(key);
        ASSERT_TRUE(there) << there.error().to_string();
        EXPECT_EQ(there->bytes, std::string(10'000, there->bytes[0]));
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::atomic<int>& count : winners) EXPECT_EQ(count.load(), 1);
}

TEST_P(ObjectStoreContract, PutIfMatchLosesNoUpdate) {
  constexpr int kThreads = 4, kRounds = 15;
  put("counter", "0");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int done = 0; done < kRounds;) {
        const auto blob = store_->get(ObjectKey("counter"));
        ASSERT_TRUE(blob);
        const auto put = store_->put_if_match(
            ObjectKey("counter"), std::to_string(std::stoi(blob->bytes) + 1), blob->tag);
        ASSERT_TRUE(put || put.error().kind == ErrorKind::kConflict) << put.error().to_string();
        if (put) ++done;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(content("counter"), std::to_string(kThreads * kRounds));
}

// Folders come and go under many hands; nothing published is lost and no call fails.
TEST_P(ObjectStoreContract, CreateRemoveAndListAtOnce) {
  constexpr int kThreads = 3, kRounds = 25;
  std::atomic<int> left = kThreads;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        const ObjectKey key("curated/d/x=1/y=2/" + std::to_string(t));
        auto pending = store_->create(key);
        EXPECT_TRUE(pending && write_text(**pending, "whole") && (*pending)->seal());
        const auto published = (*pending)->publish();
        EXPECT_TRUE(published) << published.error().to_string();
        EXPECT_EQ(content(key.str()), "whole");
        const auto removed = store_->remove(key);
        EXPECT_TRUE(removed) << removed.error().to_string();
      }
      --left;
    });
  while (left > 0) {
    const auto listed = store_->list("curated/");
    ASSERT_TRUE(listed) << listed.error().to_string();
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(keys(""), Keys());
}

// A sweep takes nothing from the living.
TEST_P(ObjectStoreContract, SweepLeavesPendingObjectsAlone) {
  auto pending = store_->create(ObjectKey("a/b"));
  ASSERT_TRUE(write_text(**pending, "kept"));
  ASSERT_TRUE(store_->sweep());
  ASSERT_TRUE((*pending)->seal());
  ASSERT_TRUE(store_->sweep());
  ASSERT_TRUE((*pending)->publish());
  EXPECT_EQ(content("a/b"), "kept");
}

}  // namespace lakegate
