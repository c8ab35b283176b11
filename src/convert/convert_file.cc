#include "convert/convert_file.h"

#include <arrow/api.h>

#include "build_info.h"
#include "convert/typed_read.h"
#include "formats/arrow_bridge.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

// Columns without any value as text: a file on its own has no later that could type them.
Schema with_text_for_unknown(Schema schema) {
  for (Field& field : schema.fields)
    if (field.type.is(Kind::kUnknown)) field.type = {Kind::kText};
  return schema;
}

class FileSink : public RowSink {
 public:
  FileSink(ConvertTarget& target, const ConvertOptions& options, std::string source)
      : target_(target), options_(options), source_(std::move(source)) {}

  Result<void> begin(const Schema& schema) override {
    writer_.reset();
    rows_schema_ = to_arrow(with_text_for_unknown(schema));
    LAKEGATE_TRY(counted_.sink, target_.restart());
    counted_.bytes = 0;
    // Without columns there is no Parquet; but the rejects may say why there are none.
    return rows_schema_->num_fields() == 0 ? Result<void>() : open();
  }

  Result<void> take(const arrow::RecordBatch& rows, const std::vector<std::int64_t>&,
                    const std::vector<Reject>& rejects) override {
    std::vector<Reject> shown = rejects;
    for (Reject& reject : shown) without_lake(reject);
    LAKEGATE_CHECK(target_.rejected(shown));
    if (rows.num_rows() == 0 || writer_ == nullptr) return {};
    arrow::ArrayVector columns;
    for (int i = 0; i < rows.num_columns(); ++i) {
      auto column = rows.column(i);
      if (column->type_id() == arrow::Type::NA) {
        LAKEGATE_TRY(column, from_arrow(arrow::MakeArrayOfNull(rows_schema_->field(i)->type(),
                                                               rows.num_rows(), memory_pool())));
      }
      columns.push_back(std::move(column));
    }
    return writer_->write(
        *arrow::RecordBatch::Make(rows_schema_, rows.num_rows(), std::move(columns)));
  }

  Result<void> close() {
    if (writer_ == nullptr) LAKEGATE_CHECK(open());
    return writer_->close();
  }
  std::uint64_t bytes() const { return counted_.bytes; }

 private:
  struct CountedSink : ByteSink {
    ByteSink* sink = nullptr;
    std::uint64_t bytes = 0;
    Result<void> write(std::span<const std::byte> out) override {
      bytes += out.size();
      return sink->write(out);
    }
  };

  Result<void> open() {
    LAKEGATE_TRY(writer_, ParquetFileWriter::open(rows_schema_, counted_, parquet_options()));
    return {};
  }

  ParquetOptions parquet_options() const {
    return {
        .compression = options_.compression,
        .modern_encodings = options_.modern_encodings,
        .threads = options_.resources.thread_count() > 1,
        .thread_count = options_.resources.thread_count(),
        .metadata = {{"lakegate.version", std::string(kVersion)}, {"lakegate.source", source_}}};
  }

  ConvertTarget& target_;
  const ConvertOptions& options_;
  std::string source_;
  CountedSink counted_;
  std::shared_ptr<arrow::Schema> rows_schema_;
  std::unique_ptr<ParquetFileWriter> writer_;
};

// "/data/2026/sales.csv" -> "sales.csv": the bytes must not depend on where the file stood.
std::string base_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

}  // namespace

Result<ConvertSummary> convert_file(std::shared_ptr<const Input> input, ConvertTarget& target,
                                    const ConvertOptions& options) {
  OpenOptions open = options.open;
  Typing typing{.known = options.schema.value_or(Schema{}),
                .new_columns = options.schema ? options.new_columns : NewColumns::kAdd,
                .clean_names = options.clean_names};
  for (const Field& field : typing.known.fields)
    open.expected_columns.push_back(field.source_name());
  if (options.resources.progress != nullptr)
    options.resources.progress->total_bytes.store(input->size());

  LAKEGATE_TRY(auto file, open_records(input, open));
  FileSink sink(target, options, base_name(input->name()));
  LAKEGATE_TRY(TypedRead read, read_typed(*file, typing, sink, options.resources));
  const Counts& counts = read.counts;
  const bool all_rejected = counts.rows_in > 0 && counts.rows_written == 0;
  if (!all_rejected) LAKEGATE_CHECK(sink.close());
  return ConvertSummary{
      .counts = counts,
      .schema = with_text_for_unknown(std::move(read.schema)),
      .passes = read.passes,
      .input_bytes = input->size(),
      .output_bytes = sink.bytes(),
      .within_limit =
          options.max_rejects.allows(counts.rows_in, counts.rows_rejected) && !all_rejected,
      .remarks = file->remarks()};
}

}  // namespace lakegate
