#include "formats/parquet/writer.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <parquet/column_writer.h>
#include <parquet/file_writer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "formats/arrow_bridge.h"
#include "formats/parquet/column_workers.h"
#include "formats/parquet/compression_choice.h"
#include "formats/parquet/encoding_choice.h"
#include "formats/parquet/file_properties.h"
#include "formats/parquet/levels.h"
#include "formats/parquet/sink_stream.h"

namespace lakegate {
namespace {

constexpr std::int64_t kRowGroupRows = 1024 * 1024;
constexpr std::int64_t kRowGroupEncodedBytes = 16 * 1024 * 1024;  // held in memory
constexpr std::int64_t kRowGroupPlainBytes = 256 * 1024 * 1024;   // before compression
constexpr std::int64_t kPieceRows = 32 * 1024;
constexpr std::int64_t kSampleRows = 128 * 1024;
constexpr std::int64_t kSampleBytes = 8 * 1024 * 1024;
// Of a list's elements; more say nothing new, and profiling costs as much as encoding.
constexpr std::int64_t kSampleElements = 32 * 1024;

// Pieces in flight. The end of a row group is decided by what was encoded this many pieces ago,
// with and without threads, so that nobody has to wait for the slowest column at each piece.
constexpr std::uint64_t kLag = 4;

using RecordBatchPtr = std::shared_ptr<arrow::RecordBatch>;

// Bytes of the content, whatever memory it happens to stand in.
std::int64_t content_bytes(const arrow::Array& array) {
  switch (array.type_id()) {
    case arrow::Type::STRING:
    case arrow::Type::BINARY: {
      const auto& text = static_cast<const arrow::BinaryArray&>(array);
      return array.length() * 4 + text.total_values_length();
    }
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      const std::int64_t begin = list.value_offset(0);
      return array.length() * 4 +
             content_bytes(*list.values()->Slice(begin, list.value_offset(array.length()) - begin));
    }
    case arrow::Type::STRUCT: {
      std::int64_t bytes = 0;
      for (const auto& member : static_cast<const arrow::StructArray&>(array).fields())
        bytes += content_bytes(*member);
      return bytes;
    }
    default:
      return array.length() * std::max(1, array.type()->bit_width() / 8);
  }
}

// The same values in the same nesting; names and nullability are the file's schema's business.
bool same_shape(const arrow::DataType& a, const arrow::DataType& b) {
  if (a.id() != b.id() || a.num_fields() != b.num_fields()) return false;
  if (a.num_fields() == 0) return a.Equals(b);
  for (int i = 0; i < a.num_fields(); ++i)
    if (!same_shape(*a.field(i)->type(), *b.field(i)->type())) return false;
  return true;
}

// A column of the table: one or, if it is nested, several columns of the file.
struct Column {
  std::vector<parquet::ColumnWriter*> writers;  // of the current row group
  std::vector<std::unique_ptr<parquet::ArrowWriteContext>> contexts;
  LevelBuilder levels;
  struct Size {
    std::int64_t encoded = 0;
    std::int64_t plain = 0;
  };
  std::array<Size, kLag> sizes = {};  // after the piece of this number, modulo kLag
  arrow::Status status;               // of the first piece that failed
};

class Writer final : public ParquetFileWriter {
 public:
  Writer(std::shared_ptr<arrow::Schema> schema, ByteSink& sink, ParquetOptions options,
         std::shared_ptr<parquet::SchemaDescriptor> descriptor)
      : schema_(std::move(schema)),
        options_(std::move(options)),
        descriptor_(std::move(descriptor)),
        sink_(std::make_shared<SinkStream>(sink)) {}

  ~Writer() override {
    sink_->abandon();
    workers_.reset();
  }

  Result<void> write(const arrow::RecordBatch& batch) override {
    LAKEGATE_CHECK(check_batch(batch));
    for (std::int64_t begin = 0; begin < batch.num_rows(); begin += kPieceRows) {
      const auto piece = batch.Slice(begin, kPieceRows);
      rows_ += static_cast<std::uint64_t>(piece->num_rows());
      if (file_ != nullptr) {
        LAKEGATE_CHECK(encode(piece));
        continue;
      }
      sample_.push_back(piece);
      sample_rows_ += piece->num_rows();
      for (const auto& column : piece->columns()) sample_bytes_ += content_bytes(*column);
      if (sample_rows_ >= kSampleRows || sample_bytes_ >= kSampleBytes)
        LAKEGATE_CHECK(start(/*whole_file=*/false));
    }
    return {};
  }

  Result<void> close() override {
    if (file_ == nullptr) LAKEGATE_CHECK(start(/*whole_file=*/true));
    LAKEGATE_CHECK(end_row_group());
    workers_.reset();
    return guarded([&] {
      file_->Close();
      return arrow::Status::OK();
    });
  }

  std::uint64_t rows() const override { return rows_; }

  std::uint64_t buffered_bytes() const override {
    return static_cast<std::uint64_t>(sample_bytes_ + held_bytes_);
  }

 private:
  // Library exceptions and Status as Error; the sink's own error where it caused them.
  template <class Action>
  Result<void> guarded(Action&& action) {
    arrow::Status status;
    try {
      status = action();
    } catch (const std::exception& exception) {
      status = arrow::Status::IOError(exception.what());
    }
    return translate(status);
  }
  Result<void> translate(const arrow::Status& status) const {
    if (status.ok()) return {};
    if (sink_->error()) return tl::unexpected<Error>(*sink_->error());
    Error error = from_arrow(status);
    error.message = "cannot encode Parquet: " + error.message;
    return tl::unexpected<Error>(std::move(error));
  }

  Result<void> check_batch(const arrow::RecordBatch& batch) const {
    bool same = batch.num_columns() == schema_->num_fields();
    for (int i = 0; same && i < batch.num_columns(); ++i)
      same = same_shape(*batch.column(i)->type(), *schema_->field(i)->type());
    if (!same)
      return fail(ErrorKind::kPermanent,
                  fmt::format("rows with the columns {} were given to a Parquet file of {}",
                              batch.schema()->ToString(), schema_->ToString()));
    for (int i = 0; i < batch.num_columns(); ++i)
      if (!schema_->field(i)->nullable() && batch.column(i)->null_count() > 0)
        return invalid_input(
            fmt::format("the column {} is required and has a null", schema_->field(i)->name()));
    return {};
  }

  Result<void> start(bool whole_file) {
    LAKEGATE_TRY(auto metadata, file_metadata(options_, *schema_));
    LAKEGATE_CHECK(guarded([&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(const auto leaves, choose_storage(whole_file));
      file_ = parquet::ParquetFileWriter::Open(
          sink_, std::static_pointer_cast<parquet::schema::GroupNode>(descriptor_->schema_root()),
          writer_properties(options_, *descriptor_, leaves), std::move(metadata));
      columns_ = std::vector<Column>(static_cast<std::size_t>(schema_->num_fields()));
      arrow_properties_ = parquet::default_arrow_writer_properties();
      for (std::size_t i = 0; i < columns_.size(); ++i)
        for (int leaf = leaf_count(*schema_->field(static_cast<int>(i))->type()); leaf > 0; --leaf)
          columns_[i].contexts.push_back(
              std::make_unique<parquet::ArrowWriteContext>(memory_pool(), arrow_properties_.get()));
      const int threads =
          options_.threads ? std::min(options_.thread_count, schema_->num_fields()) : 1;
      workers_.emplace(schema_->num_fields(), threads > 1 ? threads : 0,
                       [this](int column, std::uint64_t piece) { encode_column(column, piece); });
      return arrow::Status::OK();
    }));
    const auto sample = std::exchange(sample_, {});
    sample_bytes_ = 0;
    for (const RecordBatchPtr& piece : sample) LAKEGATE_CHECK(encode(piece));
    return {};
  }

  static void add(const std::shared_ptr<arrow::Array>& values, bool are_elements,
                  EncodingSample& sample) {
    std::int64_t taken = values->length();
    if (are_elements) {
      std::int64_t before = 0;
      for (const auto& array : sample.values) before += array->length();
      taken = std::min(taken, kSampleElements - before);
      sample.left_out += values->length() - taken;
    }
    // (An empty one tells the type.)
    if (taken > 0 || sample.values.empty()) sample.values.push_back(values->Slice(0, taken));
  }

  arrow::Result<std::vector<LeafStorage>> choose_storage(bool whole_file) {
    std::vector<LeafStorage> chosen;
    const auto codec = page_codec(options_.compression);
    LevelBuilder levels;
    for (int i = 0; i < schema_->num_fields(); ++i) {
      const arrow::Field& field = *schema_->field(i);
      std::vector<EncodingSample> samples(static_cast<std::size_t>(leaf_count(*field.type())));
      for (const RecordBatchPtr& piece : sample_) {
        ARROW_ASSIGN_OR_RAISE(const auto leaves, levels.build(piece->column(i), field));
        for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf)
          add(leaves[leaf].values, field.type()->id() == arrow::Type::LIST, samples[leaf]);
      }
      const std::size_t begin = chosen.size();
      for (EncodingSample& sample : samples) {
        sample.rows = sample_rows_;
        sample.whole_file = whole_file;
        chosen.push_back({.encoding = choose_encoding(
                              sample, {.row_group_rows = kRowGroupRows,
                                       .dictionary_bytes = page_bytes(descriptor_->num_columns()),
                                       .modern = options_.modern_encodings})});
      }
      const std::span<LeafStorage> storage = std::span(chosen).subspan(begin);
      const bool has_deltas = std::ranges::any_of(
          storage, [](const LeafStorage& leaf) { return leaf.encoding == ColumnEncoding::kDelta; });
      if (!codec || !has_deltas || sample_.empty()) continue;
      // The first piece again, whose leaves have been built over.
      ARROW_ASSIGN_OR_RAISE(const auto leaves, levels.build(sample_[0]->column(i), field));
      for (std::size_t leaf = 0; leaf < leaves.size(); ++leaf)
        storage[leaf].is_compressed =
            is_worth_compressing(leaves[leaf], *descriptor_->Column(static_cast<int>(begin + leaf)),
                                 storage[leaf].encoding, *codec);
    }
    return chosen;
  }

  // Adds a piece to the current row group, which may end in the middle of it.
  Result<void> encode(RecordBatchPtr piece) {
    while (piece->num_rows() > 0) {
      LAKEGATE_CHECK(make_room());
      const std::int64_t taken = std::min(piece->num_rows(), kRowGroupRows - group_rows_);
      pieces_[workers_->added() % kLag] = piece->Slice(0, taken);
      group_rows_ += taken;
      workers_->add();
      piece = piece->Slice(taken);
      if (group_rows_ == kRowGroupRows) LAKEGATE_CHECK(end_row_group());
    }
    return {};
  }

  // Waits until one more piece may be in flight, and sees to it that there is a row group.
  Result<void> make_room() {
    const std::uint64_t next = workers_->added();
    if (next >= kLag) workers_->wait_for(next - kLag + 1);
    if (group_ != nullptr && next - group_begin_ >= kLag) {
      Column::Size total;
      for (const Column& column : columns_) {
        LAKEGATE_CHECK(translate(column.status));
        total.encoded += column.sizes[next % kLag].encoded;
        total.plain += column.sizes[next % kLag].plain;
      }
      held_bytes_ = total.encoded;
      if (total.encoded >= kRowGroupEncodedBytes || total.plain >= kRowGroupPlainBytes)
        LAKEGATE_CHECK(end_row_group());
    }
    return group_ == nullptr ? begin_row_group() : Result<void>();
  }

  Result<void> begin_row_group() {
    group_begin_ = workers_->added();
    group_rows_ = 0;
    return guarded([&] {
      group_ = file_->AppendBufferedRowGroup();
      int leaf = 0;
      for (Column& column : columns_) {
        column.writers.clear();
        for (std::size_t i = 0; i < column.contexts.size(); ++i)
          column.writers.push_back(group_->column(leaf++));
      }
      return arrow::Status::OK();
    });
  }

  Result<void> end_row_group() {
    if (group_ == nullptr) return {};
    workers_->wait_for(workers_->added());
    for (const Column& column : columns_) LAKEGATE_CHECK(translate(column.status));
    parquet::RowGroupWriter* group = std::exchange(group_, nullptr);
    pieces_ = {};
    held_bytes_ = 0;
    return guarded([&] {
      group->Close();
      return arrow::Status::OK();
    });
  }

  // On any thread; one at a time for each column.
  void encode_column(int index, std::uint64_t piece) {
    Column& column = columns_[static_cast<std::size_t>(index)];
    if (!column.status.ok()) return;
    try {
      column.status = encode_leaves(column, index, *pieces_[piece % kLag]);
    } catch (const std::exception& exception) {
      column.status = arrow::Status::IOError(exception.what());
    }
    Column::Size& size = column.sizes[piece % kLag] = {};
    for (const parquet::ColumnWriter* writer : column.writers) {
      size.encoded += writer->total_compressed_bytes() + writer->total_compressed_bytes_written();
      size.plain += writer->total_bytes_written();
    }
  }

  arrow::Status encode_leaves(Column& column, int index, const arrow::RecordBatch& piece) {
    ARROW_ASSIGN_OR_RAISE(const auto leaves,
                          column.levels.build(piece.column(index), *schema_->field(index)));
    for (std::size_t i = 0; i < leaves.size(); ++i)
      ARROW_RETURN_NOT_OK(column.writers[i]->WriteArrow(
          leaves[i].definition, leaves[i].repetition, leaves[i].levels, *leaves[i].values,
          column.contexts[i].get(), leaves[i].nullable));
    return arrow::Status::OK();
  }

  const std::shared_ptr<arrow::Schema> schema_;
  const ParquetOptions options_;
  const std::shared_ptr<parquet::SchemaDescriptor> descriptor_;
  const std::shared_ptr<SinkStream> sink_;
  std::shared_ptr<parquet::ArrowWriterProperties> arrow_properties_;
  std::uint64_t rows_ = 0;

  // Until the encodings are chosen.
  std::vector<RecordBatchPtr> sample_;
  std::int64_t sample_rows_ = 0;
  std::int64_t sample_bytes_ = 0;

  // From then on.
  std::unique_ptr<parquet::ParquetFileWriter> file_;
  parquet::RowGroupWriter* group_ = nullptr;
  std::uint64_t group_begin_ = 0;  // its first piece
  std::int64_t group_rows_ = 0;
  std::int64_t held_bytes_ = 0;
  std::vector<Column> columns_;
  std::array<RecordBatchPtr, kLag> pieces_;
  std::optional<ColumnWorkers> workers_;  // last: its threads use all of the above
};

}  // namespace

Result<std::unique_ptr<ParquetFileWriter>> ParquetFileWriter::open(
    std::shared_ptr<arrow::Schema> schema, ByteSink& sink, ParquetOptions options) {
  LAKEGATE_CHECK(check_writable(*schema));
  LAKEGATE_TRY(auto descriptor, parquet_schema(*schema));
  return std::make_unique<Writer>(std::move(schema), sink, std::move(options),
                                  std::move(descriptor));
}

}  // namespace lakegate
