// A lake's bucket as the parts of the S3 store call it. Adapter's own; stages see object_store.h.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "aws/service_client.h"
#include "stores/s3_location.h"
#include "stores/s3_requests.h"
#include "stores/s3_store.h"

namespace lakegate {

// Thread-safe. Keys are relative to the lake.
class S3Client {
 public:
  S3Client(std::shared_ptr<ServiceClient> service, S3Location location, s3::Bucket bucket,
           const S3Options& options)
      : service_(std::move(service)),
        location_(std::move(location)),
        bucket_(std::move(bucket)),
        options_(options) {}

  const S3Location& location() const { return location_; }
  const s3::Bucket& bucket() const { return bucket_; }
  const S3Options& options() const { return options_; }
  std::string full_key(const ObjectKey& key) const { return location_.full_key(key.str()); }
  std::string url(const ObjectKey& key) const { return location_.url(key.str()); }

  // A reply, with or without a fault. Waits.
  Result<AwsReply> ask(AwsRequest request) const;
  // A reply without a fault, or the fault as an Error about `key`: "cannot read s3://…: …".
  Result<AwsReply> call(AwsRequest request, std::string_view verb, const ObjectKey& key) const;
  // Does not wait; `done` comes on an event-loop thread.
  void send(AwsRequest request, std::function<void(Result<AwsReply>)> done) const;

  Error error(const AwsFault& fault, std::string_view verb, const ObjectKey& key) const;

 private:
  std::shared_ptr<ServiceClient> service_;
  S3Location location_;
  s3::Bucket bucket_;
  S3Options options_;
};

}  // namespace lakegate
