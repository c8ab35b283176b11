// Accepted rows of one arrival -> curated files, pending until the run's verdict.
#pragma once

#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "convert/hashing_sink.h"
#include "convert/spool.h"
#include "convert/typed_read.h"
#include "formats/parquet/writer.h"
#include "lake/layout.h"
#include "lake/records.h"
#include "stores/object_store.h"

namespace lakegate {

// What the outputs of an arrival look like; with the rows it determines their bytes.
struct CuratedLayout {
  Arrival arrival;
  int generation = 1;
  PartitionSpec partition_by;
  std::vector<std::string> capture_columns;
  bool lineage = true;
  ParquetOptions parquet;
};

// Whether rows of this schema can be partitioned so: kInvalidInput where a column is missing or of
// another kind, or where a name that the output needs for itself is a column's.
Result<void> check_columns(const PartitionSpec& partition_by, bool lineage, const Schema& schema);

// A part ends with the batch that reaches either.
inline constexpr std::uint64_t kPartRows = 16 * 1024 * 1024;
inline constexpr std::uint64_t kPartBytes = 512 * 1024 * 1024;

class CuratedWriter {
 public:
  CuratedWriter(ObjectStore& store, CuratedLayout layout);
  ~CuratedWriter();

  // Rows that follow have these columns; whatever was taken before is void. `metadata` is added to
  // that of the layout's Parquet options.
  Result<void> begin(const Schema& schema, const std::map<std::string, std::string>& metadata);
  Result<void> take(const arrow::RecordBatch& rows, const std::vector<std::int64_t>& row_numbers);

  // Ends all files; they are durable, and not yet visible. An arrival without rows gives one file
  // without rows, unless its partition would have to come from a row.
  Result<std::vector<OutputFile>> seal();
  Result<void> publish();

 private:
  struct Part;
  Result<void> write(const std::string& partition, const arrow::RecordBatch& rows);
  Result<void> end_part();
  Result<std::shared_ptr<arrow::RecordBatch>> complete(
      const arrow::RecordBatch& rows, const std::vector<std::int64_t>& row_numbers);

  ObjectStore& store_;
  CuratedLayout layout_;
  Schema schema_;
  std::shared_ptr<arrow::Schema> file_schema_;
  std::vector<int> file_columns_;          // of the complete batch, those that are in the file
  std::unique_ptr<PartitionSpool> spool_;  // where partitions come from rows
  std::unique_ptr<Part> open_;
  int parts_in_partition_ = 0;
  std::vector<std::unique_ptr<Part>> sealed_;
};

// The folder of each row, and which levels need a row at all.
bool partition_needs_rows(const PartitionSpec& spec);
// The partition of an arrival where no level needs a row.
std::string arrival_partition(const PartitionSpec& spec, const Arrival& arrival);

}  // namespace lakegate
