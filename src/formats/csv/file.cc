// open_csv and open_csv_text.
#include <algorithm>
#include <utility>

#include "formats/csv/chunk.h"
#include "formats/csv/dialect.h"
#include "formats/open.h"

namespace lakegate {
namespace csv {
namespace {

class CsvReader : public ChunkReader {
 public:
  CsvReader(RecordCutter cutter, std::shared_ptr<const Layout> layout)
      : cutter_(std::move(cutter)), layout_(std::move(layout)) {}

  Result<std::unique_ptr<Chunk>> next() override {
    LAKEGATE_TRY(std::optional<RecordBlock> block, cutter_.next());
    if (!block) return nullptr;
    auto chunk = std::make_unique<CsvChunk>(std::move(*block), layout_);
    chunk->first_row = next_row_;
    chunk->input_bytes = cutter_.input_bytes();
    next_row_ += chunk->records;
    return chunk;
  }

 private:
  RecordCutter cutter_;
  std::shared_ptr<const Layout> layout_;
  std::uint64_t next_row_ = 1;
};

Result<Bytes> read_sample(const Input& input) {
  constexpr std::size_t kStep = 128 * 1024;
  LAKEGATE_TRY(std::unique_ptr<ByteStream> stream, open_decompressed(input));
  Bytes sample;
  // One byte more, to know whether that was all.
  for (std::size_t got = 1; got > 0 && sample.size() <= kSampleBytes;) {
    const std::size_t before = sample.size();
    sample.resize(before + std::min(kStep, kSampleBytes + 1 - before));
    LAKEGATE_TRY(got, stream->read(std::as_writable_bytes(
                          std::span(sample.data() + before, sample.size() - before))));
    sample.resize(before + got);
  }
  if (sample.size() == 0) {
    return invalid_input("the file is empty (0 bytes): it was probably not completely written",
                         {.file = input.name()});
  }
  return sample;
}

Result<Detected> detect_file(const Input& input, const OpenOptions& options) {
  LAKEGATE_TRY(const Bytes bytes, read_sample(input));
  const Sample sample{.bytes = {bytes.data(), std::min(bytes.size(), kSampleBytes)},
                      .whole = bytes.size() <= kSampleBytes};
  auto detected = detect(sample, options, input.name());
  if (!detected && detected.error().where.file.empty()) detected.error().where.file = input.name();
  return detected;
}

class CsvFile : public RecordFile {
 public:
  CsvFile(std::shared_ptr<const Input> input, const Detected& detected,
          const std::vector<std::string>& nulls)
      : input_(std::move(input)), start_(detected.start) {
    auto [names, remarks] = name_columns(detected);
    remarks_ = std::move(remarks);
    layout_ = std::make_shared<const Layout>(
        Layout{.dialect = detected.dialect, .columns = std::move(names), .nulls = nulls});
  }

  Result<std::unique_ptr<ChunkReader>> open() const override {
    LAKEGATE_TRY(std::unique_ptr<ByteStream> stream, open_decompressed(*input_));
    RecordCutter cutter(std::move(stream), layout_->dialect, start_);
    return std::make_unique<CsvReader>(std::move(cutter), layout_);
  }
  const std::vector<std::string>& column_names() const override { return layout_->columns; }
  const std::vector<Field>& declared_fields() const override { return declared_; }
  const std::vector<std::string>& remarks() const override { return remarks_; }

 private:
  std::shared_ptr<const Input> input_;
  RecordCutter::Start start_;
  std::shared_ptr<const Layout> layout_;
  std::vector<Field> declared_;
  std::vector<std::string> remarks_;
};

class CsvText : public TextRecords {
 public:
  CsvText(std::unique_ptr<ByteStream> stream, Detected detected)
      : dialect_(detected.dialect), cutter_(std::move(stream), dialect_, detected.start) {
    if (detected.has_header) header_ = std::move(detected.header);
  }
  const std::optional<std::vector<std::string>>& header() const override { return header_; }

  Result<std::optional<Record>> next() override {
    if (!block_ || row_ == block_->rows.size()) {
      LAKEGATE_TRY(block_, cutter_.next());
      row_ = 0;
    }
    if (!block_) return std::nullopt;
    Record record;
    for (std::string& cell : cells_of(*block_, block_->rows[row_], dialect_))
      record.cells.emplace_back(std::move(cell));
    ++row_;
    return record;
  }

 private:
  Dialect dialect_;
  RecordCutter cutter_;
  std::optional<std::vector<std::string>> header_;
  std::optional<RecordBlock> block_;
  std::size_t row_ = 0;
};

}  // namespace
}  // namespace csv

Result<std::shared_ptr<RecordFile>> open_csv(std::shared_ptr<const Input> input,
                                             const OpenOptions& options) {
  LAKEGATE_TRY(const csv::Detected detected, csv::detect_file(*input, options));
  return std::make_shared<csv::CsvFile>(std::move(input), detected, options.csv.nulls);
}

Result<std::unique_ptr<TextRecords>> open_csv_text(std::shared_ptr<const Input> input,
                                                   const OpenOptions& options) {
  LAKEGATE_TRY(csv::Detected detected, csv::detect_file(*input, options));
  LAKEGATE_TRY(std::unique_ptr<ByteStream> stream, open_decompressed(*input));
  return std::make_unique<csv::CsvText>(std::move(stream), std::move(detected));
}

}  // namespace lakegate
