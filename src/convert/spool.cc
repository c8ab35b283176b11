#include "convert/spool.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/api.h>
#include <arrow/util/byte_size.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "formats/arrow_bridge.h"

namespace lakegate {
namespace {

constexpr std::string_view kFileName = "the temporary file of open partitions";

arrow::ipc::IpcWriteOptions write_options() {
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  options.memory_pool = memory_pool();
  options.use_threads = false;
  return options;
}

}  // namespace

Result<void> PartitionSpool::add(const std::string& partition,
                                 std::shared_ptr<arrow::RecordBatch> rows) {
  schema_ = rows->schema();
  gathered_bytes_ += arrow::util::TotalBufferSize(*rows);
  partitions_[partition].gathered.push_back(std::move(rows));
  return gathered_bytes_ < kSpoolBytes ? Result<void>{} : move_to_file();
}

Result<void> PartitionSpool::move_to_file() {
  if (!file_) {
    LAKEGATE_TRY(file_, open_temporary_file());
  }
  for (auto& [name, partition] : partitions_) {
    if (partition.gathered.empty()) continue;
    LAKEGATE_TRY(auto combined,
                 from_arrow(arrow::ConcatenateRecordBatches(partition.gathered, memory_pool())));
    LAKEGATE_TRY(auto bytes,
                 from_arrow(arrow::ipc::SerializeRecordBatch(*combined, write_options())));
    LAKEGATE_CHECK(
        write_fully(file_, std::as_bytes(bytes->span_as<std::uint8_t>()), std::string(kFileName)));
    partition.stored.push_back({file_size_, bytes->size()});
    file_size_ += bytes->size();
    partition.gathered.clear();
  }
  gathered_bytes_ = 0;
  return {};
}

std::vector<std::string> PartitionSpool::partitions() const {
  std::vector<std::string> names;
  for (const auto& [name, partition] : partitions_) names.push_back(name);
  return names;
}

Result<std::shared_ptr<arrow::RecordBatch>> PartitionSpool::read(const Stored& stored) const {
  LAKEGATE_TRY(std::shared_ptr<arrow::Buffer> buffer,
               from_arrow(arrow::AllocateBuffer(stored.size, memory_pool())));
  std::int64_t done = 0;
  while (done < stored.size) {
    const ssize_t n = ::pread(file_.get(), buffer->mutable_data() + done,
                              static_cast<std::size_t>(stored.size - done), stored.offset + done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return system_failure(n < 0 ? errno : EIO, "read", kFileName);
    done += n;
  }
  arrow::io::BufferReader reader(std::move(buffer));
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = memory_pool();
  options.use_threads = false;
  return from_arrow(arrow::ipc::ReadRecordBatch(schema_, nullptr, options, &reader));
}

// Gathers small pieces into batches of a fixed number of rows.
class PartitionSpool::StoredRows : public PartitionSpool::Rows {
 public:
  StoredRows(const PartitionSpool& spool, const Partition& partition)
      : spool_(spool), partition_(partition) {}

  Result<std::shared_ptr<arrow::RecordBatch>> next() override {
    arrow::RecordBatchVector pieces;
    auto missing = static_cast<std::int64_t>(kChunkRecords);
    std::int64_t bytes = 0;
    while (missing > 0 && bytes < kSpoolBytes / 2) {
      if (!piece_ || offset_ == piece_->num_rows()) {
        LAKEGATE_TRY(piece_, next_piece());
        offset_ = 0;
        if (!piece_) break;
      }
      const std::int64_t take = std::min(missing, piece_->num_rows() - offset_);
      pieces.push_back(piece_->Slice(offset_, take));
      LAKEGATE_TRY(const std::int64_t size,
                   from_arrow(arrow::util::ReferencedBufferSize(*pieces.back())));
      bytes += size;
      offset_ += take;
      missing -= take;
    }
    if (pieces.empty()) return nullptr;
    if (pieces.size() == 1) return pieces[0];
    return from_arrow(arrow::ConcatenateRecordBatches(pieces, memory_pool()));
  }

 private:
  Result<std::shared_ptr<arrow::RecordBatch>> next_piece() {
    if (index_ < partition_.stored.size()) return spool_.read(partition_.stored[index_++]);
    const std::size_t gathered = index_ - partition_.stored.size();
    if (gathered == partition_.gathered.size()) return nullptr;
    ++index_;
    return partition_.gathered[gathered];
  }

  const PartitionSpool& spool_;
  const Partition& partition_;
  std::size_t index_ = 0;
  std::shared_ptr<arrow::RecordBatch> piece_;
  std::int64_t offset_ = 0;
};

Result<std::unique_ptr<PartitionSpool::Rows>> PartitionSpool::rows_of(
    const std::string& partition) {
  return std::make_unique<StoredRows>(*this, partitions_.at(partition));
}

}  // namespace lakegate
