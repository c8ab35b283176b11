// Record batches set aside by partition, in bounded memory: when a fixed amount has gathered it
// moves to an unlinked temporary file, combined by partition, and comes back partition by
// partition.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "formats/file_descriptor.h"
#include "formats/records.h"
#include "lake/error.h"

namespace lakegate {

// Gathered in memory before it moves to the file. A constant, not a share of the budget: batches
// are combined where it fills up, and outputs must not depend on the budget.
inline constexpr std::int64_t kSpoolBytes = 16 * 1024 * 1024;

class PartitionSpool {
 public:
  PartitionSpool() = default;
  PartitionSpool(const PartitionSpool&) = delete;
  PartitionSpool& operator=(const PartitionSpool&) = delete;

  Result<void> add(const std::string& partition, std::shared_ptr<arrow::RecordBatch> rows);

  // Ascending.
  std::vector<std::string> partitions() const;

  // The rows of a partition in the order of adding, in batches of kChunkRecords rows or, where rows
  // are wide, of about half of kSpoolBytes.
  class Rows {
   public:
    virtual ~Rows() = default;
    virtual Result<std::shared_ptr<arrow::RecordBatch>> next() = 0;  // null at the end
  };
  Result<std::unique_ptr<Rows>> rows_of(const std::string& partition);

 private:
  struct Stored {  // a serialized batch in the file
    std::int64_t offset = 0;
    std::int64_t size = 0;
  };
  struct Partition {
    std::vector<Stored> stored;
    std::vector<std::shared_ptr<arrow::RecordBatch>> gathered;
  };
  Result<void> move_to_file();
  Result<std::shared_ptr<arrow::RecordBatch>> read(const Stored& stored) const;
  class StoredRows;

  std::map<std::string, Partition> partitions_;
  std::shared_ptr<arrow::Schema> schema_;
  std::int64_t gathered_bytes_ = 0;
  FileDescriptor file_;  // open once something has been moved there
  std::int64_t file_size_ = 0;
};

}  // namespace lakegate
