// A prefix of an S3 bucket as a lake. tag = ETag; version = version id, or ETag without versions.
// Pending objects are multipart uploads that are completed when published; small ones are kept in
// memory until then. Leases exclude nobody: correctness rests on If-None-Match and If-Match.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "aws/session.h"
#include "stores/object_store.h"

namespace lakegate {

struct S3Options {
  // Of one part of an upload. S3 wants at least 5 MiB, and at most 10,000 parts: after every 2,000
  // parts it doubles.
  std::size_t part_bytes = std::size_t{8} << 20;
  // Of parts on their way, of all objects of the store together; one part is always allowed.
  std::size_t upload_bytes = std::size_t{16} << 20;
  // Of small sealed objects that wait for their publication in memory, all together.
  std::size_t held_bytes = std::size_t{8} << 20;
  // Of one request of a stream, and how many of them a stream reads ahead.
  std::size_t block_bytes = std::size_t{4} << 20;
  std::size_t blocks_ahead = 3;
  // Uploads older than that were left behind by the dead: no run takes so long.
  std::chrono::seconds abandoned_after = std::chrono::hours(24);

  // The same in proportion to what a process may use for reading and writing S3, at least 24 MiB.
  static S3Options for_memory(std::size_t bytes);
};

// `location` is s3://bucket or s3://bucket/prefix. Asks nothing of the network yet.
Result<std::unique_ptr<ObjectStore>> open_s3_store(const std::string& location, AwsSession& session,
                                                   const S3Options& options = {});

}  // namespace lakegate
