#include "convert/arrival_output.h"

#include <arrow/record_batch.h>
#include <fmt/format.h>

#include <mutex>

#include "build_info.h"

namespace lakegate {
namespace {

// The landed input, hashed as it is read: the SHA-256 of the first stream that reaches the end, so
// that the record proves what was read, without reading twice.
class HashedInput : public Input {
 public:
  explicit HashedInput(std::shared_ptr<const Input> input) : input_(std::move(input)) {}

  const std::string& name() const override { return input_->name(); }
  std::uint64_t size() const override { return input_->size(); }
  Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    return input_->read_at(offset, out);
  }
  Result<std::unique_ptr<ByteStream>> open() const override {
    LAKEGATE_TRY(auto stream, input_->open());
    if (!known_sha256().empty()) return stream;
    return std::make_unique<Stream>(*this, std::move(stream));
  }

  // Reads the input once more only if no pass has read all of it (Parquet is read in places).
  Result<std::string> sha256() const {
    if (known_sha256().empty()) {
      LAKEGATE_TRY(auto stream, open());
      std::vector<std::byte> block(1024 * 1024);
      for (;;) {
        LAKEGATE_TRY(const std::size_t n, stream->read(block));
        if (n == 0) break;
      }
    }
    return known_sha256();
  }

 private:
  class Stream : public ByteStream {
   public:
    Stream(const HashedInput& owner, std::unique_ptr<ByteStream> stream)
        : owner_(owner), stream_(std::move(stream)) {}
    Result<std::size_t> read(std::span<std::byte> out) override {
      LAKEGATE_TRY(const std::size_t n, stream_->read(out));
      hash_.update(out.first(n));
      read_ += n;
      if (read_ == owner_.size() && !done_) {
        done_ = true;
        owner_.remember(hash_.finish());
      }
      return n;
    }

    std::uint64_t input_bytes() const override { return stream_->input_bytes(); }

   private:
    const HashedInput& owner_;
    std::unique_ptr<ByteStream> stream_;
    Sha256 hash_;
    std::uint64_t read_ = 0;
    bool done_ = false;
  };

  std::string known_sha256() const {
    const std::scoped_lock lock(mutex_);
    return sha256_;
  }
  void remember(std::string sha256) const {
    const std::scoped_lock lock(mutex_);
    sha256_ = std::move(sha256);
  }

  std::shared_ptr<const Input> input_;
  mutable std::mutex mutex_;
  mutable std::string sha256_;
};

// Where an arrival's rejects stand: in the arrival's own partition, or, where partitions come from
// rows, under the date of the arrival.
std::string reject_partition(const DatasetConfig& dataset, const Arrival& arrival) {
  return arrival_partition(
      partition_needs_rows(dataset.partition_by) ? default_partition() : dataset.partition_by,
      arrival);
}

layout::OutputName reject_name(const OutputTask& task) {
  return {.dataset = task.arrival.dataset,
          .partition = reject_partition(*task.dataset, task.arrival),
          .stem = layout::output_stem(task.arrival.key),
          .arrival = task.arrival.id,
          .generation = task.generation};
}

CuratedLayout curated_layout(const OutputTask& task) {
  return {.arrival = task.arrival,
          .generation = task.generation,
          .partition_by = task.dataset->partition_by,
          .capture_columns = task.dataset->capture_columns,
          .lineage = task.dataset->lineage,
          .parquet = {.modern_encodings = task.dataset->modern_encodings,
                      .threads = task.resources.thread_count() > 1,
                      .thread_count = task.resources.thread_count(),
                      .metadata = {{"lakegate.version", std::string(kVersion)},
                                   {"lakegate.source_key", task.arrival.key.str()},
                                   {"lakegate.arrival_id", task.arrival.id.str()}}}};
}

}  // namespace

class ArrivalOutput::Sink : public RowSink {
 public:
  explicit Sink(ArrivalOutput& output) : output_(output) {}

  Result<void> begin(const Schema& schema) override {
    output_.rejects_.restart();
    const int version = output_.task_.schema_version(schema);
    return output_.curated_.begin(schema, {{"lakegate.schema_version", std::to_string(version)}});
  }
  Result<void> take(const arrow::RecordBatch& rows, const std::vector<std::int64_t>& row_numbers,
                    const std::vector<Reject>& rejects) override {
    std::vector<Reject> named = rejects;
    for (Reject& reject : named) name_dataset(reject, output_.task_.dataset->name.str());
    LAKEGATE_CHECK(output_.rejects_.take(named));
    return output_.curated_.take(rows, row_numbers);
  }

 private:
  ArrivalOutput& output_;
};

ArrivalOutput::ArrivalOutput(ObjectStore& store, OutputTask task)
    : store_(store),
      task_(std::move(task)),
      curated_(store, curated_layout(task_)),
      rejects_(store, reject_name(task_)) {}
ArrivalOutput::~ArrivalOutput() = default;

Result<void> ArrivalOutput::write() {
  LAKEGATE_TRY(auto opened, store_.open(task_.arrival.key));
  const auto input = std::make_shared<HashedInput>(std::move(opened));
  if (task_.resources.progress != nullptr)
    task_.resources.progress->total_bytes.store(input->size());

  OpenOptions open{.format = {}, .csv = task_.dataset->csv, .expected_columns = {}};
  for (const Field& field : task_.typing.known.fields)
    open.expected_columns.push_back(field.source_name());
  const auto& source = task_.dataset->source;
  const bool is_fetched = layout::fetched_at(task_.arrival.key).has_value();
  if (is_fetched && !source)
    return invalid_input(
        "it holds replies that `lakegate fetch` landed, and its dataset has no `source:`, which "
        "says "
        "where rows are in them: put that back into lake.yaml, or move the file away");
  if (is_fetched) {
    open.replies.emplace().records = source->records;
    for (const NamedTemplate& column : source->add)
      open.replies->add.emplace_back(column.name, column.value);
  }
  LAKEGATE_TRY(auto file, open_records(input, open));
  remarks_ = file->remarks();

  Sink sink(*this);
  LAKEGATE_TRY(TypedRead read, read_typed(*file, task_.typing, sink, task_.resources));
  counts_ = read.counts;
  schema_ = std::move(read.schema);
  left_out_ = std::move(read.left_out);
  LAKEGATE_TRY(outputs_, curated_.seal());
  LAKEGATE_TRY(auto rejects, rejects_.seal());
  if (rejects) reject_files_.push_back(std::move(*rejects));
  if (rejects_.raw_was_cut()) LAKEGATE_CHECK(copy_landed(*input));
  LAKEGATE_TRY(input_sha256_, input->sha256());

  std::uint64_t rows_in_files = 0;
  for (const OutputFile& output : outputs_) rows_in_files += output.rows;
  if (!counts_.add_up() || rows_in_files != counts_.rows_written ||
      rejects_.count() != counts_.rows_rejected)
    return fail(
        ErrorKind::kPermanent,
        fmt::format("rows do not add up: {} in, {} in files, {} rejected; nothing was published, "
                    "please report this with the file",
                    counts_.rows_in, rows_in_files, rejects_.count()));
  return {};
}

Result<void> ArrivalOutput::copy_landed(const Input& input) {
  const ObjectKey key = layout::rejected_copy_key(reject_name(task_), task_.arrival.key);
  LAKEGATE_TRY(auto pending, store_.create(key));
  landed_copy_ = std::make_unique<HashingSink>(std::move(pending));
  LAKEGATE_TRY(auto stream, input.open());
  std::vector<std::byte> block(1024 * 1024);
  for (;;) {
    LAKEGATE_TRY(const std::size_t n, stream->read(block));
    if (n == 0) break;
    LAKEGATE_CHECK(landed_copy_->write(std::span(block).first(n)));
  }
  LAKEGATE_CHECK(landed_copy_->seal());
  reject_files_.push_back({.key = key,
                           .partition = reject_partition(*task_.dataset, task_.arrival),
                           .size = landed_copy_->size(),
                           .sha256 = landed_copy_->sha256()});
  return {};
}

Result<void> ArrivalOutput::publish() {
  LAKEGATE_CHECK(rejects_.publish());
  if (landed_copy_) LAKEGATE_CHECK(landed_copy_->publish());
  return curated_.publish();
}

Result<void> ArrivalOutput::publish_for_failure() {
  return rejects_.publish_for_failure();
}

std::optional<std::string> ArrivalOutput::too_many_rejects(std::string_view verb) const {
  const MaxRejects& most = task_.dataset->max_rejects;
  if (!most.allows(counts_.rows_in, counts_.rows_rejected))
    return fmt::format("{} of {} rows {} rejected, more than max_rejects: {} allows",
                       counts_.rows_rejected, counts_.rows_in, verb, most.to_string());
  if (counts_.rows_in > 0 && counts_.rows_written == 0)
    return fmt::format("all {} rows {} rejected", counts_.rows_in, verb);
  return std::nullopt;
}

Typing typing_of(const DatasetConfig& dataset, Schema known) {
  Typing typing{.known = std::move(known),
                .exact = !dataset.schema.has_value(),
                .new_columns = dataset.new_columns,
                .clean_names = dataset.clean_names,
                .capture_columns = dataset.capture_columns};
  // The first arrival makes the schema; the policy is for the later ones.
  if (typing.known.fields.empty()) typing.new_columns = NewColumns::kAdd;
  for (Field& field : dataset.capture_fields())
    if (typing.known.find(field.name) == nullptr) typing.known.fields.push_back(std::move(field));
  for (const PartitionLevel& level : dataset.partition_by)
    if (level.from == PartitionLevel::From::kColumn ||
        level.from == PartitionLevel::From::kColumnTime)
      typing.partition_columns.push_back(level.source);
  return typing;
}

}  // namespace lakegate
