// What S3 answers, read. No I/O.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/service_client.h"
#include "stores/object_store.h"
#include "stores/s3_requests.h"

namespace lakegate::s3 {

// A page of a listing. Keys are whole; `next` is empty on the last page.
struct ListPage {
  std::vector<ObjectInfo> objects;
  std::string next;
};
Result<ListPage> read_list(std::string_view body);

// A page of versions: the current ones only, by their version ids where they have one.
struct VersionsPage {
  std::vector<ObjectInfo> objects;
  std::string next_key, next_version;
  bool truncated = false;
};
Result<VersionsPage> read_versions(std::string_view body);

struct Upload {
  std::string key, id;
  Instant begun;
};
struct UploadsPage {
  std::vector<Upload> uploads;
  std::string next_key, next_upload;
  bool truncated = false;
};
Result<UploadsPage> read_uploads(std::string_view body);

Result<std::string> read_upload_id(std::string_view body);

// The whole object that a reply to GET or HEAD is about; for a part of it, by Content-Range.
struct Described {
  std::uint64_t size = 0;
  Instant modified;
  Version version;         // its id is empty where the bucket has no versions, and for "null"
  bool versioned = false;  // the bucket has, or had, versions

  ObjectInfo info(ObjectKey key) const;
};
Result<Described> read_description(const HttpReply& reply);

// An ETag without its quotes, as events have it.
std::string bare_etag(std::string_view etag);

}  // namespace lakegate::s3
