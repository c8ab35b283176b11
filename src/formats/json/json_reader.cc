#include "formats/json/json_reader.h"

#include "formats/json/layout.h"
#include "formats/records.h"

namespace lakegate::json {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kHeadBytes = 32 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<Shape> detect_shape(const Input& input) {
  LAKEGATE_TRY(auto stream, open_decompressed(input));
  std::string head;
  bool is_all = false;
  while (true) {
    const std::size_t known = head.size();
    head.resize(known + kHeadBytes);
    LAKEGATE_TRY(const std::size_t size,
                 stream->read(std::as_writable_bytes(std::span(head).subspan(known))));
    head.resize(known + size);
    is_all = size < kHeadBytes;
    const std::size_t start = head.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    const std::string_view text = std::string_view(head).substr(start);
    if (is_all && text.find_first_not_of(" \t\r\n") == std::string_view::npos)
      return invalid_input("the file holds no JSON value", {.file = input.name()});
    if (const auto layout = detect_layout(text, is_all)) return Shape{*layout, start};
  }
}

BlockReader::BlockReader(std::unique_ptr<ByteStream> stream, Shape shape, const std::string& file)
    : stream_(std::move(stream)),
      cutter_(shape.layout, file, shape.start, shape.max_record_bytes) {}

Result<std::unique_ptr<BlockReader>> BlockReader::open(const Input& input, Shape shape) {
  LAKEGATE_TRY(auto stream, open_decompressed(input));
  std::string mark(shape.start, '\0');
  LAKEGATE_CHECK(stream->read(std::as_writable_bytes(std::span(mark))));
  std::unique_ptr<BlockReader> reader(new BlockReader(std::move(stream), shape, input.name()));
  reader->buffer_.resize(kReadBytes);
  return reader;
}

Result<std::optional<Block>> BlockReader::next() {
  if (error_) return tl::unexpected<Error>(*error_);
  if (is_over_) return std::nullopt;
  Block block;
  const auto cut = [&]() -> Result<void> {
    while (!RecordCutter::is_full(block)) {
      if (unread_.empty()) {
        LAKEGATE_TRY(const std::size_t size,
                     stream_->read(std::as_writable_bytes(std::span(buffer_))));
        unread_ = std::string_view(buffer_).substr(0, size);
        // A file that goes on fills whole chunks.
        if (size == kReadBytes) block.bytes.reserve(kChunkBytes + kChunkBytes / 16);
        if (size == 0) {
          is_over_ = true;
          return cutter_.finish(block);
        }
      }
      LAKEGATE_TRY(const std::size_t taken, cutter_.cut(unread_, block));
      unread_.remove_prefix(taken);
    }
    return {};
  };
  if (auto done = cut(); !done) error_ = std::move(done).error();
  if (!block.records.empty()) return block;
  if (error_) return tl::unexpected<Error>(*error_);
  return std::nullopt;
}

}  // namespace lakegate::json
