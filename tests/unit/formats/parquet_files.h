// Parquet files in memory, for tests.
#pragma once

#include <arrow/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "formats/parquet/reader.h"
#include "formats/parquet/writer.h"

namespace lakegate {

class MemorySink final : public ByteSink {
 public:
  Result<void> write(std::span<const std::byte> more) override {
    bytes.append(reinterpret_cast<const char*>(more.data()), more.size());
    return {};
  }
  std::string bytes;
};

inline std::string parquet_bytes(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                                 const std::shared_ptr<arrow::Schema>& schema,
                                 ParquetOptions options = {}) {
  MemorySink sink;
  auto writer = ParquetFileWriter::open(schema, sink, std::move(options));
  if (!writer) {
    ADD_FAILURE() << writer.error().to_string();
    return {};
  }
  for (const auto& batch : batches) {
    if (auto written = (*writer)->write(*batch); !written)
      ADD_FAILURE() << written.error().to_string();
  }
  if (auto closed = (*writer)->close(); !closed) ADD_FAILURE() << closed.error().to_string();
  return sink.bytes;
}

inline std::shared_ptr<arrow::Table> read_parquet(const std::string& bytes) {
  auto batches = open_parquet_batches(memory_input("test.parquet", bytes));
  if (!batches) {
    ADD_FAILURE() << batches.error().to_string();
    return nullptr;
  }
  arrow::RecordBatchVector read;
  while (true) {
    auto batch = (*batches)->next();
    if (!batch) {
      ADD_FAILURE() << batch.error().to_string();
      return nullptr;
    }
    if (*batch == nullptr) break;
    read.push_back(*batch);
  }
  return arrow::Table::FromRecordBatches((*batches)->schema(), read)
      .ValueOrDie()
      ->CombineChunks()
      .ValueOrDie();
}

}  // namespace lakegate
