// The S3 store against a real server: tools/with_servers s3 -- s3_server_test.
#include "stores/s3_store.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include "contract/object_store_contract.h"
#include "stores/s3_location.h"
#include "stores/s3_replies.h"

namespace lakegate {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

AwsSession& session() {
  static const auto opened = AwsSession::open().value();
  return *opened;
}

std::string bucket() {
  const char* name = std::getenv("LAKEGATE_TEST_BUCKET");
  return name != nullptr ? name : "no-bucket";
}

// A prefix that nobody else uses.
std::string fresh_location() {
  static std::random_device random;
  return "s3://" + bucket() + "/" + std::to_string(random()) + "/lake";
}

std::shared_ptr<ObjectStore> open_fresh(const S3Options& options) {
  auto store = open_s3_store(fresh_location(), session(), options);
  EXPECT_TRUE(store) << store.error().to_string();
  return std::move(*store);
}

// Everything is large: nothing waits in memory, blocks and places are many.
constexpr S3Options kTight = {.part_bytes = 5 * kMiB,
                              .upload_bytes = 1,
                              .held_bytes = 0,
                              .block_bytes = 1000,
                              .blocks_ahead = 2};

INSTANTIATE_TEST_SUITE_P(S3, ObjectStoreContract,
                         testing::Values(StoreMaker{"usual", [] { return open_fresh({}); }},
                                         StoreMaker{"tight", [] { return open_fresh(kTight); }}),
                         [](const auto& made) { return made.param.name; });

std::string pattern(std::size_t size) {
  std::minstd_rand random(7);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

// What S3 itself knows, past the store.
std::vector<s3::Upload> unfinished_uploads(const std::string& location) {
  const S3Location where = parse_s3_location(location).value();
  const auto service = session().service("s3").value();
  const auto reply = service->call(
      s3::list_uploads({.name = where.bucket, .in_path = true}, where.prefix, "", ""));
  return s3::read_uploads(reply->http.body).value().uploads;
}

TEST(S3Store, LargeObjectsGoInPartsAndComeBackInBlocks) {
  const S3Options options = {.part_bytes = 5 * kMiB,
                             .upload_bytes = 10 * kMiB,
                             .held_bytes = 0,
                             .block_bytes = kMiB,
                             .blocks_ahead = 3};
  const auto store = open_fresh(options);
  const std::string bytes = pattern(17 * kMiB + 123);
  auto pending = store->create(ObjectKey("curated/d/a.parquet"));
  ASSERT_TRUE(pending);
  std::size_t at = 0;
  for (std::size_t piece = 1; at < bytes.size(); piece = piece * 3 % 700'001 + 1) {
    ASSERT_TRUE(write_text(**pending, std::string_view(bytes).substr(at, piece)));
    at += piece;
  }
  EXPECT_EQ((*pending)->seal().value(), bytes.size());
  const auto published = (*pending)->publish();
  ASSERT_TRUE(published) << published.error().to_string();
  const auto input = store->open(ObjectKey("curated/d/a.parquet")).value();
  EXPECT_TRUE(read_all(*input).value() == bytes);
  for (const auto& [offset, size] :
       std::vector<std::pair<std::size_t, std::size_t>>{{0, 10},
                                                        {kMiB - 5, 10},
                                                        {5 * kMiB + 7, 100'000},
                                                        {3 * kMiB, 2 * kMiB},
                                                        {bytes.size() - 8, 8},
                                                        {2 * kMiB - 100'000, 200'000}}) {
    std::string some(size, '\0');
    const auto read = input->read_at(offset, std::as_writable_bytes(std::span(some)));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_TRUE(some == bytes.substr(offset, size)) << offset;
  }
}

TEST(S3Store, WhatIsGivenUpLeavesNoUploadBehind) {
  const std::string location = fresh_location();
  const auto store = open_s3_store(location, session(), kTight).value();
  auto pending = store->create(ObjectKey("curated/d/a"));
  ASSERT_TRUE(write_text(**pending, pattern(6 * kMiB)));
  ASSERT_TRUE((*pending)->seal());
  EXPECT_EQ(unfinished_uploads(location).size(), 1u);
  pending->reset();
  EXPECT_EQ(unfinished_uploads(location).size(), 0u);
}

TEST(S3Store, SweepEndsUploadsOfTheDeadInTheZonesOfTheLake) {
  const std::string location = fresh_location();
  S3Options options = kTight;
  options.abandoned_after = std::chrono::seconds(-60);  // so that all are old
  const auto store = open_s3_store(location, session(), options).value();
  std::vector<std::unique_ptr<PendingObject>> left;
  for (const std::string key :
       {"curated/d/a", "rejected/d/b", "_lake/failures/d/c", "landing/d",
        "landing/d/20261123T042244Z-3f2a9c0b11d4-0001.replies.ndjson.zst"}) {
    left.push_back(store->create(ObjectKey(key)).value());
    ASSERT_TRUE(write_text(*left.back(), "x"));
    ASSERT_TRUE(left.back()->seal());
  }
  EXPECT_EQ(unfinished_uploads(location).size(), 5u);
  ASSERT_TRUE(store->sweep());
  const auto kept = unfinished_uploads(location);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_THAT(kept[0].key, testing::EndsWith("landing/d"));
  EXPECT_FALSE(left[0]->publish());
}

TEST(S3Store, InputOfAReplacedObjectIsAConflict) {
  S3Options options;
  options.block_bytes = 1000;
  const auto store = open_fresh(options);
  ASSERT_TRUE(store->put(ObjectKey("a"), std::string(5000, 'a')));
  const auto input = store->open(ObjectKey("a")).value();
  ASSERT_TRUE(store->put(ObjectKey("a"), std::string(5000, 'b')));
  std::string some(2000, '\0');
  const auto read = input->read_at(2000, std::as_writable_bytes(std::span(some)));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::kConflict);
  EXPECT_THAT(read.error().message, testing::HasSubstr("was replaced while it was being read"));
  ASSERT_TRUE(store->remove(ObjectKey("a")));
  EXPECT_EQ(input->read_at(2000, std::as_writable_bytes(std::span(some))).error().kind,
            ErrorKind::kConflict);
}

TEST(S3Store, KeysMayHoldAnything) {
  const auto store = open_fresh({});
  std::vector<std::string> keys;
  for (const std::string name : {"a b", "a+b", "a%20b", "a%", "ä/ö", "a&b=c", "<>'\"", "a?b#c",
                                 "日本", "~a_b-c.d", "a:b;c,d@e!f$g*h(i)", "k=a%2Fb/x"}) {
    const auto put = store->put(ObjectKey("landing/d/" + name), name);
    ASSERT_TRUE(put) << name << ": " << put.error().to_string();
    keys.push_back("landing/d/" + name);
  }
  std::ranges::sort(keys);
  std::vector<std::string> listed;
  const auto infos = store->list("landing/").value();
  for (const ObjectInfo& info : infos) {
    listed.push_back(info.key.str());
    EXPECT_EQ(store->get(info.key)->bytes, info.key.str().substr(10));
    EXPECT_EQ(store->head(info.key).value(), info);
  }
  EXPECT_EQ(listed, keys);
}

TEST(S3Store, ListsMoreThanAPage) {
  const auto store = open_fresh({});
  constexpr int kObjects = 1'203;
  std::atomic<int> next = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = next++; i < kObjects; i = next++)
        EXPECT_TRUE(store->put(ObjectKey("curated/d/" + std::to_string(100'000 + i)), "x"));
    });
  for (std::thread& thread : threads) thread.join();
  const auto listed = store->list("curated/").value();
  ASSERT_EQ(listed.size(), static_cast<std::size_t>(kObjects));
  for (int i = 0; i < kObjects; ++i)
    ASSERT_EQ(listed[static_cast<std::size_t>(i)].key.str(),
              "curated/d/" + std::to_string(100'000 + i));
}

TEST(S3Store, AMissingBucketIsSaid) {
  const auto store = open_s3_store("s3://no-such-bucket-of-lakegate/lake", session()).value();
  const auto got = store->get(ObjectKey("lake.yaml"));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::kPermanent) << "and not: there is no such object";
  EXPECT_THAT(got.error().message, testing::HasSubstr("NoSuchBucket"));
  EXPECT_EQ(store->put(ObjectKey("a"), "x").error().kind, ErrorKind::kPermanent);
  EXPECT_EQ(store->put_if_match(ObjectKey("a"), "x", "\"t\"").error().kind, ErrorKind::kPermanent);
  EXPECT_EQ(store->list("").error().kind, ErrorKind::kPermanent);
}

}  // namespace
}  // namespace lakegate
