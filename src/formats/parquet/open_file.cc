#include "formats/parquet/open_file.h"

#include <arrow/io/interfaces.h>
#include <arrow/table.h>
#include <fmt/format.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>
#include <parquet/size_statistics.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <utility>

#include "formats/arrow_bridge.h"
#include "formats/records.h"

namespace lakegate {

// An Input as Arrow's random access file.
class InputFile final : public arrow::io::RandomAccessFile {
 public:
  explicit InputFile(std::shared_ptr<const Input> input) : input_(std::move(input)) {}

  // What the input said, which Arrow's Status cannot carry.
  std::optional<Error> error() const {
    const std::lock_guard lock(mutex_);
    return error_;
  }

  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t count,
                                     void* out) override {
    const auto size = static_cast<std::int64_t>(input_->size());
    if (position < 0 || count < 0 || position > size)
      return arrow::Status::Invalid("a position is outside of the file");
    count = std::min(count, size - position);
    auto read = input_->read_at(static_cast<std::uint64_t>(position),
                                {static_cast<std::byte*>(out), static_cast<std::size_t>(count)});
    if (read) return count;
    const std::lock_guard lock(mutex_);
    error_ = std::move(read).error();
    return arrow::Status::IOError(error_->message);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t count) override {
    // Before a damaged length is believed and allocated.
    const auto size = static_cast<std::int64_t>(input_->size());
    if (position < 0 || count < 0 || position > size)
      return arrow::Status::Invalid("a position is outside of the file");
    count = std::min(count, size - position);
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(count, memory_pool()));
    ARROW_ASSIGN_OR_RAISE(const std::int64_t read, ReadAt(position, count, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<std::int64_t> Read(std::int64_t count, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const std::int64_t read, ReadAt(position_, count, out));
    position_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, count));
    position_ += buffer->size();
    return buffer;
  }
  arrow::Status Seek(std::int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  arrow::Result<std::int64_t> GetSize() override {
    return static_cast<std::int64_t>(input_->size());
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }

 private:
  std::shared_ptr<const Input> input_;
  std::int64_t position_ = 0;
  bool closed_ = false;
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

namespace {

constexpr std::int64_t kBatchBytes = 4 * 1024 * 1024;
// Shared out among the columns, each of which reads its pages through a buffer of its own.
constexpr std::int64_t kReadBufferBytes = 4 * 1024 * 1024;

parquet::ReaderProperties reader_properties(int columns) {
  parquet::ReaderProperties properties(memory_pool());
  properties.enable_buffered_stream();
  properties.set_buffer_size(
      std::clamp<std::int64_t>(kReadBufferBytes / std::max(columns, 1), 16 * 1024, 256 * 1024));
  properties.set_page_checksum_verification(true);
  return properties;
}

std::int64_t rows_of_batches(const parquet::FileMetaData& metadata) {
  std::int64_t bytes_a_row = 1;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const auto group = metadata.RowGroup(i);
    if (group->num_rows() <= 0) continue;
    std::int64_t bytes = 0;
    for (int c = 0; c < group->num_columns(); ++c) {
      const auto column = group->ColumnChunk(c);
      std::int64_t text = 0;  // dictionaries make the encoded size say little
      if (const auto sizes = column->size_statistics();
          sizes != nullptr && sizes->unencoded_byte_array_data_bytes)
        text = *sizes->unencoded_byte_array_data_bytes;
      bytes += std::max({column->total_uncompressed_size(), text, std::int64_t{0}});
    }
    bytes_a_row = std::max(bytes_a_row, bytes / group->num_rows());
  }
  return std::clamp<std::int64_t>(kBatchBytes / bytes_a_row, 1,
                                  static_cast<std::int64_t>(kChunkRecords));
}

}  // namespace

Error OpenParquet::error_of(const arrow::Status& status) const {
  if (auto error = file_->error()) return *error;
  if (status.IsOutOfMemory()) return from_arrow(status);
  std::string message = status.message();
  if (const auto end = message.find('\n'); end != std::string::npos) message.resize(end);
  return Error{
      ErrorKind::kInvalidInput,
      rows_read_ == 0
          ? fmt::format("this cannot be read as Parquet: {}; write or transfer it again", message)
          : fmt::format("the Parquet file is damaged after row {}: {}; write or transfer it again",
                        rows_read_, message),
      {.file = input_->name()}};
}

template <class Action>
Result<void> OpenParquet::guarded(Action&& action) {
  arrow::Status status;
  try {
    status = action();
  } catch (const std::bad_alloc&) {
    status = arrow::Status::OutOfMemory("out of memory while reading Parquet");
  } catch (const std::exception& exception) {
    status = arrow::Status::Invalid(exception.what());
  }
  if (status.ok()) return {};
  return tl::unexpected<Error>(error_of(status));
}

Result<OpenParquet> OpenParquet::open(std::shared_ptr<const Input> input) {
  OpenParquet opened;
  opened.input_ = std::move(input);
  opened.file_ = std::make_shared<InputFile>(opened.input_);
  LAKEGATE_CHECK(opened.guarded([&]() -> arrow::Status {
    const auto metadata = parquet::ReadMetaData(opened.file_);
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_pre_buffer(false);
    properties.set_batch_size(rows_of_batches(*metadata));
    properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
    parquet::arrow::FileReaderBuilder builder;
    ARROW_RETURN_NOT_OK(
        builder.Open(opened.file_, reader_properties(metadata->num_columns()), metadata));
    builder.memory_pool(memory_pool())->properties(properties);
    return builder.Build(&opened.reader_);
  }));
  return opened;
}

Result<std::shared_ptr<arrow::Schema>> OpenParquet::schema() {
  std::shared_ptr<arrow::Schema> schema;
  LAKEGATE_CHECK(guarded([&] { return reader_->GetSchema(&schema); }));
  return schema;
}

const parquet::FileMetaData& OpenParquet::metadata() const {
  return *reader_->parquet_reader()->metadata();
}

std::int64_t OpenParquet::batch_rows() const {
  return reader_->properties().batch_size();
}

Result<std::shared_ptr<arrow::RecordBatch>> OpenParquet::next() {
  std::shared_ptr<arrow::RecordBatch> batch;
  LAKEGATE_CHECK(guarded([&]() -> arrow::Status {
    if (batches_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(batches_, reader_->GetRecordBatchReader());
    }
    return batches_->ReadNext(&batch);
  }));
  if (batch != nullptr) {
    rows_read_ += static_cast<std::uint64_t>(batch->num_rows());
    return batch;
  }
  if (rows_read_ != static_cast<std::uint64_t>(metadata().num_rows()))
    return invalid_input(
        fmt::format("the Parquet file is damaged: it says that it has {} rows, and has {}",
                    metadata().num_rows(), rows_read_),
        {.file = input_->name()});
  return batch;
}

}  // namespace lakegate
