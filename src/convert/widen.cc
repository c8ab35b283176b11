// A column's type made wider through the whole history of a dataset.
#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>

#include "build_info.h"
#include "convert/curated_writer.h"
#include "convert/lake_run.h"
#include "convert/orphans.h"
#include "formats/arrow_bridge.h"
#include "formats/parquet/reader.h"
#include "lake/layout.h"
#include "lake/names.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

// What a type can become without losing anything, as far as types alone tell; whether each value
// survives is tried on the files themselves.
bool can_widen(const LogicalType& from, const LogicalType& to) {
  const auto is_one_of = [&](std::initializer_list<Kind> kinds) {
    return std::find(kinds.begin(), kinds.end(), to.kind) != kinds.end();
  };
  switch (from.kind) {
    case Kind::kUnknown:
      return !to.is(Kind::kUnknown);
    case Kind::kInt32:
      return is_one_of({Kind::kInt64, Kind::kDouble, Kind::kDecimal, Kind::kText});
    case Kind::kInt64:
      return is_one_of({Kind::kDouble, Kind::kDecimal, Kind::kText});
    case Kind::kFloat32:
      return is_one_of({Kind::kDouble, Kind::kText});
    case Kind::kDate:
      return is_one_of({Kind::kTimestamp, Kind::kText});
    case Kind::kDecimal:
      if (to.is(Kind::kDecimal))
        return to.scale >= from.scale && to.precision - to.scale >= from.precision - from.scale;
      return is_one_of({Kind::kText});
    case Kind::kBool:
    case Kind::kDouble:
    case Kind::kTimestamp:
    case Kind::kTimestampTz:
      return is_one_of({Kind::kText});
    case Kind::kText:
    case Kind::kBinary:
    case Kind::kList:
    case Kind::kStruct:
      return false;
  }
  return false;
}

std::string possible_types(const LogicalType& from) {
  std::string names;
  for (const char* name :
       {"int64", "double", "decimal(38,0)", "decimal(38,9)", "timestamp", "text"}) {
    auto type = type_from(name);
    if (type && *type != from && can_widen(from, *type))
      names += (names.empty() ? "" : ", ") + std::string(name);
  }
  if (!names.empty()) return names;
  return from.is(Kind::kText) ? "nothing: it holds everything already"
                              : "nothing: lists, structs and bytes are not widened";
}

Result<void> try_cast(const ObjectStore& store, const OutputFile& file, const std::string& column,
                      const LogicalType& to) {
  LAKEGATE_TRY(auto input, store.open(file.key));
  LAKEGATE_TRY(auto batches, open_parquet_batches(std::move(input)));
  for (;;) {
    LAKEGATE_TRY(auto batch, batches->next());
    if (!batch) return {};
    const auto array = batch->GetColumnByName(column);
    if (!array) continue;
    if (auto fits = cast_exactly(array, to_arrow(to)); !fits) {
      Error error = std::move(fits).error();
      error.where.file = file.key.str();
      error.message = column + ": " + error.message;
      return Failure(std::move(error));
    }
  }
}

// One curated file under the new schema: the column cast, columns that the schema has gained null.
Result<OutputFile> rewrite_file(ObjectStore& store, const RunRecord& next, const OutputFile& file,
                                int part, const std::shared_ptr<arrow::Schema>& schema,
                                ParquetOptions options, std::unique_ptr<HashingSink>& sink) {
  OutputFile rewritten = file;
  rewritten.key = layout::curated_key({.dataset = next.arrival.dataset,
                                       .partition = file.partition,
                                       .stem = layout::output_stem(next.arrival.key),
                                       .arrival = next.arrival.id,
                                       .generation = next.generation,
                                       .part = part});
  LAKEGATE_TRY(auto input, store.open(file.key));
  LAKEGATE_TRY(const ParquetContents contents, parquet_contents(input));
  options.metadata = contents.metadata;
  options.metadata["lakegate.version"] = kVersion;
  options.metadata["lakegate.schema_version"] = std::to_string(next.schema_version);
  LAKEGATE_TRY(auto pending, store.create(rewritten.key));
  sink = std::make_unique<HashingSink>(std::move(pending));
  LAKEGATE_TRY(auto writer, ParquetFileWriter::open(schema, *sink, options));
  LAKEGATE_TRY(auto batches, open_parquet_batches(std::move(input)));
  for (;;) {
    LAKEGATE_TRY(auto batch, batches->next());
    if (!batch) break;
    arrow::ArrayVector columns;
    for (const auto& field : schema->fields()) {
      auto array = batch->GetColumnByName(field->name());
      if (array) {
        LAKEGATE_TRY(array, cast_exactly(array, field->type()));
      } else {
        LAKEGATE_TRY(array, from_arrow(arrow::MakeArrayOfNull(field->type(), batch->num_rows(),
                                                              memory_pool())));
      }
      columns.push_back(std::move(array));
    }
    LAKEGATE_CHECK(
        writer->write(*arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(columns))));
  }
  LAKEGATE_CHECK(writer->close());
  LAKEGATE_CHECK(sink->seal());
  rewritten.size = sink->size();
  rewritten.sha256 = sink->sha256();
  return rewritten;
}

// The columns that files of the dataset hold under a schema: not those that are folders.
std::shared_ptr<arrow::Schema> file_schema(const DatasetConfig& dataset, Schema schema) {
  std::erase_if(schema.fields, [&](const Field& field) {
    return std::any_of(
        dataset.partition_by.begin(), dataset.partition_by.end(), [&](const PartitionLevel& level) {
          return level.from == PartitionLevel::From::kColumn && level.source == field.name;
        });
  });
  if (dataset.lineage)
    schema.fields.insert(schema.fields.end(), kLineageFields.begin(), kLineageFields.end());
  return to_arrow(schema);
}

Result<void> rewrite_run(ObjectStore& store, const DatasetConfig& dataset, const RunRecord& record,
                         const RememberedSchema::Version& version, const Resources& resources) {
  const ObjectKey key = layout::run_key(record.arrival.dataset, record.arrival.id);
  LAKEGATE_TRY(const Blob before, store.get(key));
  LAKEGATE_CHECK(check_not_rewritten(before, record));
  RunRecord next = record;
  LAKEGATE_TRY(next.generation, next_generation(store, record));
  next.schema_version = version.version;
  next.lakegate_version = std::string(kVersion);
  next.outputs.clear();
  const ParquetOptions options{.modern_encodings = dataset.modern_encodings,
                               .threads = resources.thread_count() > 1,
                               .thread_count = resources.thread_count(),
                               .metadata = {}};
  const auto schema = file_schema(dataset, version.schema);
  std::vector<std::unique_ptr<HashingSink>> sinks;
  std::map<std::string, int> parts;
  for (const OutputFile& file : record.outputs) {
    LAKEGATE_TRY(OutputFile rewritten, rewrite_file(store, next, file, parts[file.partition]++,
                                                    schema, options, sinks.emplace_back()));
    next.outputs.push_back(std::move(rewritten));
  }
  LAKEGATE_CHECK(begin_rewrite(store, record.arrival));
  for (const auto& sink : sinks) LAKEGATE_CHECK(sink->publish());
  return commit_rewrite(store, next, before.tag);
}

}  // namespace

Result<WidenPlan> plan_widen(const ObjectStore& store, const DatasetName& dataset,
                             const std::string& column, const LogicalType& to) {
  LAKEGATE_TRY(auto stored, load_schema(store, dataset));
  if (!stored)
    return invalid_input(fmt::format(
        "dataset {} has no remembered schema: nothing has been converted yet", dataset.str()));
  const Schema& schema = stored->remembered.current().schema;
  const Field* field = schema.find(column);
  if (field == nullptr) {
    std::vector<std::string> names;
    for (const Field& known : schema.fields) names.push_back(known.name);
    const std::string near = nearest_name(column, names);
    return invalid_input(fmt::format("dataset {} has no column {}{}", dataset.str(), column,
                                     near.empty() ? "" : fmt::format("; did you mean {}?", near)));
  }
  WidenPlan plan{.dataset = dataset, .column = column, .from = field->type, .to = to, .runs = {}};
  LAKEGATE_TRY(auto runs, list_runs(store, dataset));
  for (RunRecord& run : runs) {
    const auto* version = stored->remembered.find(run.schema_version);
    const Field* then = version == nullptr ? nullptr : version->schema.find(column);
    if (then == nullptr || then->type == to || then->type.is(Kind::kUnknown)) continue;
    if (!can_widen(then->type, to))
      return invalid_input(fmt::format(
          "{}.{} is {}, which cannot become {} without loss; it can become {}", dataset.str(),
          column, to_string(then->type), to_string(to), possible_types(then->type)));
    for (const OutputFile& file : run.outputs) {
      LAKEGATE_CHECK(try_cast(store, file, column, to));
      plan.rows += file.rows;
      plan.bytes += file.size;
    }
    plan.runs.push_back(std::move(run));
  }
  if (field->type != to && !can_widen(field->type, to))
    return invalid_input(fmt::format(
        "{}.{} is {}, which cannot become {} without loss; it can become {}", dataset.str(), column,
        to_string(field->type), to_string(to), possible_types(field->type)));
  return plan;
}

Result<void> widen(ObjectStore& store, const DatasetConfig& dataset, const WidenPlan& plan,
                   const Resources& resources) {
  LAKEGATE_TRY(auto stored, load_schema(store, plan.dataset));
  RememberedSchema remembered = stored->remembered;
  if (remembered.current().schema.find(plan.column)->type != plan.to) {
    RememberedSchema::Version next = remembered.current();
    ++next.version;
    next.because = fmt::format("widen {} from {} to {}", plan.column, to_string(plan.from),
                               to_string(plan.to));
    for (Field& field : next.schema.fields)
      if (field.name == plan.column) field.type = plan.to;
    remembered.versions.push_back(std::move(next));
    LAKEGATE_CHECK(
        store.put_if_match(layout::schema_key(plan.dataset), to_json(remembered), stored->tag));
  }
  for (const RunRecord& run : plan.runs)
    LAKEGATE_CHECK(rewrite_run(store, dataset, run, remembered.current(), resources));
  return {};
}

}  // namespace lakegate
