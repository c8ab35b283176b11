#include "extract/report.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "formats/arrow_bridge.h"
#include "formats/parquet/reader.h"
#include "formats/parquet/writer.h"

namespace lakegate {
namespace {

constexpr std::array<std::string_view, 8> kOwnColumns = {
    "n", "attempts", "status", "bytes", "latency_ms", "pages", "rows", "failure"};

std::string column_of(const std::string& parameter) {
  const bool is_taken = std::ranges::find(kOwnColumns, parameter) != kOwnColumns.end();
  return is_taken ? "parameter_" + parameter : parameter;
}

// Columns side by side, from one value a row.
class Columns {
 public:
  explicit Columns(const std::vector<ReportRow>& rows) : rows_(rows) {}

  template <class Value>
  Result<void> numbers(std::string name, Value value) {
    arrow::Int64Builder builder(memory_pool());
    LAKEGATE_ARROW_CHECK(builder.Reserve(static_cast<std::int64_t>(rows_.size())));
    for (const ReportRow& row : rows_) builder.UnsafeAppend(static_cast<std::int64_t>(value(row)));
    return add(std::move(name), arrow::int64(), builder);
  }
  // Null where empty.
  template <class Value>
  Result<void> texts(std::string name, Value value) {
    arrow::StringBuilder builder(memory_pool());
    for (const ReportRow& row : rows_) {
      const std::string text = value(row);
      LAKEGATE_ARROW_CHECK(text.empty() ? builder.AppendNull() : builder.Append(text));
    }
    return add(std::move(name), arrow::utf8(), builder);
  }
  std::shared_ptr<arrow::RecordBatch> batch() const {
    return arrow::RecordBatch::Make(arrow::schema(fields_), static_cast<std::int64_t>(rows_.size()),
                                    arrays_);
  }

 private:
  Result<void> add(std::string name, std::shared_ptr<arrow::DataType> type,
                   arrow::ArrayBuilder& builder) {
    std::shared_ptr<arrow::Array> array;
    LAKEGATE_ARROW_CHECK(builder.Finish(&array));
    fields_.push_back(arrow::field(std::move(name), std::move(type)));
    arrays_.push_back(std::move(array));
    return {};
  }

  const std::vector<ReportRow>& rows_;
  arrow::FieldVector fields_;
  arrow::ArrayVector arrays_;
};

}  // namespace

Result<void> write_report(const Plan& plan, const std::vector<ReportRow>& rows, ByteSink& sink) {
  Columns columns(rows);
  LAKEGATE_CHECK(columns.numbers("n", [](const ReportRow& row) { return row.n; }));
  const auto& names = plan.sets.names();
  for (std::size_t i = 0; i < names.size(); ++i)
    LAKEGATE_CHECK(columns.texts(
        column_of(names[i]), [&](const ReportRow& row) { return plan.sets.value(row.n, i).text; }));
  LAKEGATE_CHECK(columns.numbers("attempts", [](const ReportRow& row) { return row.attempts; }));
  LAKEGATE_CHECK(columns.numbers("status", [](const ReportRow& row) { return row.status; }));
  LAKEGATE_CHECK(columns.numbers("bytes", [](const ReportRow& row) { return row.bytes; }));
  LAKEGATE_CHECK(
      columns.numbers("latency_ms", [](const ReportRow& row) { return row.latency.count(); }));
  LAKEGATE_CHECK(columns.numbers("pages", [](const ReportRow& row) { return row.pages; }));
  LAKEGATE_CHECK(columns.numbers("rows", [](const ReportRow& row) { return row.rows; }));
  LAKEGATE_CHECK(columns.texts("failure", [](const ReportRow& row) { return row.failure; }));
  const auto batch = columns.batch();
  LAKEGATE_TRY(const auto writer,
               ParquetFileWriter::open(batch->schema(), sink, {.threads = false, .metadata = {}}));
  LAKEGATE_CHECK(writer->write(*batch));
  return writer->close();
}

Result<std::vector<std::size_t>> failed_sets(std::shared_ptr<const Input> report) {
  const std::string file = report->name();
  LAKEGATE_TRY(const auto batches, open_parquet_batches(std::move(report)));
  std::vector<std::size_t> failed;
  for (;;) {
    LAKEGATE_TRY(const auto batch, batches->next());
    if (!batch) return failed;
    const auto n = std::dynamic_pointer_cast<arrow::Int64Array>(batch->GetColumnByName("n"));
    const auto failure = batch->GetColumnByName("failure");
    if (!n || !failure)
      return fail(ErrorKind::kPermanent, "this is no report of a fetch: it lacks n or failure",
                  {.file = file});
    for (std::int64_t row = 0; row < batch->num_rows(); ++row)
      if (failure->IsValid(row)) failed.push_back(static_cast<std::size_t>(n->Value(row)));
  }
}

}  // namespace lakegate
