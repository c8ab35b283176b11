// Parquet that lands: typed already, and held to the same contracts as text.
#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "formats/arrow_bridge.h"
#include "formats/open.h"
#include "formats/parquet/cast.h"
#include "formats/parquet/open_file.h"
#include "formats/text_value.h"
#include "lake/json_text.h"
#include "schema/types.h"

namespace lakegate {
namespace {

struct Columns {
  std::vector<std::string> names;
  std::vector<Field> declared;
  std::vector<std::string> remarks;
};

// Whether a writer called a column nullable says little of the next file; and names are the
// file's own.
void forget_accidents(Field& field) {
  field.required = false;
  field.original.clear();
  for (Field& child : field.type.children) forget_accidents(child);
}

// Duplicate names get the first free number.
std::string unique_name(const std::string& name, const std::vector<std::string>& taken) {
  std::string unique = name;
  for (int i = 2; std::find(taken.begin(), taken.end(), unique) != taken.end(); ++i)
    unique = fmt::format("{}_{}", name, i);
  return unique;
}

Result<Columns> columns_of(const arrow::Schema& schema, const parquet::FileMetaData& metadata) {
  Columns columns;
  for (const auto& arrow_field : schema.fields()) {
    LAKEGATE_TRY(Field field, from_arrow(*arrow_field));
    forget_accidents(field);
    field.name = unique_name(field.name, columns.names);
    if (field.name != arrow_field->name())
      columns.remarks.push_back(
          fmt::format("duplicate column name {} renamed to {}", arrow_field->name(), field.name));
    columns.names.push_back(field.name);
    columns.declared.push_back(std::move(field));
  }
  for (int i = 0; i < metadata.schema()->num_columns(); ++i)
    if (metadata.schema()->Column(i)->physical_type() == parquet::Type::INT96)
      columns.remarks.push_back(
          fmt::format("column {}: INT96 timestamps are read to the microsecond, without a zone",
                      metadata.schema()->Column(i)->path()->ToDotString()));
  return columns;
}

// What is wrong with a row, by its index in the chunk; the first column that objects has the say.
class Objections {
 public:
  explicit Objections(std::int64_t rows) : columns_(static_cast<std::size_t>(rows), -1) {}

  void add(std::int64_t row, int column) {
    int& objecting = columns_[static_cast<std::size_t>(row)];
    if (objecting >= 0) return;
    objecting = column;
    ++count_;
  }
  std::int64_t count() const { return count_; }
  int column(std::int64_t row) const { return columns_[static_cast<std::size_t>(row)]; }

 private:
  std::vector<int> columns_;
  std::int64_t count_ = 0;
};

std::string quoted_value(const arrow::Array& array, std::int64_t row) {
  constexpr std::size_t kMostBytes = 200;
  std::string text;
  append_json(array, row, text);
  if (text.size() <= kMostBytes) return text;
  std::size_t end = kMostBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

class ParquetChunk final : public Chunk {
 public:
  ParquetChunk(std::shared_ptr<const Columns> columns, std::shared_ptr<arrow::RecordBatch> batch)
      : columns_(std::move(columns)), batch_(std::move(batch)) {}

  Result<DecodedChunk> decode(const DecodePlan& plan) const override;

  Result<void> observe(Observed& root) const override {
    for (int i = 0; i < batch_->num_columns(); ++i) {
      const auto& array = batch_->column(i);
      Observed& seen = root.field(columns_->names[static_cast<std::size_t>(i)]);
      if (array->null_count() > 0) seen.seen |= kSeenNull;
      if (array->null_count() < array->length())
        seen.join(observed_from(columns_->declared[static_cast<std::size_t>(i)].type));
    }
    return {};
  }

 private:
  int find(const ColumnPlan& plan) const {
    if (plan.is_captured) return -1;
    if (plan.source >= 0 && plan.source < batch_->num_columns()) return plan.source;
    const auto& names = columns_->names;
    const auto name = std::find(names.begin(), names.end(), plan.field.source_name());
    return name == names.end() ? -1 : static_cast<int>(name - names.begin());
  }
  Result<std::shared_ptr<arrow::Array>> decode_column(const ColumnPlan& plan, int number,
                                                      Objections& objections) const;
  void object_to_unknown(const DecodePlan& plan, Objections& objections) const;
  Reject reject(const DecodePlan& plan, std::int64_t row, int objecting) const;

  std::shared_ptr<const Columns> columns_;
  std::shared_ptr<arrow::RecordBatch> batch_;
};

Result<std::shared_ptr<arrow::Array>> ParquetChunk::decode_column(const ColumnPlan& plan,
                                                                  int number,
                                                                  Objections& objections) const {
  const int source = find(plan);
  const auto type = to_arrow(plan.field.type);
  PartialCast cast;
  if (source < 0) {
    LAKEGATE_TRY(cast.array,
                 from_arrow(arrow::MakeArrayOfNull(type, batch_->num_rows(), memory_pool())));
  } else {
    LAKEGATE_TRY(cast, from_arrow(cast_rows(batch_->column(source), type)));
    for (const std::int64_t row : cast.misfits) objections.add(row, number);
    if (!is_utf8(*cast.array))
      for (std::int64_t row = 0; row < batch_->num_rows(); ++row)
        if (!is_utf8(*cast.array->Slice(row, 1))) objections.add(row, number);
  }
  if (plan.field.required && cast.array->null_count() > 0)
    for (std::int64_t row = 0; row < batch_->num_rows(); ++row)
      if (cast.array->IsNull(row)) objections.add(row, number);
  return cast.array;
}

// Columns that the plan does not have stand after those that it has.
void ParquetChunk::object_to_unknown(const DecodePlan& plan, Objections& objections) const {
  if (plan.new_columns != NewColumns::kReject) return;
  for (int i = 0; i < batch_->num_columns(); ++i) {
    if (std::any_of(plan.columns.begin(), plan.columns.end(),
                    [&](const ColumnPlan& column) { return find(column) == i; }))
      continue;
    for (std::int64_t row = 0; row < batch_->num_rows(); ++row)
      if (batch_->column(i)->IsValid(row))
        objections.add(row, static_cast<int>(plan.columns.size()) + i);
  }
}

Reject ParquetChunk::reject(const DecodePlan& plan, std::int64_t row, int objecting) const {
  Reject reject{.row = first_row + static_cast<std::uint64_t>(row)};
  const int planned = static_cast<int>(plan.columns.size());
  if (objecting >= planned) {
    reject.column = columns_->names[static_cast<std::size_t>(objecting - planned)];
    reject.reason = RejectReason::kUnknownColumn;
    reject.message = fmt::format(
        "the column {} is not in the schema; add it there, or set new_columns: add or ignore",
        reject.column);
  } else {
    const ColumnPlan& column = plan.columns[static_cast<std::size_t>(objecting)];
    const int source = find(column);
    reject.column = column.field.source_name();
    if (source < 0 || batch_->column(source)->IsNull(row)) {
      reject.reason = column.null_reason;
      reject.message = "the column is required, and here it has no value";
    } else if (!is_utf8(*batch_->column(source)->Slice(row, 1))) {
      reject.reason = RejectReason::kInvalidUtf8;
      reject.message = "the text is not UTF-8; declare the column as binary, or write it as UTF-8";
    } else {
      reject.reason = RejectReason::kTypeMismatch;
      reject.message = fmt::format(
          "{} of the type {} does not fit the column's type {} without being changed: {}",
          quoted_value(*batch_->column(source), row), batch_->column(source)->type()->ToString(),
          to_string(column.field.type), widen_cure("text"));
    }
  }
  for (int i = 0; i < batch_->num_columns(); ++i) {
    reject.raw += i == 0 ? '{' : ',';
    append_json_string(columns_->names[static_cast<std::size_t>(i)], reject.raw);
    reject.raw += ':';
    append_json(*batch_->column(i), row, reject.raw);
  }
  reject.raw += '}';
  reject.raw_was_cut = reject.raw.size() > kMaxRawBytes;
  if (reject.raw_was_cut) reject.raw.resize(kMaxRawBytes);
  return reject;
}

Result<DecodedChunk> ParquetChunk::decode(const DecodePlan& plan) const {
  Objections objections(batch_->num_rows());
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  DecodedChunk decoded;
  bool inferred = false;
  for (const ColumnPlan& column : plan.columns) {
    const std::int64_t before = objections.count();
    LAKEGATE_TRY(auto array, decode_column(column, static_cast<int>(arrays.size()), objections));
    inferred = inferred || column.inferred;
    if (column.inferred && objections.count() > before) {
      decoded.contradicted = true;
      return decoded;
    }
    fields.push_back(to_arrow(column.field));
    arrays.push_back(std::move(array));
  }
  object_to_unknown(plan, objections);
  if (inferred) decoded.seen.resize(plan.columns.size());
  decoded.rows = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch_->num_rows(),
                                          std::move(arrays));
  if (objections.count() == 0) return decoded;

  arrow::BooleanBuilder accepted(memory_pool());
  LAKEGATE_ARROW_CHECK(accepted.Reserve(batch_->num_rows()));
  for (std::int64_t row = 0; row < batch_->num_rows(); ++row) {
    accepted.UnsafeAppend(objections.column(row) < 0);
    if (objections.column(row) >= 0)
      decoded.rejects.push_back(reject(plan, row, objections.column(row)));
  }
  LAKEGATE_TRY(const auto mask, from_arrow(accepted.Finish()));
  arrow::compute::ExecContext context(memory_pool());
  context.set_use_threads(false);
  LAKEGATE_TRY(const arrow::Datum rows,
               from_arrow(arrow::compute::Filter(
                   decoded.rows, mask, arrow::compute::FilterOptions::Defaults(), &context)));
  decoded.rows = rows.record_batch();
  return decoded;
}

class Reader final : public ChunkReader {
 public:
  Reader(OpenParquet file, std::shared_ptr<const Columns> columns)
      : file_(std::move(file)), columns_(std::move(columns)) {}

  Result<std::unique_ptr<Chunk>> next() override {
    LAKEGATE_TRY(auto batch, file_.next());
    if (batch == nullptr) return std::unique_ptr<Chunk>();
    const auto records = static_cast<std::uint64_t>(batch->num_rows());
    auto chunk = std::make_unique<ParquetChunk>(columns_, std::move(batch));
    chunk->records = records;
    chunk->first_row = file_.rows_read() - records + 1;
    const auto all = static_cast<double>(std::max<std::int64_t>(file_.metadata().num_rows(), 1));
    chunk->input_bytes = static_cast<std::uint64_t>(static_cast<double>(file_.input().size()) *
                                                    (static_cast<double>(file_.rows_read()) / all));
    return chunk;
  }

 private:
  OpenParquet file_;
  std::shared_ptr<const Columns> columns_;
};

class ParquetRecords final : public RecordFile {
 public:
  ParquetRecords(std::shared_ptr<const Input> input, Columns columns)
      : input_(std::move(input)), columns_(std::make_shared<const Columns>(std::move(columns))) {}

  Result<std::unique_ptr<ChunkReader>> open() const override {
    LAKEGATE_TRY(OpenParquet file, OpenParquet::open(input_));
    return std::make_unique<Reader>(std::move(file), columns_);
  }
  const std::vector<std::string>& column_names() const override { return columns_->names; }
  const std::vector<Field>& declared_fields() const override { return columns_->declared; }
  const std::vector<std::string>& remarks() const override { return columns_->remarks; }

 private:
  std::shared_ptr<const Input> input_;
  std::shared_ptr<const Columns> columns_;
};

}  // namespace

Result<std::shared_ptr<RecordFile>> open_parquet(std::shared_ptr<const Input> input,
                                                 const OpenOptions&) {
  LAKEGATE_TRY(OpenParquet file, OpenParquet::open(input));
  LAKEGATE_TRY(const auto schema, file.schema());
  auto columns = columns_of(*schema, file.metadata());
  if (!columns) {
    columns.error().where.file = input->name();
    return tl::unexpected<Error>(std::move(columns).error());
  }
  return std::make_shared<ParquetRecords>(std::move(input), std::move(*columns));
}

}  // namespace lakegate
