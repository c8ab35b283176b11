#include "convert/curated_writer.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "formats/arrow_bridge.h"
#include "formats/text_value.h"
#include "schema/calendar.h"
#include "schema/cell.h"

namespace lakegate {
namespace {

using From = PartitionLevel::From;
using Kind = LogicalType::Kind;

constexpr std::size_t kMaxFolderBytes = 255;  // NAME_MAX of Linux and macOS

bool needs_row(const PartitionLevel& level) {
  return level.from == From::kColumn || level.from == From::kColumnTime;
}

bool is_level_column(const PartitionSpec& spec, const std::string& name) {
  return std::any_of(spec.begin(), spec.end(), [&](const PartitionLevel& level) {
    return level.from == From::kColumn && level.source == name;
  });
}

// A level's value where the arrival alone gives it.
std::string arrival_value(const PartitionLevel& level, const Arrival& arrival) {
  if (level.from == From::kArrival) return truncate_iso(to_iso(arrival.arrived_at), level.unit);
  const auto it = arrival.captures.find(level.source);
  return it == arrival.captures.end() ? "" : it->second;
}

// Appends the level's value in one row to `out`.
void append_row_value(const PartitionLevel& level, const arrow::Array& column, std::int64_t row,
                      std::string& out) {
  if (level.from == From::kColumn) return append_text(column, row, out);
  std::string iso;
  if (column.type_id() == arrow::Type::DATE32)
    iso = cell::format_timestamp(
        static_cast<const arrow::Date32Array&>(column).Value(row) * kMicrosPerDay, false);
  else
    iso =
        cell::format_timestamp(static_cast<const arrow::TimestampArray&>(column).Value(row), false);
  out += truncate_iso(iso, level.unit);
}

// The rows of a batch by partition, in order of first appearance.
using RowsByPartition = std::vector<std::pair<std::string, std::vector<std::int64_t>>>;

RowsByPartition group_rows(const PartitionSpec& spec, const Schema& schema, const Arrival& arrival,
                           const arrow::RecordBatch& rows) {
  std::vector<const arrow::Array*> columns;
  for (const PartitionLevel& level : spec) {
    const Field* field = needs_row(level) ? schema.find(level.source) : nullptr;
    columns.push_back(field == nullptr
                          ? nullptr
                          : rows.column(static_cast<int>(field - schema.fields.data())).get());
  }
  RowsByPartition groups;
  std::unordered_map<std::string, std::size_t>
      index;  // by raw values, so that folders are made once
  std::string raw, previous;
  std::size_t group = 0;
  for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
    raw.clear();
    for (std::size_t i = 0; i < spec.size(); ++i) {
      const std::size_t begin = raw.size();
      if (columns[i] != nullptr) append_row_value(spec[i], *columns[i], row, raw);
      const std::size_t size = raw.size() - begin;  // a value may hold any separator
      raw.append(reinterpret_cast<const char*>(&size), sizeof size);
    }
    if (row == 0 || raw != previous) {
      const auto [it, is_new] = index.try_emplace(raw, groups.size());
      group = it->second;
      if (is_new) {
        std::string partition;
        for (std::size_t i = 0; i < spec.size(); ++i) {
          std::string value;
          if (columns[i] != nullptr)
            append_row_value(spec[i], *columns[i], row, value);
          else
            value = arrival_value(spec[i], arrival);
          if (i > 0) partition += '/';
          partition += partition_folder(spec[i].name, value);
        }
        groups.emplace_back(std::move(partition), std::vector<std::int64_t>{});
      }
      previous = raw;
    }
    groups[group].second.push_back(row);
  }
  return groups;
}

Result<std::shared_ptr<arrow::Array>> constant(const Field& field, const std::string& value,
                                               std::int64_t rows) {
  std::shared_ptr<arrow::Scalar> scalar = std::make_shared<arrow::StringScalar>(value);
  std::int32_t days = 0;
  std::int64_t micros = 0;
  if (field.type.is(Kind::kDate) && cell::parse_date(value, days))
    scalar = std::make_shared<arrow::Date32Scalar>(days);
  else if (field.type.is(Kind::kTimestamp) && cell::parse_timestamp(value, micros))
    scalar = std::make_shared<arrow::TimestampScalar>(micros, to_arrow(field.type));
  return from_arrow(arrow::MakeArrayFromScalar(*scalar, rows, memory_pool()));
}

// A value that is too long for a folder's name would fail only when its neighbours are visible.
Result<void> check_folders(const std::string& partition) {
  for (std::size_t begin = 0; begin < partition.size();) {
    const std::size_t end = std::min(partition.find('/', begin), partition.size());
    if (end - begin > kMaxFolderBytes)
      return invalid_input(fmt::format(
          "a value of the partition column {} makes a folder name of {} bytes, {} are possible; "
          "partition by another column, or shorten the value",
          partition.substr(begin, partition.find('=', begin) - begin), end - begin,
          kMaxFolderBytes));
    begin = end + 1;
  }
  return {};
}

}  // namespace

Result<void> check_columns(const PartitionSpec& partition_by, bool lineage, const Schema& schema) {
  for (const PartitionLevel& level : partition_by) {
    if (needs_row(level) && schema.find(level.source) == nullptr)
      return invalid_input(
          fmt::format("partition_by names the column {}, which the file and the schema do not have",
                      level.source));
    if (level.from == From::kColumn) {
      const LogicalType& type = schema.find(level.source)->type;
      if (!type.children.empty() || type.is(Kind::kUnknown))
        return invalid_input(fmt::format(
            "partition_by: the column {} is of type {}; a folder can be made of scalar values only",
            level.source, to_string(type)));
      continue;
    }
    if (schema.find(level.name) != nullptr)
      return invalid_input(
          fmt::format("the partition folder {}= has the name of a column; give it another with "
                      "`as:` in partition_by",
                      level.name));
    if (level.from != From::kColumnTime) continue;
    const LogicalType& type = schema.find(level.source)->type;
    if (!type.is(Kind::kDate) && !type.is(Kind::kTimestamp) && !type.is(Kind::kTimestampTz))
      return invalid_input(
          fmt::format("partition_by: the column {} is of type {}, not a date or timestamp; declare "
                      "its type and format",
                      level.source, to_string(type)));
  }
  if (lineage)
    for (const Field& field : kLineageFields)
      if (schema.find(field.name) != nullptr)
        return invalid_input(fmt::format(
            "the column {} has the name of a lineage column; rename it, or set lineage: false",
            field.name));
  return {};
}

bool partition_needs_rows(const PartitionSpec& spec) {
  return std::any_of(spec.begin(), spec.end(), needs_row);
}

std::string arrival_partition(const PartitionSpec& spec, const Arrival& arrival) {
  std::string partition;
  for (const PartitionLevel& level : spec) {
    if (!partition.empty()) partition += '/';
    partition += partition_folder(level.name, arrival_value(level, arrival));
  }
  return partition;
}

struct CuratedWriter::Part {
  OutputFile file;
  std::unique_ptr<HashingSink> sink;
  std::unique_ptr<ParquetFileWriter> parquet;
};

CuratedWriter::CuratedWriter(ObjectStore& store, CuratedLayout layout)
    : store_(store), layout_(std::move(layout)) {}
CuratedWriter::~CuratedWriter() = default;

Result<void> CuratedWriter::begin(const Schema& schema,
                                  const std::map<std::string, std::string>& metadata) {
  for (const auto& [key, value] : metadata) layout_.parquet.metadata[key] = value;
  open_.reset();
  sealed_.clear();
  parts_in_partition_ = 0;
  schema_ = schema;
  LAKEGATE_CHECK(check_columns(layout_.partition_by, layout_.lineage, schema_));
  spool_ =
      partition_needs_rows(layout_.partition_by) ? std::make_unique<PartitionSpool>() : nullptr;

  Schema in_file;
  file_columns_.clear();
  for (std::size_t i = 0; i < schema_.fields.size(); ++i) {
    const Field& field = schema_.fields[i];
    if (field.type.is(Kind::kUnknown) || is_level_column(layout_.partition_by, field.name))
      continue;
    file_columns_.push_back(static_cast<int>(i));
    in_file.fields.push_back(field);
  }
  if (layout_.lineage)
    in_file.fields.insert(in_file.fields.end(), kLineageFields.begin(), kLineageFields.end());
  file_schema_ = to_arrow(in_file);
  return {};
}

Result<std::shared_ptr<arrow::RecordBatch>> CuratedWriter::complete(
    const arrow::RecordBatch& rows, const std::vector<std::int64_t>& row_numbers) {
  arrow::ArrayVector columns;
  for (int i : file_columns_) {
    const Field& field = schema_.fields[static_cast<std::size_t>(i)];
    const bool captured = std::find(layout_.capture_columns.begin(), layout_.capture_columns.end(),
                                    field.name) != layout_.capture_columns.end();
    if (captured) {
      LAKEGATE_TRY(auto column,
                   constant(field, layout_.arrival.captures.at(field.name), rows.num_rows()));
      columns.push_back(std::move(column));
    } else {
      columns.push_back(rows.column(i));
    }
  }
  if (layout_.lineage) {
    LAKEGATE_TRY(auto id, constant(kLineageFields[0], layout_.arrival.id.str(), rows.num_rows()));
    columns.push_back(std::move(id));
    const auto micros = std::chrono::floor<std::chrono::microseconds>(layout_.arrival.arrived_at);
    const arrow::TimestampScalar time(micros.time_since_epoch().count(),
                                      to_arrow(kLineageFields[1].type));
    LAKEGATE_TRY(auto at,
                 from_arrow(arrow::MakeArrayFromScalar(time, rows.num_rows(), memory_pool())));
    columns.push_back(std::move(at));
    arrow::Int64Builder numbers(memory_pool());
    LAKEGATE_ARROW_CHECK(numbers.AppendValues(row_numbers));
    LAKEGATE_TRY(auto row, from_arrow(numbers.Finish()));
    columns.push_back(std::move(row));
  }
  return arrow::RecordBatch::Make(file_schema_, rows.num_rows(), std::move(columns));
}

Result<void> CuratedWriter::take(const arrow::RecordBatch& rows,
                                 const std::vector<std::int64_t>& row_numbers) {
  if (rows.num_rows() == 0) return {};
  LAKEGATE_TRY(auto batch, complete(rows, row_numbers));
  if (!spool_) return write(arrival_partition(layout_.partition_by, layout_.arrival), *batch);
  const RowsByPartition groups = group_rows(layout_.partition_by, schema_, layout_.arrival, rows);
  if (groups.size() == 1) return spool_->add(groups[0].first, std::move(batch));
  for (const auto& [partition, indices] : groups) {
    arrow::Int64Builder builder(memory_pool());
    LAKEGATE_ARROW_CHECK(builder.AppendValues(indices));
    LAKEGATE_TRY(auto array, from_arrow(builder.Finish()));
    LAKEGATE_TRY(auto taken, from_arrow(arrow::compute::Take(batch, array)));
    LAKEGATE_CHECK(spool_->add(partition, taken.record_batch()));
  }
  return {};
}

Result<void> CuratedWriter::write(const std::string& partition, const arrow::RecordBatch& rows) {
  if (open_ && open_->file.partition != partition) {
    LAKEGATE_CHECK(end_part());
    parts_in_partition_ = 0;
  }
  if (!open_) {
    LAKEGATE_CHECK(check_folders(partition));
    auto part = std::make_unique<Part>();
    part->file.partition = partition;
    part->file.key = layout::curated_key({.dataset = layout_.arrival.dataset,
                                          .partition = partition,
                                          .stem = layout::output_stem(layout_.arrival.key),
                                          .arrival = layout_.arrival.id,
                                          .generation = layout_.generation,
                                          .part = parts_in_partition_++});
    LAKEGATE_TRY(auto pending, store_.create(part->file.key));
    part->sink = std::make_unique<HashingSink>(std::move(pending));
    LAKEGATE_TRY(part->parquet,
                 ParquetFileWriter::open(file_schema_, *part->sink, layout_.parquet));
    open_ = std::move(part);
  }
  LAKEGATE_CHECK(open_->parquet->write(rows));
  if (open_->parquet->rows() >= kPartRows || open_->sink->size() >= kPartBytes) return end_part();
  return {};
}

Result<void> CuratedWriter::end_part() {
  Part& part = *open_;
  LAKEGATE_CHECK(part.parquet->close());
  LAKEGATE_CHECK(part.sink->seal());
  part.file.rows = part.parquet->rows();
  part.file.size = part.sink->size();
  part.file.sha256 = part.sink->sha256();
  part.parquet.reset();
  sealed_.push_back(std::move(open_));
  return {};
}

Result<std::vector<OutputFile>> CuratedWriter::seal() {
  if (spool_) {
    for (const std::string& partition : spool_->partitions()) {
      LAKEGATE_TRY(auto rows, spool_->rows_of(partition));
      for (;;) {
        LAKEGATE_TRY(auto batch, rows->next());
        if (!batch) break;
        LAKEGATE_CHECK(write(partition, *batch));
      }
    }
  } else if (!open_ && sealed_.empty()) {
    LAKEGATE_TRY(auto none, from_arrow(arrow::RecordBatch::MakeEmpty(file_schema_, memory_pool())));
    LAKEGATE_CHECK(write(arrival_partition(layout_.partition_by, layout_.arrival), *none));
  }
  if (open_) LAKEGATE_CHECK(end_part());
  std::vector<OutputFile> files;
  for (const auto& part : sealed_) files.push_back(part->file);
  return files;
}

Result<void> CuratedWriter::publish() {
  for (const auto& part : sealed_) LAKEGATE_CHECK(part->sink->publish());
  return {};
}

}  // namespace lakegate
