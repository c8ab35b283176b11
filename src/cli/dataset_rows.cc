#include "cli/dataset_rows.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/newest_rows.h"
#include "convert/lake_run.h"
#include "formats/arrow_bridge.h"
#include "formats/parquet/reader.h"
#include "load/curated_rows.h"
#include "tables/table.h"

namespace lakegate::cli {
namespace {

bool is_newer(const Arrival& a, const Arrival& b) {
  return RowOrder::of(a) > RowOrder::of(b);
}

// The runs whose rows the view shows, oldest first.
std::vector<RunRecord> runs_shown(std::vector<RunRecord> runs, Mode mode, DatasetView view) {
  std::sort(runs.begin(), runs.end(),
            [](const RunRecord& a, const RunRecord& b) { return is_newer(b.arrival, a.arrival); });
  if (mode != Mode::kSnapshot || view == DatasetView::kHistory) return runs;
  std::map<ObjectKey, ArrivalId> newest;
  for (const RunRecord& run : runs) newest[run.arrival.key] = run.arrival.id;
  std::erase_if(runs,
                [&](const RunRecord& run) { return newest.at(run.arrival.key) != run.arrival.id; });
  return runs;
}

Schema schema_shown(const DatasetConfig& dataset, Schema schema, DatasetView view) {
  for (const PartitionLevel& level : dataset.partition_by) {
    const bool stands_in_path_only = level.from == PartitionLevel::From::kCapture;
    if (stands_in_path_only && schema.find(level.name) == nullptr)
      schema.fields.push_back({.name = level.name, .type = {LogicalType::Kind::kText}});
  }
  if (view == DatasetView::kHistory && dataset.lineage)
    schema.fields.insert(schema.fields.end(), kLineageFields.begin(), kLineageFields.end());
  return schema;
}

// A file's rows in the columns of the view: what the file lacks stands in its folder, or is null.
Result<std::shared_ptr<arrow::RecordBatch>> conform(
    const arrow::RecordBatch& rows, const Schema& schema,
    const std::map<std::string, std::string>& partition) {
  arrow::ArrayVector columns;
  const auto shown = to_arrow(schema);
  for (const auto& field : shown->fields()) {
    auto column = rows.GetColumnByName(field->name());
    const auto folder = partition.find(field->name());
    if (column) {
      LAKEGATE_TRY(column, cast_exactly(column, field->type()));
    } else if (folder != partition.end()) {
      LAKEGATE_TRY(const auto value, partition_scalar(folder->second, *schema.find(field->name())));
      LAKEGATE_TRY(column,
                   from_arrow(arrow::MakeArrayFromScalar(*value, rows.num_rows(), memory_pool())));
    } else {
      LAKEGATE_TRY(column, from_arrow(arrow::MakeArrayOfNull(field->type(), rows.num_rows(),
                                                             memory_pool())));
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(shown, rows.num_rows(), std::move(columns));
}

// Every row of the runs, in order, until `take` says that it has enough.
using Take = std::function<Result<bool>(std::shared_ptr<arrow::RecordBatch>)>;
Result<void> for_each_batch(const ObjectStore& store, const DatasetConfig& dataset,
                            const std::vector<RunRecord>& runs, const Schema& schema,
                            const Take& take) {
  for (const RunRecord& run : runs) {
    for (const OutputFile& file : run.outputs) {
      LAKEGATE_TRY(auto input, store.open(file.key));
      LAKEGATE_TRY(auto batches, open_parquet_batches(std::move(input)));
      LAKEGATE_TRY(const auto partition, partition_values(file.partition, dataset.partition_by));
      for (;;) {
        LAKEGATE_TRY(auto batch, batches->next());
        if (!batch) break;
        LAKEGATE_TRY(auto rows, conform(*batch, schema, partition));
        LAKEGATE_TRY(const bool wants_more, take(std::move(rows)));
        if (!wants_more) return {};
      }
    }
  }
  return {};
}

}  // namespace

Result<std::optional<std::uint64_t>> print_dataset(const ObjectStore& store,
                                                   const DatasetConfig& dataset, DatasetView view,
                                                   RowPrinter& printer) {
  LAKEGATE_TRY(auto stored, load_schema(store, dataset.name));
  if (!stored)
    return fail(
        ErrorKind::kNotFound,
        fmt::format("dataset {} has no rows yet: nothing of it has been run", dataset.name.str()));
  LAKEGATE_TRY(auto runs, list_runs(store, dataset.name));
  runs = runs_shown(std::move(runs), dataset.mode, view);
  const Schema schema = schema_shown(dataset, stored->remembered.current().schema, view);
  printer.begin(to_arrow(schema));
  const auto print = [&](const arrow::RecordBatch& rows) {
    printer.take(rows);
    return !printer.has_enough();
  };
  if (dataset.mode == Mode::kUpsert && view == DatasetView::kLatest) {
    LAKEGATE_TRY(auto newest, NewestRows::make(dataset.key));
    const Take note = [&](auto rows) -> Result<bool> {
      LAKEGATE_CHECK(newest->note(*rows));
      return true;
    };
    const Take print_newest = [&](auto rows) -> Result<bool> {
      LAKEGATE_TRY(rows, newest->filter(rows));
      return print(*rows);
    };
    LAKEGATE_CHECK(for_each_batch(store, dataset, runs, schema, note));
    LAKEGATE_CHECK(newest->settle());
    LAKEGATE_CHECK(for_each_batch(store, dataset, runs, schema, print_newest));
    printer.finish();
    return newest->count();
  }
  const Take print_all = [&](auto rows) -> Result<bool> { return print(*rows); };
  LAKEGATE_CHECK(for_each_batch(store, dataset, runs, schema, print_all));
  printer.finish();
  std::uint64_t total = 0;
  for (const RunRecord& run : runs) total += run.counts.rows_written;
  return total;
}

}  // namespace lakegate::cli
