#include <new>

#include "formats/json/json_chunk.h"
#include "formats/json/json_reader.h"
#include "formats/open.h"

namespace lakegate {
namespace {

using json::BlockReader;
using json::JsonChunk;
using json::Layout;
using json::Shape;

class JsonChunkReader : public ChunkReader {
 public:
  JsonChunkReader(std::unique_ptr<BlockReader> blocks, std::shared_ptr<const std::string> file,
                  Layout layout)
      : blocks_(std::move(blocks)), file_(std::move(file)), layout_(layout) {}

  Result<std::unique_ptr<Chunk>> next() override try {
    LAKEGATE_TRY(auto block, blocks_->next());
    if (!block) return nullptr;
    auto chunk = std::make_unique<JsonChunk>(file_, layout_, std::move(*block));
    chunk->first_row = next_row_;
    chunk->input_bytes = blocks_->input_bytes();
    next_row_ += chunk->records;
    return chunk;
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::kPermanent, "out of memory", {.file = *file_});
  }

 private:
  std::unique_ptr<BlockReader> blocks_;
  std::shared_ptr<const std::string> file_;
  Layout layout_;
  std::uint64_t next_row_ = 1;
};

class JsonFile : public RecordFile {
 public:
  JsonFile(std::shared_ptr<const Input> input, Shape shape)
      : input_(std::move(input)),
        file_(std::make_shared<const std::string>(input_->name())),
        shape_(shape) {}

  Result<std::unique_ptr<ChunkReader>> open() const override {
    LAKEGATE_TRY(auto blocks, BlockReader::open(*input_, shape_));
    return std::make_unique<JsonChunkReader>(std::move(blocks), file_, shape_.layout);
  }
  const std::vector<std::string>& column_names() const override { return no_names_; }
  const std::vector<Field>& declared_fields() const override { return no_fields_; }
  const std::vector<std::string>& remarks() const override { return no_names_; }

 private:
  std::shared_ptr<const Input> input_;
  std::shared_ptr<const std::string> file_;
  Shape shape_;
  std::vector<std::string> no_names_;
  std::vector<Field> no_fields_;
};

}  // namespace

Result<std::shared_ptr<RecordFile>> open_json(std::shared_ptr<const Input> input,
                                              const OpenOptions& /*options*/) {
  LAKEGATE_TRY(const Shape shape, json::detect_shape(*input));
  return std::make_shared<JsonFile>(std::move(input), shape);
}

}  // namespace lakegate
