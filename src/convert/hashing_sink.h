// A pending object whose SHA-256 and size are known when it is sealed.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "lake/digest.h"
#include "stores/object_store.h"

namespace lakegate {

class HashingSink : public ByteSink {
 public:
  explicit HashingSink(std::unique_ptr<PendingObject> object) : object_(std::move(object)) {}

  Result<void> write(std::span<const std::byte> bytes) override {
    hash_.update(bytes);
    size_ += bytes.size();
    return object_->write(bytes);
  }
  Result<void> write(std::string_view text) { return write(std::as_bytes(std::span(text))); }

  Result<void> seal() {
    LAKEGATE_CHECK(object_->seal());
    sha256_ = hash_.finish();
    return {};
  }
  Result<void> publish() { return object_->publish(); }

  std::uint64_t size() const { return size_; }
  const std::string& sha256() const { return sha256_; }  // after seal()

 private:
  std::unique_ptr<PendingObject> object_;
  Sha256 hash_;
  std::uint64_t size_ = 0;
  std::string sha256_;
};

}  // namespace lakegate
