#include "cli/file_rows.h"

#include <arrow/api.h>
#include <fmt/format.h>

#include <array>
#include <span>

#include "cli/progress_bar.h"
#include "convert/typed_read.h"
#include "formats/arrow_bridge.h"
#include "formats/parquet/reader.h"

namespace lakegate::cli {
namespace {

Result<FileRows> print_parquet(std::shared_ptr<const Input> input, RowPrinter& printer) {
  LAKEGATE_TRY(const ParquetContents contents, parquet_contents(input));
  LAKEGATE_TRY(auto batches, open_parquet_batches(input));
  printer.begin(batches->schema());
  while (!printer.has_enough()) {
    LAKEGATE_TRY(auto batch, batches->next());
    if (!batch) break;
    printer.take(*batch);
  }
  printer.finish();
  return FileRows{.total = contents.rows};
}

class PrintingSink : public RowSink {
 public:
  explicit PrintingSink(RowPrinter& printer) : printer_(printer) {}

  Result<void> begin(const Schema& schema) override {
    schema_ = to_arrow(schema);
    printer_.begin(schema_);
    return {};
  }

  Result<void> take(const arrow::RecordBatch& rows, const std::vector<std::int64_t>&,
                    const std::vector<Reject>& rejects) override {
    if (!rejects.empty() && found_.rejected == 0)
      found_.first_reject =
          fmt::format("line {}: {}", rejects.front().line, rejects.front().message);
    found_.rejected += rejects.size();
    printer_.take(*arrow::RecordBatch::Make(schema_, rows.num_rows(), rows.columns()));
    if (printer_.has_enough()) return fail(ErrorKind::kPermanent, "enough");  // ends the pass
    return {};
  }

  FileRows& found() { return found_; }

 private:
  RowPrinter& printer_;
  std::shared_ptr<arrow::Schema> schema_;
  FileRows found_;
};

Result<FileSchema> infer(const RecordFile& file, const Input& input, const FileRowsOptions& options,
                         Context& context) {
  Progress progress;
  progress.total_bytes = input.size();
  Resources resources = options.resources;
  resources.progress = &progress;
  const ProgressBar bar(context, input.name(), progress);
  FileSchema found;
  LAKEGATE_TRY(found.schema,
               infer_schema(file, {.known = {}, .clean_names = options.clean_names}, resources));
  for (Field& field : found.schema.fields) {
    if (!field.type.is(LogicalType::Kind::kUnknown)) continue;
    found.columns_without_value.push_back(field.name);
    field.type = {LogicalType::Kind::kText};
  }
  found.remarks = file.remarks();
  return found;
}

}  // namespace

bool is_parquet(const Input& input) {
  std::array<char, 4> magic{};
  return input.size() >= magic.size() &&
         input.read_at(0, std::as_writable_bytes(std::span(magic))) &&
         std::string_view(magic.data(), magic.size()) == "PAR1";
}

Result<FileRows> print_file(std::shared_ptr<const Input> input, FileRowsOptions options,
                            RowPrinter& printer, Context& context) {
  if (is_parquet(*input)) return print_parquet(std::move(input), printer);
  LAKEGATE_TRY(auto file, open_records(input, options.open));
  LAKEGATE_TRY(FileSchema inferred, infer(*file, *input, options, context));
  PrintingSink sink(printer);
  const Typing typing{.known = std::move(inferred.schema),
                      .exact = true,
                      .closed = true,
                      .new_columns = NewColumns::kIgnore,
                      .clean_names = options.clean_names};
  auto read = read_typed(*file, typing, sink, options.resources);
  if (!read && !printer.has_enough()) return Failure(std::move(read).error());
  printer.finish();
  if (read) sink.found().total = read->counts.rows_written;
  sink.found().remarks = std::move(inferred.remarks);
  return std::move(sink.found());
}

Result<FileSchema> schema_of_file(std::shared_ptr<const Input> input, FileRowsOptions options,
                                  Context& context) {
  LAKEGATE_TRY(auto file, open_records(input, options.open));
  return infer(*file, *input, options, context);
}

}  // namespace lakegate::cli
