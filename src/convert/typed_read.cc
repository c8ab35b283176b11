#include "convert/typed_read.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <thread>

#include "convert/ordered.h"

namespace lakegate {

int Resources::thread_count() const {
  if (threads > 0) return threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

namespace {

// The encoder's row group takes its part of the budget; each chunk in flight, with its index and
// its columns, about 8 MiB at worst.
constexpr std::uint64_t kEncoderBytes = 32 * 1024 * 1024;
constexpr std::uint64_t kBytesPerChunk = 8 * 1024 * 1024;

OrderedOptions ordered_options(const Resources& resources) {
  const std::uint64_t for_chunks =
      resources.memory > kEncoderBytes ? resources.memory - kEncoderBytes : 0;
  const auto affordable = std::max<std::uint64_t>(2, for_chunks / kBytesPerChunk);
  const auto workers = static_cast<std::uint64_t>(resources.thread_count());
  return {.workers = static_cast<int>(std::min(workers, affordable)),
          .in_flight = std::min(affordable, 2 * workers + 1)};
}

// A chunk as a worker has read it.
struct ReadChunk {
  DecodedChunk decoded;  // rows absent when observed
  Observed observed;
  bool is_observed = false;
};

std::vector<std::int64_t> row_numbers(const Chunk& chunk, const std::vector<Reject>& rejects) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(chunk.records);
  std::size_t next_reject = 0;
  for (std::uint64_t i = 0; i < chunk.records; ++i) {
    const std::uint64_t row = chunk.first_row + i;
    if (next_reject < rejects.size() && rejects[next_reject].row == row)
      ++next_reject;
    else
      numbers.push_back(static_cast<std::int64_t>(row));
  }
  return numbers;
}

// One pass over the file under one plan.
class Pass {
 public:
  Pass(DecodePlan plan, RowSink& sink, const Resources& resources)
      : plan_(std::move(plan)),
        is_there_(plan_.columns.size()),
        sink_(sink),
        resources_(resources) {
    for (std::size_t i = 0; i < plan_.columns.size(); ++i)
      if (plan_.columns[i].inferred) is_there(i);  // the file has it, or there would be no guess
  }

  // `first` is the chunk that has been read already to make the plan, or null.
  Result<void> run(std::unique_ptr<Chunk> first, ChunkReader& reader) {
    const auto source = [&]() -> Result<std::unique_ptr<Chunk>> {
      return first ? std::move(first) : reader.next();
    };
    const auto work = [&](const Chunk& chunk) { return read(chunk); };
    const auto sink = [&](const Chunk& chunk, ReadChunk out) {
      return take(chunk, std::move(out));
    };
    return run_ordered<Chunk, ReadChunk>(source, work, sink, ordered_options(resources_));
  }

  bool contradicted() const { return contradicted_; }
  const Observed& observed() const { return observed_; }
  const Counts& counts() const { return counts_; }

 private:
  Result<ReadChunk> read(const Chunk& chunk) {
    ReadChunk out;
    if (!scan_only_.load(std::memory_order_relaxed)) {
      LAKEGATE_TRY(out.decoded, chunk.decode(plan_));
      if (!out.decoded.contradicted) return out;
    }
    LAKEGATE_CHECK(observe(chunk, out));
    return out;
  }

  static Result<void> observe(const Chunk& chunk, ReadChunk& out) {
    out.decoded = DecodedChunk{.contradicted = true};
    out.is_observed = true;
    return chunk.observe(out.observed);
  }

  // Which chunks are decoded and which observed is decided here, in their order, so that the types
  // do not depend on which thread was quicker: what decoding tells of a chunk is not all that
  // observing does.
  Result<void> take(const Chunk& chunk, ReadChunk out) {
    report(chunk);
    if (contradicted_ && !out.is_observed) LAKEGATE_CHECK(observe(chunk, out));
    observed_.join(out.observed);
    note(out.decoded);
    contradicted_ = contradicted_ || out.decoded.contradicted;
    scan_only_.store(contradicted_, std::memory_order_relaxed);
    if (contradicted_) return {};
    const std::vector<std::int64_t> numbers = row_numbers(chunk, out.decoded.rejects);
    if (static_cast<std::int64_t>(numbers.size()) != out.decoded.rows->num_rows())
      return fail(
          ErrorKind::kPermanent,
          "rows were lost while reading; please report this with the file: nothing was written");
    counts_.rows_in += chunk.records;
    counts_.rows_rejected += out.decoded.rejects.size();
    counts_.rows_written += numbers.size();
    return sink_.take(*out.decoded.rows, numbers, out.decoded.rejects);
  }

  // A known column is the file's once it has a value there: only then does it keep another spelling
  // of its name (deviceId for device_id), which may come later, from being it.
  void note(const DecodedChunk& decoded) {
    for (std::size_t i = 0; decoded.rows && i < plan_.columns.size(); ++i) {
      if (plan_.columns[i].is_captured) continue;
      if (!is_there_[i] &&
          decoded.rows->column(static_cast<int>(i))->null_count() == decoded.rows->num_rows())
        continue;
      if (!is_there_[i]) is_there(i);
      if (!decoded.seen.empty())
        observed_.field(plan_.columns[i].field.source_name()).join(decoded.seen[i]);
    }
  }

  void is_there(std::size_t column) {
    is_there_[column] = true;
    const Field& field = plan_.columns[column].field;
    observed_.field(field.source_name()).join(observed_from(field.type));
  }

  void report(const Chunk& chunk) {
    if (resources_.progress == nullptr) return;
    resources_.progress->input_bytes.store(chunk.input_bytes, std::memory_order_relaxed);
    resources_.progress->rows.store(chunk.first_row + chunk.records - 1, std::memory_order_relaxed);
  }

  DecodePlan plan_;
  std::vector<bool> is_there_;  // of its columns: in the file
  RowSink& sink_;
  const Resources& resources_;
  Observed observed_;  // the guess, and what the chunks added to it
  Counts counts_;
  std::atomic<bool> scan_only_{false};  // contradicted_, for the workers
  bool contradicted_ = false;
};

bool anything_inferred(const DecodePlan& plan) {
  return plan.new_columns == NewColumns::kAdd ||
         std::any_of(plan.columns.begin(), plan.columns.end(),
                     [](const ColumnPlan& column) { return column.inferred; });
}

// A name with a value in a row that turns up behind these is a contradiction, so that the file is
// read twice; but where a schema has them all, as it mostly does, nobody has looked for them in
// vain.
constexpr std::uint64_t kNamesThatTell = 64 * 1024;

// What a plan needs to know of the file's first part. Where types are settled, values are not
// looked at twice.
Result<Observed> observe_for_plan(const RecordFile& file, const Typing& typing,
                                  const Chunk& first) {
  Observed names;
  const bool later_ones_contradict = typing.new_columns == NewColumns::kAdd;
  const std::uint64_t bytes = later_ones_contradict ? kNamesThatTell : UINT64_MAX;
  LAKEGATE_TRY(const bool has_names, first.observe_names(bytes, names));
  if (has_names && names_suffice(file, typing, names)) return names;
  Observed observed;
  LAKEGATE_CHECK(first.observe(observed));
  return observed;
}

void begin_pass(const Resources& resources, int pass) {
  if (resources.progress == nullptr) return;
  resources.progress->input_bytes.store(0);
  resources.progress->rows.store(0);
  resources.progress->pass.store(pass);
}

}  // namespace

Result<TypedRead> read_typed(const RecordFile& file, const Typing& typing, RowSink& sink,
                             const Resources& resources) {
  begin_pass(resources, 1);
  LAKEGATE_TRY(auto reader, file.open());
  LAKEGATE_TRY(auto first, reader->next());
  Observed observed;
  if (first && !typing.closed) {
    LAKEGATE_TRY(observed, observe_for_plan(file, typing, *first));
  }
  LAKEGATE_TRY(DecodePlan plan, make_plan(file, typing, observed, !first));
  LAKEGATE_CHECK(sink.begin(schema_of(plan, typing)));
  if (!first) return TypedRead{.schema = schema_of(plan, typing), .counts = {}};

  Pass optimistic(plan, sink, resources);
  LAKEGATE_CHECK(optimistic.run(std::move(first), *reader));
  const bool may_differ = anything_inferred(plan);
  if (optimistic.contradicted() && !may_differ)
    return fail(ErrorKind::kPermanent,
                "a settled type was contradicted; please report this with the file");
  DecodePlan settled;
  if (may_differ) {
    LAKEGATE_TRY(settled, make_plan(file, typing, optimistic.observed(), true));
  }
  // A guess may hold in every chunk and not in all of them together: an empty object in one place
  // and an empty array in the same place of another.
  if (!optimistic.contradicted() &&
      (!may_differ || schema_of(settled, typing) == schema_of(plan, typing)))
    return TypedRead{.schema = schema_of(plan, typing),
                     .counts = optimistic.counts(),
                     .left_out = std::move(plan.left_out)};

  begin_pass(resources, 2);
  LAKEGATE_CHECK(sink.begin(schema_of(settled, typing)));
  LAKEGATE_TRY(auto again, file.open());
  Pass exact(settled, sink, resources);
  LAKEGATE_CHECK(exact.run(nullptr, *again));
  if (exact.contradicted())
    return fail(ErrorKind::kConflict,
                "the file changed while it was read; run again when it is complete");
  return TypedRead{.schema = schema_of(settled, typing),
                   .counts = exact.counts(),
                   .passes = 2,
                   .left_out = std::move(settled.left_out)};
}

Result<Schema> infer_schema(const RecordFile& file, const Typing& typing,
                            const Resources& resources) {
  begin_pass(resources, 1);
  LAKEGATE_TRY(auto reader, file.open());
  Observed observed;
  const auto source = [&] { return reader->next(); };
  const auto work = [](const Chunk& chunk) -> Result<Observed> {
    Observed seen;
    LAKEGATE_CHECK(chunk.observe(seen));
    return seen;
  };
  const auto sink = [&](const Chunk&, Observed seen) -> Result<void> {
    observed.join(seen);
    return {};
  };
  LAKEGATE_CHECK((run_ordered<Chunk, Observed>(source, work, sink, ordered_options(resources))));
  LAKEGATE_TRY(DecodePlan plan, make_plan(file, typing, observed, true));
  return schema_of(plan, typing);
}

}  // namespace lakegate
