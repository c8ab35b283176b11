// The requests of the S3 store, as values: nothing here does I/O. Keys are whole
// ("lake/curated/…").
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/service_client.h"

namespace lakegate::s3 {

struct Bucket {
  std::string name;
  bool in_path = false;  // "/bucket/key", because the host does not name the bucket
};

// A part of an object, and which version it must be.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  // more than 0
};
struct Version {
  std::string etag;        // as S3 gave it, with its quotes; empty: whatever is there
  std::string version_id;  // empty: the current one
};

// Bytes to send, and the CRC-64/NVME over them.
struct Payload {
  std::shared_ptr<const std::string> bytes;
  std::uint64_t crc = 0;
};

AwsRequest head(const Bucket& bucket, std::string_view key);
AwsRequest get(const Bucket& bucket, std::string_view key, const Version& version = {},
               const std::optional<Range>& range = {});
AwsRequest remove(const Bucket& bucket, std::string_view key);

struct Anything {};
struct IfAbsent {};
struct IfMatch {
  std::string etag;
};
AwsRequest put(const Bucket& bucket, std::string_view key, const Payload& payload, Anything);
AwsRequest put(const Bucket& bucket, std::string_view key, const Payload& payload, IfAbsent);
AwsRequest put(const Bucket& bucket, std::string_view key, const Payload& payload,
               const IfMatch& condition);

// One page; `continuation` is the token of the page before, or empty.
AwsRequest list(const Bucket& bucket, std::string_view prefix, std::string_view continuation);
// The same with the versions of every key, newest first. Markers are empty on the first page.
AwsRequest list_versions(const Bucket& bucket, std::string_view prefix, std::string_view key_marker,
                         std::string_view version_marker);

// Multipart uploads, with one CRC-64/NVME over the whole object.
AwsRequest create_upload(const Bucket& bucket, std::string_view key);
AwsRequest upload_part(const Bucket& bucket, std::string_view key, std::string_view upload_id,
                       int number, const Payload& payload);  // numbers begin at 1
struct UploadedPart {
  std::string etag;
  std::uint64_t crc = 0;
};
AwsRequest complete_upload(const Bucket& bucket, std::string_view key, std::string_view upload_id,
                           const std::vector<UploadedPart>& parts, std::uint64_t crc,
                           std::uint64_t size);
AwsRequest abort_upload(const Bucket& bucket, std::string_view key, std::string_view upload_id);
AwsRequest list_uploads(const Bucket& bucket, std::string_view prefix, std::string_view key_marker,
                        std::string_view upload_marker);

// A checksum as headers have it: its eight bytes, the highest first, in base64.
std::string checksum_text(std::uint64_t crc);
std::uint64_t crc64(std::string_view bytes, std::uint64_t before = 0);

}  // namespace lakegate::s3
