#include "stores/s3_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <list>
#include <mutex>

#include "stores/s3_replies.h"

namespace lakegate {
namespace {

using Block = std::shared_ptr<const std::string>;

// Whoever reads less than that of a stream only looked at its beginning.
constexpr std::size_t kMereLook = std::size_t{64} << 10;
// Reads in places below a quarter of that are served from aligned blocks of it.
constexpr std::size_t kPlaceBytes = std::size_t{1} << 20;

// One version of an object. Thread-safe.
class PinnedObject {
 public:
  PinnedObject(std::shared_ptr<const S3Client> client, ObjectKey key, s3::Described described)
      : client_(std::move(client)), key_(std::move(key)), described_(std::move(described)) {}

  std::uint64_t size() const { return described_.size; }
  std::string url() const { return client_->url(key_); }
  const S3Options& options() const { return client_->options(); }

  AwsRequest request(const s3::Range& range) const {
    return s3::get(client_->bucket(), client_->full_key(key_), described_.version, range);
  }
  Result<std::shared_ptr<std::string>> take(Result<AwsReply> reply, std::uint64_t length) const {
    if (!reply) {
      Error error = std::move(reply).error();
      error.message = fmt::format("cannot read {}: {}", url(), error.message);
      return Failure(std::move(error));
    }
    if (reply->fault) {
      if (reply->http.status == 412 || reply->http.status == 404)
        return fail(ErrorKind::kConflict,
                    fmt::format("{} was {} while it was being read; it is taken up again as it is "
                                "now",
                                url(), reply->http.status == 404 ? "removed" : "replaced"));
      return Failure(client_->error(*reply->fault, "read", key_));
    }
    if (reply->http.body.size() != length)
      return fail(ErrorKind::kRetryable, fmt::format("{}: {} bytes were asked for and {} came",
                                                     url(), length, reply->http.body.size()));
    return std::make_shared<std::string>(std::move(reply->http.body));
  }
  Result<Block> read(const s3::Range& range) const {
    return take(client_->ask(request(range)), range.length);
  }
  // `room`: HttpRequest::room.
  void read(const s3::Range& range, std::shared_ptr<std::string> room,
            std::function<void(Result<AwsReply>)> done) const {
    AwsRequest get = request(range);
    get.room = std::move(room);
    client_->send(std::move(get), std::move(done));
  }

 private:
  std::shared_ptr<const S3Client> client_;
  ObjectKey key_;
  s3::Described described_;
};

// A block on its way.
struct Coming {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<Result<AwsReply>> reply;
  std::uint64_t length = 0;
};

class S3Stream : public ByteStream {
 public:
  S3Stream(std::shared_ptr<const PinnedObject> object, Block first)
      : object_(std::move(object)), block_(std::move(first)), asked_(block_->size()) {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t filled = 0;
    while (filled < out.size() && position_ < object_->size()) {
      if (at_ == block_->size()) LAKEGATE_CHECK(next_block());
      const std::size_t count = std::min(out.size() - filled, block_->size() - at_);
      std::memcpy(out.data() + filled, block_->data() + at_, count);
      filled += count;
      at_ += count;
      position_ += count;
      if (position_ > kMereLook) ask_ahead();
    }
    return filled;
  }
  std::uint64_t input_bytes() const override { return position_; }

 private:
  Result<void> next_block() {
    block_ = std::make_shared<const std::string>();  // before more come in
    room_ = std::move(own_);
    at_ = 0;
    if (ahead_ < object_->options().blocks_ahead) ++ahead_;
    ask_ahead();
    const std::shared_ptr<Coming> coming = std::move(coming_.front());
    coming_.pop_front();
    std::unique_lock lock(coming->mutex);
    coming->arrived.wait(lock, [&] { return coming->reply.has_value(); });
    LAKEGATE_TRY(own_, object_->take(std::move(*coming->reply), coming->length));
    block_ = own_;
    return {};
  }
  void ask_ahead() {
    while (coming_.size() < ahead_ && asked_ < object_->size()) {
      auto coming = std::make_shared<Coming>();
      coming->length =
          std::min<std::uint64_t>(object_->options().block_bytes, object_->size() - asked_);
      object_->read({asked_, coming->length}, std::move(room_), [coming](Result<AwsReply> reply) {
        const std::lock_guard guard(coming->mutex);
        coming->reply = std::move(reply);
        coming->arrived.notify_one();
      });
      asked_ += coming->length;
      coming_.push_back(std::move(coming));
    }
  }

  std::shared_ptr<const PinnedObject> object_;
  Block block_;
  std::shared_ptr<std::string> own_;   // the block, unless it is the input's first
  std::shared_ptr<std::string> room_;  // of one that has been read
  std::size_t at_ = 0;                 // in the block
  std::uint64_t position_ = 0;         // in the object
  std::uint64_t asked_;                // up to here it has been asked for
  std::deque<std::shared_ptr<Coming>> coming_;
  std::size_t ahead_ = 1;  // grows with every block taken
};

class S3Input : public Input {
 public:
  S3Input(std::shared_ptr<const PinnedObject> object, Block first)
      : object_(std::move(object)), name_(object_->url()), first_(std::move(first)) {}

  const std::string& name() const override { return name_; }
  std::uint64_t size() const override { return object_->size(); }
  Result<std::unique_ptr<ByteStream>> open() const override {
    return std::make_unique<S3Stream>(object_, first_);
  }

  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    if (offset > size() || out.size() > size() - offset)
      return invalid_input(fmt::format("{} ends at byte {}", name(), size()));
    if (out.empty()) return {};
    if (offset + out.size() <= first_->size()) {
      std::memcpy(out.data(), first_->data() + offset, out.size());
      return {};
    }
    if (out.size() > kPlaceBytes / 4) {
      LAKEGATE_TRY(const Block block, object_->read({offset, out.size()}));
      std::memcpy(out.data(), block->data(), out.size());
      return {};
    }
    while (!out.empty()) {
      const std::uint64_t place = offset / kPlaceBytes;
      LAKEGATE_TRY(const Block block, block_at(place));
      const std::size_t skip = static_cast<std::size_t>(offset - place * kPlaceBytes);
      const std::size_t count = std::min(out.size(), block->size() - skip);
      std::memcpy(out.data(), block->data() + skip, count);
      offset += count;
      out = out.subspan(count);
    }
    return {};
  }

 private:
  struct Cached {
    std::uint64_t place;
    Block block;
  };

  Result<Block> block_at(std::uint64_t place) const {
    const std::size_t most = std::max<std::size_t>(
        object_->options().block_bytes * object_->options().blocks_ahead / kPlaceBytes, 2);
    // Held while the block comes, so that two threads do not both fetch it.
    const std::lock_guard guard(mutex_);
    const auto found = std::ranges::find(cached_, place, &Cached::place);
    if (found != cached_.end()) {
      cached_.splice(cached_.begin(), cached_, found);
      return found->block;
    }
    const std::uint64_t offset = place * kPlaceBytes;
    LAKEGATE_TRY(Block block,
                 object_->read({offset, std::min<std::uint64_t>(kPlaceBytes, size() - offset)}));
    cached_.push_front({place, block});
    if (cached_.size() > most) cached_.pop_back();
    return block;
  }

  std::shared_ptr<const PinnedObject> object_;
  std::string name_;
  Block first_;
  mutable std::mutex mutex_;
  mutable std::list<Cached> cached_;  // the last used first
};

}  // namespace

Result<std::shared_ptr<Input>> open_s3_input(std::shared_ptr<const S3Client> client,
                                             const ObjectKey& key) {
  const std::string full = client->full_key(key);
  const s3::Range first{0, client->options().block_bytes};
  LAKEGATE_TRY(AwsReply reply, client->ask(s3::get(client->bucket(), full, {}, first)));
  Block block;
  if (reply.fault && reply.http.status == 416) {  // there is no first byte
    LAKEGATE_TRY(reply, client->call(s3::head(client->bucket(), full), "read", key));
    block = std::make_shared<const std::string>();
  } else if (reply.fault) {
    return Failure(client->error(*reply.fault, "read", key));
  } else {
    block = std::make_shared<const std::string>(std::move(reply.http.body));
  }
  LAKEGATE_TRY(s3::Described described, s3::read_description(reply.http));
  if (block->size() != std::min<std::uint64_t>(first.length, described.size))
    return fail(ErrorKind::kRetryable,
                fmt::format("{} was replaced while it was being opened", client->url(key)));
  return std::make_shared<S3Input>(
      std::make_shared<const PinnedObject>(std::move(client), key, std::move(described)),
      std::move(block));
}

}  // namespace lakegate
