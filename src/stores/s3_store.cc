#include "stores/s3_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "lake/layout.h"
#include "stores/s3_client.h"
#include "stores/s3_input.h"
#include "stores/s3_replies.h"
#include "stores/s3_uploads.h"

namespace lakegate {
namespace {

// Where lakegate's uploads can have been left. Elsewhere they are somebody else's, as they are in
// landing/ but for those of fetches.
constexpr std::string_view kZones[] = {layout::kLanding, layout::kCurated, layout::kRejected,
                                       layout::kRecords};
bool is_own_upload(std::string_view zone, const std::string& key) {
  return zone != layout::kLanding || layout::fetched_at(ObjectKey(key));
}

class NoLease : public Lease {
 public:
  bool is_exclusive() const override { return false; }
};

class S3Store : public ObjectStore {
 public:
  explicit S3Store(std::shared_ptr<const S3Client> client)
      : client_(std::move(client)), budget_(std::make_shared<UploadBudget>(client_->options())) {}

  std::string describe() const override { return client_->location().describe(); }

  Result<std::vector<ObjectInfo>> list(std::string_view prefix) const override;
  Result<ObjectInfo> head(const ObjectKey& key) const override {
    LAKEGATE_CHECK(check_s3_key(key));
    LAKEGATE_TRY(
        const AwsReply reply,
        client_->call(s3::head(client_->bucket(), client_->full_key(key)), "look at", key));
    LAKEGATE_TRY(const s3::Described described, s3::read_description(reply.http));
    return described.info(key);
  }
  Result<std::shared_ptr<Input>> open(const ObjectKey& key) const override {
    LAKEGATE_CHECK(check_s3_key(key));
    return open_s3_input(client_, key);
  }
  Result<Blob> get(const ObjectKey& key) const override {
    LAKEGATE_CHECK(check_s3_key(key));
    LAKEGATE_TRY(AwsReply reply,
                 client_->call(s3::get(client_->bucket(), client_->full_key(key)), "read", key));
    Blob blob{.bytes = {}, .tag = std::string(reply.http.header("etag"))};
    blob.bytes = std::move(reply.http.body);
    return blob;
  }
  Result<std::unique_ptr<PendingObject>> create(const ObjectKey& key) override {
    LAKEGATE_CHECK(check_s3_key(key));
    return make_s3_pending(client_, budget_, key);
  }

  Result<void> put(const ObjectKey& key, std::string_view bytes) override {
    LAKEGATE_CHECK(check_s3_key(key));
    LAKEGATE_CHECK(client_->call(
        s3::put(client_->bucket(), client_->full_key(key), payload(bytes), s3::Anything()), "write",
        key));
    return {};
  }
  Result<void> put_if_absent(const ObjectKey& key, std::string_view bytes) override {
    LAKEGATE_CHECK(check_s3_key(key));
    return put_conditionally(
        s3::put(client_->bucket(), client_->full_key(key), payload(bytes), s3::IfAbsent()), key,
        bytes, "exists already");
  }
  Result<void> put_if_match(const ObjectKey& key, std::string_view bytes,
                            const std::string& tag) override {
    LAKEGATE_CHECK(check_s3_key(key));
    return put_conditionally(
        s3::put(client_->bucket(), client_->full_key(key), payload(bytes), s3::IfMatch{tag}), key,
        bytes, "is not what it was when it was read: somebody else has changed or removed it");
  }
  Result<void> remove(const ObjectKey& key) override {
    LAKEGATE_CHECK(check_s3_key(key));
    auto removed =
        client_->call(s3::remove(client_->bucket(), client_->full_key(key)), "remove", key);
    if (!removed && removed.error().kind != ErrorKind::kNotFound)
      return Failure(std::move(removed).error());
    return {};
  }

  Result<std::unique_ptr<Lease>> lease(std::string_view /*name*/) override {
    return std::make_unique<NoLease>();
  }
  Result<std::unique_ptr<Lease>> try_lease(std::string_view name) override { return lease(name); }

  Result<void> sweep() override;

 private:
  static s3::Payload payload(std::string_view bytes) {
    return {.bytes = std::make_shared<const std::string>(bytes), .crc = s3::crc64(bytes)};
  }
  Result<void> put_conditionally(AwsRequest request, const ObjectKey& key, std::string_view bytes,
                                 std::string_view otherwise);
  Result<bool> has_versions(const ObjectInfo& object) const;
  Result<std::vector<ObjectInfo>> list_versions(const std::string& prefix) const;
  Result<void> sweep_zone(std::string_view zone);

  std::shared_ptr<const S3Client> client_;
  std::shared_ptr<UploadBudget> budget_;
};

Result<void> S3Store::put_conditionally(AwsRequest request, const ObjectKey& key,
                                        std::string_view bytes, std::string_view otherwise) {
  auto reply = client_->ask(std::move(request));
  if (!reply) {
    Error error = std::move(reply).error();
    error.message = fmt::format("cannot write {}: {}", client_->url(key), error.message);
    return Failure(std::move(error));
  }
  if (!reply->fault) return {};
  const int status = reply->http.status;
  if (status != 412 && status != 404) return Failure(client_->error(*reply->fault, "write", key));
  if (reply->fault->code == "NoSuchBucket")
    return Failure(client_->error(*reply->fault, "write", key));
  if (reply->attempts > 1) {
    // An earlier attempt may have been the one that wrote it, with its reply lost on the way.
    const auto there = get(key);
    if (there && there->bytes == bytes) return {};
    if (!there && there.error().kind != ErrorKind::kNotFound) return Failure(there.error());
  }
  return fail(ErrorKind::kConflict, fmt::format("{} {}", client_->url(key), otherwise));
}

Result<std::vector<ObjectInfo>> S3Store::list(std::string_view prefix) const {
  const std::string& root = client_->location().prefix;
  const std::string full = client_->location().full_key(prefix);
  std::vector<ObjectInfo> objects;
  std::string next;
  do {
    LAKEGATE_TRY(const AwsReply reply, client_->call(s3::list(client_->bucket(), full, next),
                                                     "list", ObjectKey(std::string(prefix))));
    LAKEGATE_TRY(s3::ListPage page, s3::read_list(reply.http.body));
    std::ranges::move(page.objects, std::back_inserter(objects));
    next = std::move(page.next);
  } while (!next.empty());
  // An arrival is known by its version id, which this kind of listing does not have.
  if (!objects.empty() && prefix.starts_with(layout::kLanding)) {
    LAKEGATE_TRY(const bool versions, has_versions(objects.front()));
    if (versions) {
      LAKEGATE_TRY(objects, list_versions(full));
    }
  }
  for (ObjectInfo& object : objects) object.key = ObjectKey(object.key.str().substr(root.size()));
  // S3 has them in order already, servers like it not always.
  std::ranges::sort(objects, {}, &ObjectInfo::key);
  return objects;
}

Result<bool> S3Store::has_versions(const ObjectInfo& object) const {
  LAKEGATE_TRY(const AwsReply reply, client_->ask(s3::head(client_->bucket(), object.key.str())));
  if (reply.fault && reply.http.status == 404) return false;  // gone since the listing
  if (reply.fault) return Failure(client_->error(*reply.fault, "look at", object.key));
  LAKEGATE_TRY(const s3::Described described, s3::read_description(reply.http));
  return described.versioned;
}

Result<std::vector<ObjectInfo>> S3Store::list_versions(const std::string& prefix) const {
  std::vector<ObjectInfo> objects;
  s3::VersionsPage page;
  do {
    LAKEGATE_TRY(const AwsReply reply,
                 client_->call(
                     s3::list_versions(client_->bucket(), prefix, page.next_key, page.next_version),
                     "list the versions of", ObjectKey(std::string(layout::kLanding))));
    LAKEGATE_TRY(page, s3::read_versions(reply.http.body));
    std::ranges::move(page.objects, std::back_inserter(objects));
  } while (page.truncated);
  return objects;
}

Result<void> S3Store::sweep() {
  for (const std::string_view zone : kZones) LAKEGATE_CHECK(sweep_zone(zone));
  return {};
}

Result<void> S3Store::sweep_zone(std::string_view zone) {
  const std::string prefix = client_->location().full_key(zone);
  const Instant oldest = std::chrono::system_clock::now() - client_->options().abandoned_after;
  s3::UploadsPage page;
  do {
    LAKEGATE_TRY(
        const AwsReply reply,
        client_->ask(s3::list_uploads(client_->bucket(), prefix, page.next_key, page.next_upload)));
    if (reply.fault) {
      const Error error = client_->error(*reply.fault, "list unfinished uploads in", ObjectKey());
      // Where this is not allowed or not known, the bucket's lifecycle rule does it.
      if (error.kind == ErrorKind::kPermanent) return {};
      return Failure(error);
    }
    LAKEGATE_TRY(page, s3::read_uploads(reply.http.body));
    for (const s3::Upload& upload : page.uploads) {
      if (upload.begun > oldest || !is_own_upload(zone, upload.key)) continue;
      LAKEGATE_CHECK(client_->ask(s3::abort_upload(client_->bucket(), upload.key, upload.id)));
    }
  } while (page.truncated);
  return {};
}

}  // namespace

S3Options S3Options::for_memory(std::size_t bytes) {
  constexpr std::size_t kMiB = std::size_t{1} << 20;
  const std::size_t share = std::max(bytes, 24 * kMiB) / 12;
  S3Options options;
  options.part_bytes = std::clamp(share * 2, 5 * kMiB, 16 * kMiB);
  options.upload_bytes = std::max(share * 4, options.part_bytes);
  options.held_bytes = std::clamp(share, kMiB, 8 * kMiB);
  options.block_bytes = std::clamp(share, kMiB, 8 * kMiB);
  return options;
}

Result<std::unique_ptr<ObjectStore>> open_s3_store(const std::string& location, AwsSession& session,
                                                   const S3Options& options) {
  LAKEGATE_TRY(S3Location parsed, parse_s3_location(location));
  LAKEGATE_TRY(HttpOrigin origin, session.settings().endpoint("s3"));
  // Endpoints of one's own seldom have a name and a certificate for every bucket.
  s3::Bucket bucket{
      .name = parsed.bucket,
      .in_path = session.settings().has_own_endpoint("s3") || !can_be_virtual_host(parsed.bucket)};
  if (!bucket.in_path) origin.host = parsed.bucket + "." + origin.host;
  LAKEGATE_TRY(auto service, session.service("s3", std::move(origin)));
  return std::make_unique<S3Store>(std::make_shared<const S3Client>(
      std::move(service), std::move(parsed), std::move(bucket), options));
}

}  // namespace lakegate
