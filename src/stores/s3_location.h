// s3://bucket/prefix, and what of it stands in requests.
#pragma once

#include <string>
#include <string_view>

#include "lake/error.h"
#include "lake/ids.h"

namespace lakegate {

struct S3Location {
  std::string bucket;
  std::string prefix;  // "" or "lake/": before every key of the lake

  std::string describe() const;  // "s3://bucket/lake"
  std::string full_key(std::string_view key) const { return prefix + std::string(key); }
  std::string url(std::string_view key) const;  // "s3://bucket/lake/key", for messages
};

// kInvalidInput for what is not "s3://bucket", "s3://bucket/a/b", with or without a last "/".
Result<S3Location> parse_s3_location(std::string_view location);

// Buckets whose name can be a label of a host name that a wildcard certificate covers
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html).
bool can_be_virtual_host(std::string_view bucket);

// kInvalidInput for "", "/a", "a//b", "a/", "a/../b", a NUL.
Result<void> check_s3_key(const ObjectKey& key);

}  // namespace lakegate
