#include "cli/dataset_rows.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/newest_rows.h"
#include "convert/lake_run.h"
#include "formats/arrow_bridge.h"
#include "formats/parquet/reader.h"
#include "tables/table.h"

namespace lakegate::cli {
namespace {

std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_escape =
        text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    decoded +=
        is_escape ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (is_escape) i += 2;
  }
  return decoded;
}

// "store=a%2Fb/dt=2026-11-23" by name.
std::map<std::string, std::string> values_of(std::string_view partition) {
  std::map<std::string, std::string> values;
  while (!partition.empty()) {
    const std::string_view folder = partition.substr(0, partition.find('/'));
    partition.remove_prefix(std::min(folder.size() + 1, partition.size()));
    const std::size_t equals = folder.find('=');
    if (equals != std::string_view::npos)
      values.emplace(folder.substr(0, equals), percent_decoded(folder.substr(equals + 1)));
  }
  return values;
}

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

std::shared_ptr<arrow::Schema> schema_shown(const DatasetConfig& dataset, Schema schema,
                                            DatasetView view) {
  for (const PartitionLevel& level : dataset.partition_by) {
    const bool stands_in_path_only = level.from == PartitionLevel::From::kCapture;
    if (stands_in_path_only && schema.find(level.name) == nullptr)
      schema.fields.push_back({.name = level.name, .type = {LogicalType::Kind::kText}});
  }
  if (view == DatasetView::kHistory && dataset.lineage)
    schema.fields.insert(schema.fields.end(), kLineageFields.begin(), kLineageFields.end());
  return to_arrow(schema);
}

Result<std::shared_ptr<arrow::Array>> constant(const std::shared_ptr<arrow::DataType>& type,
                                               const std::string& text, std::int64_t rows) {
  LAKEGATE_TRY(auto scalar, from_arrow(arrow::Scalar::Parse(type, text)));
  return from_arrow(arrow::MakeArrayFromScalar(*scalar, rows, memory_pool()));
}

// A file's rows in the columns of the view.
Result<std::shared_ptr<arrow::RecordBatch>> conform(
    const arrow::RecordBatch& rows, const std::shared_ptr<arrow::Schema>& schema,
    const std::map<std::string, std::string>& partition) {
  arrow::ArrayVector columns;
  for (const auto& field : schema->fields()) {
    auto column = rows.GetColumnByName(field->name());
    const auto folder = partition.find(field->name());
    if (column) {
      LAKEGATE_TRY(column, cast_exactly(column, field->type()));
    } else if (folder != partition.end()) {
      LAKEGATE_TRY(column, constant(field->type(), folder->second, rows.num_rows()));
    } else {
      LAKEGATE_TRY(column, from_arrow(arrow::MakeArrayOfNull(field->type(), rows.num_rows(),
                                                             memory_pool())));
    }
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, rows.num_rows(), std::move(columns));
}

// Every row of the runs, in order, until `take` says that it has enough.
using Take = std::function<Result<bool>(std::shared_ptr<arrow::RecordBatch>)>;
Result<void> for_each_batch(const ObjectStore& store, const std::vector<RunRecord>& runs,
                            const std::shared_ptr<arrow::Schema>& schema, const Take& take) {
  for (const RunRecord& run : runs) {
    for (const OutputFile& file : run.outputs) {
      LAKEGATE_TRY(auto input, store.open(file.key));
      LAKEGATE_TRY(auto batches, open_parquet_batches(std::move(input)));
      const auto partition = values_of(file.partition);
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
  const auto schema = schema_shown(dataset, stored->remembered.current().schema, view);
  printer.begin(schema);
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
    LAKEGATE_CHECK(for_each_batch(store, runs, schema, note));
    LAKEGATE_CHECK(newest->settle());
    LAKEGATE_CHECK(for_each_batch(store, runs, schema, print_newest));
    printer.finish();
    return newest->count();
  }
  const Take print_all = [&](auto rows) -> Result<bool> { return print(*rows); };
  LAKEGATE_CHECK(for_each_batch(store, runs, schema, print_all));
  printer.finish();
  std::uint64_t total = 0;
  for (const RunRecord& run : runs) total += run.counts.rows_written;
  return total;
}

}  // namespace lakegate::cli
