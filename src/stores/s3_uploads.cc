#include "stores/s3_uploads.h"

#include <aws/checksums/crc.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "stores/s3_replies.h"

namespace lakegate {
namespace {

constexpr std::size_t kPartsOfASize = 2'000;  // see S3Options::part_bytes
constexpr std::size_t kMostParts = 10'000;
constexpr std::size_t kReserve = std::size_t{1} << 20;

// The parts of an upload, as their replies come in on the event loop.
struct Parts {
  std::mutex mutex;
  std::condition_variable all_ended;
  std::size_t on_the_way = 0;
  std::vector<s3::UploadedPart> uploaded;
  std::optional<Error> error;

  void wait() {
    std::unique_lock lock(mutex);
    all_ended.wait(lock, [&] { return on_the_way == 0; });
  }
};

class S3Pending : public PendingObject {
 public:
  S3Pending(std::shared_ptr<const S3Client> client, std::shared_ptr<UploadBudget> budget,
            ObjectKey key)
      : client_(std::move(client)), budget_(std::move(budget)), key_(std::move(key)) {}

  ~S3Pending() override {
    if (held_ > 0) budget_->let_go(held_);
    if (upload_id_.empty() || published_) return;
    parts_->wait();
    // Nobody can be told if this fails; sweep(), and the bucket's lifecycle rule, come after it.
    (void)client_->ask(s3::abort_upload(client_->bucket(), client_->full_key(key_), upload_id_));
  }
  S3Pending(const S3Pending&) = delete;
  S3Pending& operator=(const S3Pending&) = delete;

  Result<void> write(std::span<const std::byte> bytes) override {
    if (sealed_) return out_of_turn();
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), part_bytes() - buffer_.size());
      if (buffer_.empty()) buffer_.reserve(std::min(part_bytes(), std::max(count, kReserve)));
      if (buffer_.size() + count > buffer_.capacity()) buffer_.reserve(part_bytes());
      buffer_.append(reinterpret_cast<const char*>(bytes.data()), count);
      bytes = bytes.subspan(count);
      if (buffer_.size() == part_bytes()) LAKEGATE_CHECK(send_part());
    }
    return {};
  }

  Result<std::uint64_t> seal() override {
    if (sealed_) return out_of_turn();
    if (upload_id_.empty() && budget_->try_hold(buffer_.size())) {
      held_ = buffer_.size();
      size_ = buffer_.size();
      crc_ = s3::crc64(buffer_);
      buffer_.shrink_to_fit();
      small_ = std::make_shared<const std::string>(std::move(buffer_));
    } else {
      if (!buffer_.empty() || upload_id_.empty()) LAKEGATE_CHECK(send_part());
      parts_->wait();
      LAKEGATE_CHECK(check_parts());
    }
    sealed_ = true;
    return size_;
  }

  Result<void> publish() override {
    if (!sealed_ || published_) return out_of_turn();
    const std::string full = client_->full_key(key_);
    if (small_) {
      LAKEGATE_CHECK(client_->call(s3::put(client_->bucket(), full, {small_, crc_}, s3::Anything()),
                                   "write", key_));
      published_ = true;
      small_.reset();
      budget_->let_go(std::exchange(held_, 0));
      return {};
    }
    LAKEGATE_TRY(const AwsReply reply,
                 client_->ask(s3::complete_upload(client_->bucket(), full, upload_id_,
                                                  parts_->uploaded, crc_, size_)));
    if (reply.fault) {
      // After a lost reply the upload is gone because it is complete.
      const bool perhaps_done = reply.attempts > 1 && reply.fault->code == "NoSuchUpload";
      if (!perhaps_done) return Failure(client_->error(*reply.fault, "complete", key_));
      LAKEGATE_TRY(const bool done, is_there());
      if (!done) return Failure(client_->error(*reply.fault, "complete", key_));
    }
    published_ = true;
    return {};
  }

 private:
  Failure out_of_turn() const {
    return fail(ErrorKind::kPermanent,
                fmt::format("{} is written out of turn", client_->url(key_)));
  }

  std::size_t part_bytes() const {
    return client_->options().part_bytes << std::min(parts_sent_ / kPartsOfASize, std::size_t{4});
  }

  Result<void> begin_upload() {
    LAKEGATE_TRY(const AwsReply reply,
                 client_->call(s3::create_upload(client_->bucket(), client_->full_key(key_)),
                               "write", key_));
    LAKEGATE_TRY(upload_id_, s3::read_upload_id(reply.http.body));
    return {};
  }

  Result<void> check_parts() {
    const std::lock_guard guard(parts_->mutex);
    if (parts_->error) return Failure(*parts_->error);
    return {};
  }

  // Sends what is in the buffer, possibly nothing (an empty object has one empty part).
  Result<void> send_part() {
    if (upload_id_.empty()) LAKEGATE_CHECK(begin_upload());
    LAKEGATE_CHECK(check_parts());
    if (parts_sent_ == kMostParts)
      return fail(ErrorKind::kPermanent,
                  fmt::format("{} would have more than {} parts", client_->url(key_), kMostParts));
    const auto bytes = std::make_shared<const std::string>(std::move(buffer_));
    buffer_ = {};
    const std::uint64_t crc = s3::crc64(*bytes);
    crc_ = parts_sent_ == 0 ? crc : aws_checksums_crc64nvme_combine(crc_, crc, bytes->size());
    size_ += bytes->size();
    budget_->begin_part(bytes->size());
    const std::size_t index = parts_sent_++;
    {
      const std::lock_guard guard(parts_->mutex);
      ++parts_->on_the_way;
      parts_->uploaded.push_back({.etag = {}, .crc = crc});
    }
    client_->send(s3::upload_part(client_->bucket(), client_->full_key(key_), upload_id_,
                                  static_cast<int>(index) + 1, {bytes, crc}),
                  [parts = parts_, budget = budget_, client = client_, key = key_, index,
                   size = bytes->size()](Result<AwsReply> reply) {
                    budget->end_part(size);
                    const std::lock_guard guard(parts->mutex);
                    if (!reply)
                      parts->error = std::move(reply).error();
                    else if (reply->fault)
                      parts->error = client->error(*reply->fault, "write", key);
                    else
                      parts->uploaded[index].etag = reply->http.header("etag");
                    if (--parts->on_the_way == 0) parts->all_ended.notify_all();
                  });
    return {};
  }

  // Whether what stands under the key are these bytes.
  Result<bool> is_there() const {
    const std::string full = client_->full_key(key_);
    LAKEGATE_TRY(const AwsReply reply, client_->ask(s3::head(client_->bucket(), full)));
    if (reply.fault) return false;
    LAKEGATE_TRY(const s3::Described there, s3::read_description(reply.http));
    if (there.size != size_) return false;
    std::uint64_t crc = 0;
    for (std::uint64_t offset = 0; offset < size_;) {
      const s3::Range range{
          offset, std::min<std::uint64_t>(client_->options().block_bytes, size_ - offset)};
      LAKEGATE_TRY(
          const AwsReply block,
          client_->call(s3::get(client_->bucket(), full, there.version, range), "read", key_));
      if (block.http.body.size() != range.length) return false;
      crc = s3::crc64(block.http.body, crc);
      offset += range.length;
    }
    return crc == crc_;
  }

  std::shared_ptr<const S3Client> client_;
  std::shared_ptr<UploadBudget> budget_;
  ObjectKey key_;
  std::string buffer_;  // of the part that is being filled
  std::shared_ptr<const std::string> small_;
  std::size_t held_ = 0;
  std::string upload_id_;
  std::shared_ptr<Parts> parts_ = std::make_shared<Parts>();
  std::size_t parts_sent_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t crc_ = 0;
  bool sealed_ = false;
  bool published_ = false;
};

}  // namespace

void UploadBudget::begin_part(std::size_t bytes) {
  std::unique_lock lock(mutex_);
  less_.wait(lock,
             [&] { return on_the_way_ == 0 || on_the_way_ + bytes <= options_.upload_bytes; });
  on_the_way_ += bytes;
}

void UploadBudget::end_part(std::size_t bytes) {
  const std::lock_guard guard(mutex_);
  on_the_way_ -= bytes;
  less_.notify_all();
}

bool UploadBudget::try_hold(std::size_t bytes) {
  const std::lock_guard guard(mutex_);
  if (held_ + bytes > options_.held_bytes) return false;
  held_ += bytes;
  return true;
}

void UploadBudget::let_go(std::size_t bytes) {
  const std::lock_guard guard(mutex_);
  held_ -= bytes;
}

std::unique_ptr<PendingObject> make_s3_pending(std::shared_ptr<const S3Client> client,
                                               std::shared_ptr<UploadBudget> budget,
                                               ObjectKey key) {
  return std::make_unique<S3Pending>(std::move(client), std::move(budget), std::move(key));
}

}  // namespace lakegate
