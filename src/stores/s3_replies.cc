#include "stores/s3_replies.h"

#include <fmt/format.h>

#include <charconv>

#include "aws/xml.h"
#include "net/http_date.h"
#include "net/uri_encoding.h"

namespace lakegate::s3 {
namespace {

constexpr std::string_view kNoVersion = "null";

Result<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorKind::kPermanent, fmt::format("S3 gives \"{}\" as a size", text));
  return value;
}

// A listing has fractions of a second where a HEAD has none: the same object must have one time.
Result<Instant> whole_seconds(std::string_view iso) {
  LAKEGATE_TRY(const Instant instant, instant_from_iso(iso));
  return Instant(std::chrono::floor<std::chrono::seconds>(instant));
}

Result<XmlNode> parse_listing(std::string_view body, std::string_view root) {
  LAKEGATE_TRY(XmlNode parsed, parse_xml(body));
  if (parsed.name != root)
    return fail(ErrorKind::kPermanent,
                fmt::format("S3 answers with <{}> instead of <{}>; is this endpoint S3?",
                            parsed.name, root));
  return parsed;
}

// Keys may hold what XML cannot: S3 encodes them when asked to; other servers may not, and say so.
class Keys {
 public:
  explicit Keys(const XmlNode& listing) : encoded_(listing.text_of("EncodingType") == "url") {}
  std::string operator()(std::string_view text) const {
    if (!encoded_) return std::string(text);
    std::string blanks(text);
    for (char& c : blanks)
      if (c == '+') c = ' ';
    return uri_decode(blanks);
  }

 private:
  bool encoded_;
};

bool is_true(const XmlNode& listing, std::string_view name) {
  return listing.text_of(name) == "true";
}

}  // namespace

std::string bare_etag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

Result<ListPage> read_list(std::string_view body) {
  LAKEGATE_TRY(const XmlNode listing, parse_listing(body, "ListBucketResult"));
  const Keys keys(listing);
  ListPage page;
  for (const XmlNode& object : listing.children) {
    if (object.name != "Contents") continue;
    LAKEGATE_TRY(const std::uint64_t size, number(object.text_of("Size")));
    LAKEGATE_TRY(const Instant modified, whole_seconds(object.text_of("LastModified")));
    page.objects.push_back({.key = ObjectKey(keys(object.text_of("Key"))),
                            .size = size,
                            .modified = modified,
                            .version = bare_etag(object.text_of("ETag"))});
  }
  if (is_true(listing, "IsTruncated")) page.next = listing.text_of("NextContinuationToken");
  return page;
}

Result<VersionsPage> read_versions(std::string_view body) {
  LAKEGATE_TRY(const XmlNode listing, parse_listing(body, "ListVersionsResult"));
  const Keys keys(listing);
  VersionsPage page;
  for (const XmlNode& object : listing.children) {
    if (object.name != "Version" || !is_true(object, "IsLatest")) continue;
    LAKEGATE_TRY(const std::uint64_t size, number(object.text_of("Size")));
    LAKEGATE_TRY(const Instant modified, whole_seconds(object.text_of("LastModified")));
    const std::string_view id = object.text_of("VersionId");
    page.objects.push_back({.key = ObjectKey(keys(object.text_of("Key"))),
                            .size = size,
                            .modified = modified,
                            .version = id.empty() || id == kNoVersion
                                           ? bare_etag(object.text_of("ETag"))
                                           : std::string(id)});
  }
  page.truncated = is_true(listing, "IsTruncated");
  page.next_key = keys(listing.text_of("NextKeyMarker"));
  page.next_version = listing.text_of("NextVersionIdMarker");
  return page;
}

Result<UploadsPage> read_uploads(std::string_view body) {
  LAKEGATE_TRY(const XmlNode listing, parse_listing(body, "ListMultipartUploadsResult"));
  const Keys keys(listing);
  UploadsPage page;
  for (const XmlNode& upload : listing.children) {
    if (upload.name != "Upload") continue;
    LAKEGATE_TRY(const Instant begun, instant_from_iso(upload.text_of("Initiated")));
    page.uploads.push_back({.key = keys(upload.text_of("Key")),
                            .id = std::string(upload.text_of("UploadId")),
                            .begun = begun});
  }
  page.truncated = is_true(listing, "IsTruncated");
  page.next_key = keys(listing.text_of("NextKeyMarker"));
  page.next_upload = listing.text_of("NextUploadIdMarker");
  return page;
}

Result<std::string> read_upload_id(std::string_view body) {
  LAKEGATE_TRY(const XmlNode begun, parse_listing(body, "InitiateMultipartUploadResult"));
  std::string id(begun.text_of("UploadId"));
  if (id.empty()) return fail(ErrorKind::kPermanent, "S3 gives no id for a multipart upload");
  return id;
}

ObjectInfo Described::info(ObjectKey key) const {
  return {.key = std::move(key),
          .size = size,
          .modified = modified,
          .version = version.version_id.empty() ? bare_etag(version.etag) : version.version_id};
}

Result<Described> read_description(const HttpReply& reply) {
  Described described;
  const std::string_view range = reply.header("content-range");  // bytes 0-99/12345
  const std::size_t slash = range.rfind('/');
  LAKEGATE_TRY(described.size,
               number(slash != std::string_view::npos ? range.substr(slash + 1)
                                                      : reply.header("content-length")));
  const auto modified = parse_http_date(reply.header("last-modified"));
  if (!modified)
    return fail(ErrorKind::kPermanent, fmt::format("S3 gives \"{}\" as the time of an object",
                                                   reply.header("last-modified")));
  described.modified = *modified;
  described.version.etag = reply.header("etag");
  const std::string_view id = reply.header("x-amz-version-id");
  described.versioned = !id.empty();
  if (id != kNoVersion) described.version.version_id = id;
  return described;
}

}  // namespace lakegate::s3
