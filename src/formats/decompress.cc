#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "formats/input.h"

namespace lakegate {
namespace {

constexpr std::size_t kBlockBytes = 128 * 1024;

bool begins_with(std::span<const std::byte> bytes, std::initializer_list<unsigned> prefix) {
  return bytes.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                    [](unsigned a, std::byte b) { return a == std::to_integer<unsigned>(b); });
}

// The compressed side: one fixed block of it at a time, and how far it has been used.
class CompressedBytes {
 public:
  CompressedBytes(std::unique_ptr<ByteStream> stream, std::string name)
      : stream_(std::move(stream)), name_(std::move(name)), block_(kBlockBytes) {}

  // What is left of the block, after reading the next one if nothing is; empty at the end.
  Result<std::span<const std::byte>> available() {
    if (used_ == filled_) {
      offset_ += filled_;
      used_ = filled_ = 0;
      LAKEGATE_TRY(filled_, stream_->read(block_));
    }
    return std::span<const std::byte>(block_).subspan(used_, filled_ - used_);
  }
  void use(std::size_t count) { used_ += count; }
  std::uint64_t offset() const { return offset_ + used_; }

  // As much as is there of the next `count` bytes (fewer than a block) in one piece, unused.
  Result<std::span<const std::byte>> peek(std::size_t count) {
    if (filled_ - used_ < count) {
      std::memmove(block_.data(), block_.data() + used_, filled_ - used_);
      offset_ += used_;
      filled_ -= used_;
      used_ = 0;
      LAKEGATE_TRY(const std::size_t more, stream_->read(std::span(block_).subspan(filled_)));
      filled_ += more;
    }
    return std::span<const std::byte>(block_).subspan(used_, std::min(count, filled_ - used_));
  }

  Failure damaged(std::string_view format, std::string_view why) const {
    return invalid_input(
        fmt::format("the {} compression is damaged at offset {} of the compressed bytes: {}; "
                    "compress or transfer the file again",
                    format, offset(), why),
        {.file = name_});
  }
  Failure truncated(std::string_view format) const {
    return invalid_input(
        fmt::format("the file ends in the middle of its {} compression, at offset {} of the "
                    "compressed bytes; transfer it again",
                    format, offset()),
        {.file = name_});
  }

 private:
  std::unique_ptr<ByteStream> stream_;
  std::string name_;
  std::vector<std::byte> block_;
  std::size_t used_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t offset_ = 0;  // of the block's first byte
};

class GzipStream final : public ByteStream {
 public:
  explicit GzipStream(CompressedBytes in) : in_(std::move(in)) {}
  ~GzipStream() override {
    if (open_) ::inflateEnd(&inflate_);
  }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  Result<std::size_t> read(std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size() && !finished_) {
      if (!in_member_) {
        LAKEGATE_CHECK(next_member());
        continue;
      }
      LAKEGATE_TRY(const std::size_t count, inflate_into(out.subspan(done)));
      done += count;
    }
    return done;
  }

  std::uint64_t input_bytes() const override { return in_.offset(); }

 private:
  // After the first member there may be more, or zeros that fill up a block, or the end.
  Result<void> next_member() {
    LAKEGATE_TRY(const auto start, in_.peek(2));
    if (begins_with(start, {0x1f, 0x8b})) {
      const int code = open_ ? ::inflateReset(&inflate_) : ::inflateInit2(&inflate_, 15 + 16);
      if (code != Z_OK) return fail(ErrorKind::kPermanent, "out of memory while decompressing");
      open_ = in_member_ = true;
      return {};
    }
    return only_zeros_left();
  }

  Result<void> only_zeros_left() {
    while (true) {
      LAKEGATE_TRY(const auto rest, in_.available());
      if (rest.empty()) break;
      const auto other = std::ranges::find_if(rest, [](std::byte b) { return b != std::byte{0}; });
      in_.use(static_cast<std::size_t>(other - rest.begin()));
      if (other != rest.end()) return in_.damaged("gzip", "something else follows after its end");
    }
    finished_ = true;
    return {};
  }

  Result<std::size_t> inflate_into(std::span<std::byte> out) {
    LAKEGATE_TRY(const auto block, in_.available());
    if (block.empty()) return in_.truncated("gzip");
    const std::size_t room = std::min<std::size_t>(out.size(), 1U << 30);
    inflate_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(block.data()));
    inflate_.avail_in = static_cast<uInt>(block.size());
    inflate_.next_out = reinterpret_cast<Bytef*>(out.data());
    inflate_.avail_out = static_cast<uInt>(room);
    const int code = ::inflate(&inflate_, Z_NO_FLUSH);
    in_.use(block.size() - inflate_.avail_in);
    if (code == Z_STREAM_END) {
      in_member_ = false;
    } else if (code == Z_MEM_ERROR) {
      return fail(ErrorKind::kPermanent, "out of memory while decompressing");
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return in_.damaged("gzip", inflate_.msg != nullptr ? inflate_.msg : "it cannot be read");
    }
    return room - inflate_.avail_out;
  }

  CompressedBytes in_;
  z_stream inflate_ = {};
  bool open_ = false;
  bool in_member_ = false;
  bool finished_ = false;
};

class ZstdStream final : public ByteStream {
 public:
  explicit ZstdStream(CompressedBytes in) : in_(std::move(in)), context_(::ZSTD_createDCtx()) {}

  // Frames follow each other, skippable ones are passed over: the library's streaming call does
  // both, and says 0 between frames.
  Result<std::size_t> read(std::span<std::byte> out) override {
    if (context_ == nullptr)
      return fail(ErrorKind::kPermanent, "out of memory while decompressing");
    ZSTD_outBuffer target = {out.data(), out.size(), 0};
    while (target.pos < target.size) {
      LAKEGATE_TRY(const auto block, in_.available());
      if (block.empty() && !in_frame_) break;
      ZSTD_inBuffer source = {block.data(), block.size(), 0};
      const std::size_t before = target.pos;
      const std::size_t code = ::ZSTD_decompressStream(context_.get(), &target, &source);
      in_.use(source.pos);
      if (::ZSTD_isError(code) != 0) return failure(code);
      if (block.empty() && target.pos == before) return in_.truncated("zstd");
      in_frame_ = code != 0;
    }
    return target.pos;
  }

  std::uint64_t input_bytes() const override { return in_.offset(); }

 private:
  Failure failure(std::size_t code) const {
    switch (::ZSTD_getErrorCode(code)) {
      case ZSTD_error_memory_allocation:
        return fail(ErrorKind::kPermanent, "out of memory while decompressing");
      case ZSTD_error_frameParameter_windowTooLarge:
        return in_.damaged("zstd",
                           "its window is larger than 128 MiB (compressed with --long=28 or more)");
      default:
        return in_.damaged("zstd", ::ZSTD_getErrorName(code));
    }
  }

  struct Free {
    void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
  };
  CompressedBytes in_;
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  bool in_frame_ = false;
};

}  // namespace

Compression detect_compression(std::span<const std::byte> first_bytes) {
  if (begins_with(first_bytes, {0x1f, 0x8b})) return Compression::kGzip;
  if (begins_with(first_bytes, {0x28, 0xb5, 0x2f, 0xfd})) return Compression::kZstd;
  const bool skippable_frame = first_bytes.size() >= 4 &&
                               begins_with(first_bytes.subspan(1), {0x2a, 0x4d, 0x18}) &&
                               (first_bytes[0] & std::byte{0xf0}) == std::byte{0x50};
  return skippable_frame ? Compression::kZstd : Compression::kNone;
}

Result<std::unique_ptr<ByteStream>> open_decompressed(const Input& input) {
  std::byte first[4] = {};
  const std::span first_bytes(
      first, static_cast<std::size_t>(std::min<std::uint64_t>(sizeof(first), input.size())));
  LAKEGATE_CHECK(input.read_at(0, first_bytes));
  LAKEGATE_TRY(auto stream, input.open());
  switch (detect_compression(first_bytes)) {
    case Compression::kGzip:
      return std::make_unique<GzipStream>(CompressedBytes(std::move(stream), input.name()));
    case Compression::kZstd:
      return std::make_unique<ZstdStream>(CompressedBytes(std::move(stream), input.name()));
    case Compression::kNone:
      break;
  }
  return stream;
}

}  // namespace lakegate
