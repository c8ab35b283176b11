#include "stores/s3_requests.h"

#include <aws/checksums/crc.h>
#include <aws/common/encoding.h>
#include <fmt/format.h>

#include <array>

#include "aws/xml.h"
#include "net/uri_encoding.h"

namespace lakegate::s3 {
namespace {

constexpr const char* kChecksumHeader = "x-amz-checksum-crc64nvme";

AwsRequest request(std::string method, const Bucket& bucket, std::string_view key) {
  AwsRequest made{.method = std::move(method)};
  made.path = bucket.in_path ? fmt::format("/{}", bucket.name) : std::string();
  // The bucket itself is "/bucket" or "/".
  if (!key.empty() || made.path.empty()) made.path += "/" + uri_encode_path(key);
  return made;
}

void carry(AwsRequest& made, const Payload& payload) {
  made.headers.push_back({kChecksumHeader, checksum_text(payload.crc)});
  made.body = payload.bytes;
  made.unsigned_payload = true;
}

void mark(AwsRequest& made, std::string name, std::string_view value) {
  if (!value.empty()) made.query.push_back({std::move(name), std::string(value)});
}

}  // namespace

std::string checksum_text(std::uint64_t crc) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(crc >> (56 - 8 * i));
  std::array<std::uint8_t, 16> text{};  // 12 characters, and room for the terminating 0
  const aws_byte_cursor in = aws_byte_cursor_from_array(bytes.data(), bytes.size());
  aws_byte_buf out = aws_byte_buf_from_empty_array(text.data(), text.size());
  aws_base64_encode(&in, &out);
  return std::string(reinterpret_cast<const char*>(text.data()), 12);
}

std::uint64_t crc64(std::string_view bytes, std::uint64_t before) {
  return aws_checksums_crc64nvme_ex(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                    bytes.size(), before);
}

AwsRequest head(const Bucket& bucket, std::string_view key) {
  return request("HEAD", bucket, key);
}

AwsRequest get(const Bucket& bucket, std::string_view key, const Version& version,
               const std::optional<Range>& range) {
  AwsRequest made = request("GET", bucket, key);
  mark(made, "versionId", version.version_id);
  if (!version.etag.empty()) made.headers.push_back({"if-match", version.etag});
  if (range)
    made.headers.push_back(
        {"range", fmt::format("bytes={}-{}", range->offset, range->offset + range->length - 1)});
  return made;
}

AwsRequest remove(const Bucket& bucket, std::string_view key) {
  return request("DELETE", bucket, key);
}

AwsRequest put(const Bucket& bucket, std::string_view key, const Payload& payload, Anything) {
  AwsRequest made = request("PUT", bucket, key);
  carry(made, payload);
  return made;
}

AwsRequest put(const Bucket& bucket, std::string_view key, const Payload& payload, IfAbsent) {
  AwsRequest made = put(bucket, key, payload, Anything());
  made.headers.push_back({"if-none-match", "*"});
  return made;
}

AwsRequest put(const Bucket& bucket, std::string_view key, const Payload& payload,
               const IfMatch& condition) {
  AwsRequest made = put(bucket, key, payload, Anything());
  made.headers.push_back({"if-match", condition.etag});
  return made;
}

AwsRequest list(const Bucket& bucket, std::string_view prefix, std::string_view continuation) {
  AwsRequest made = request("GET", bucket, "");
  made.query = {{"list-type", "2"}, {"encoding-type", "url"}};
  mark(made, "prefix", prefix);
  mark(made, "continuation-token", continuation);
  return made;
}

AwsRequest list_versions(const Bucket& bucket, std::string_view prefix, std::string_view key_marker,
                         std::string_view version_marker) {
  AwsRequest made = request("GET", bucket, "");
  made.query = {{"versions", ""}, {"encoding-type", "url"}};
  mark(made, "prefix", prefix);
  mark(made, "key-marker", key_marker);
  mark(made, "version-id-marker", version_marker);
  return made;
}

AwsRequest create_upload(const Bucket& bucket, std::string_view key) {
  AwsRequest made = request("POST", bucket, key);
  made.query = {{"uploads", ""}};
  made.headers = {{"x-amz-checksum-algorithm", "CRC64NVME"},
                  {"x-amz-checksum-type", "FULL_OBJECT"}};
  return made;
}

AwsRequest upload_part(const Bucket& bucket, std::string_view key, std::string_view upload_id,
                       int number, const Payload& payload) {
  AwsRequest made = request("PUT", bucket, key);
  made.query = {{"partNumber", std::to_string(number)}, {"uploadId", std::string(upload_id)}};
  carry(made, payload);
  return made;
}

AwsRequest complete_upload(const Bucket& bucket, std::string_view key, std::string_view upload_id,
                           const std::vector<UploadedPart>& parts, std::uint64_t crc,
                           std::uint64_t size) {
  AwsRequest made = request("POST", bucket, key);
  made.query = {{"uploadId", std::string(upload_id)}};
  made.headers = {{"content-type", "application/xml"},
                  {kChecksumHeader, checksum_text(crc)},
                  {"x-amz-checksum-type", "FULL_OBJECT"},
                  {"x-amz-mp-object-size", std::to_string(size)}};
  std::string body = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (std::size_t i = 0; i < parts.size(); ++i)
    body += fmt::format(
        "<Part><ETag>{}</ETag><ChecksumCRC64NVME>{}</ChecksumCRC64NVME>"
        "<PartNumber>{}</PartNumber></Part>",
        xml_escape(parts[i].etag), checksum_text(parts[i].crc), i + 1);
  body += "</CompleteMultipartUpload>";
  made.body = std::make_shared<const std::string>(std::move(body));
  return made;
}

AwsRequest abort_upload(const Bucket& bucket, std::string_view key, std::string_view upload_id) {
  AwsRequest made = request("DELETE", bucket, key);
  made.query = {{"uploadId", std::string(upload_id)}};
  return made;
}

AwsRequest list_uploads(const Bucket& bucket, std::string_view prefix, std::string_view key_marker,
                        std::string_view upload_marker) {
  AwsRequest made = request("GET", bucket, "");
  made.query = {{"uploads", ""}, {"encoding-type", "url"}};
  mark(made, "prefix", prefix);
  mark(made, "key-marker", key_marker);
  mark(made, "upload-id-marker", upload_marker);
  return made;
}

}  // namespace lakegate::s3
