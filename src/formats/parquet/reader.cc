#include "formats/parquet/reader.h"

#include <arrow/api.h>

#include <utility>

#include "formats/parquet/open_file.h"

namespace lakegate {
namespace {

class Batches final : public ParquetBatches {
 public:
  Batches(OpenParquet file, std::shared_ptr<arrow::Schema> schema)
      : file_(std::move(file)), schema_(std::move(schema)) {}
  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  Result<std::shared_ptr<arrow::RecordBatch>> next() override { return file_.next(); }

 private:
  OpenParquet file_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

Result<ParquetContents> parquet_contents(std::shared_ptr<const Input> input) {
  LAKEGATE_TRY(OpenParquet file, OpenParquet::open(std::move(input)));
  ParquetContents contents;
  LAKEGATE_TRY(contents.schema, file.schema());
  contents.rows = static_cast<std::uint64_t>(file.metadata().num_rows());
  if (const auto& metadata = file.metadata().key_value_metadata(); metadata != nullptr)
    for (std::int64_t i = 0; i < metadata->size(); ++i)
      contents.metadata[metadata->key(i)] = metadata->value(i);
  return contents;
}

Result<std::unique_ptr<ParquetBatches>> open_parquet_batches(std::shared_ptr<const Input> input) {
  LAKEGATE_TRY(OpenParquet file, OpenParquet::open(std::move(input)));
  LAKEGATE_TRY(auto schema, file.schema());
  return std::make_unique<Batches>(std::move(file), std::move(schema));
}

}  // namespace lakegate
