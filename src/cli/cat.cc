// lakegate cat INPUT|DATASET: rows on stdout.
#include <arrow/api.h>
#include <fmt/format.h>

#include "cli/amounts.h"
#include "cli/cat_text.h"
#include "cli/commands.h"
#include "cli/dataset_rows.h"
#include "cli/file_rows.h"
#include "cli/input_or_dataset.h"
#include "cli/options.h"
#include "cli/report_json.h"
#include "formats/input.h"

namespace lakegate::cli {
namespace cat_impl {
namespace {

constexpr std::string_view kDetails =
    "Of a dataset, the latest view is shown: under `mode: snapshot` the newest version of each\n"
    "landed file, under `mode: upsert` the newest row of each key. --history shows every row.\n"
    "On a terminal the first 20 rows are shown, elsewhere all.\n"
    "\nExamples:\n"
    "  lakegate cat sales.csv\n"
    "  lakegate cat sales.parquet -n 5 --format ndjson\n"
    "  lakegate cat equipment_losses --history --format csv > all.csv\n"
    "  lakegate cat --text messy.csv            # cells as they stand, nothing typed\n";

constexpr std::uint64_t kRowsOnTerminal = 20;

struct Options {
  std::string input;
  std::optional<std::uint64_t> limit;
  RowFormat format = RowFormat::kTable;
  bool text = false, history = false;
  OpenOptions open;
  bool clean_names = false;
  Resources resources;
};

// Says that there is more, where the limit was lakegate's own idea.
void note_rest(Context& context, const Options& options, std::uint64_t printed,
               std::optional<std::uint64_t> total) {
  if (options.limit || !context.out.is_terminal() || printed < kRowsOnTerminal) return;
  if (total && *total <= printed) return;
  (void)context.out.flush();
  context.note(total ? fmt::format("… {} more; -n N shows more", counted(*total - printed, "row"))
                     : fmt::format("the first {} rows; -n N shows more", printed));
}

Result<int> cat_file(const Options& options, RowPrinter& printer, Context& context) {
  LAKEGATE_TRY(auto input, open_file(options.input));
  if (options.text) {
    LAKEGATE_TRY(const bool done,
                 print_as_text(input, options.open, options.format, options.limit, context.out));
    if (done) return 0;
  }
  LAKEGATE_TRY(const FileRows rows, print_file(input,
                                               {.open = options.open,
                                                .clean_names = options.clean_names,
                                                .resources = options.resources},
                                               printer, context));
  for (const std::string& remark : rows.remarks)
    context.warning(fmt::format("{}: {}", options.input, remark));
  if (rows.rejected > 0)
    context.warning(fmt::format("{}: {} left out; the first: {}", options.input,
                                counted(rows.rejected, "row"), rows.first_reject));
  note_rest(context, options, printer.printed(), rows.total);
  return 0;
}

Result<int> cat(const Options& options, Context& context) {
  std::optional<std::uint64_t> limit = options.limit;
  if (!limit && options.format == RowFormat::kTable && context.out.is_terminal())
    limit = kRowsOnTerminal;
  RowPrinter printer(context.out, options.format, limit);
  std::optional<LakeSession> lake;
  if (!options.text) {
    LAKEGATE_TRY(lake, lake_of_dataset(options.input, context));
  }
  if (lake) {
    LAKEGATE_TRY(const DatasetConfig* dataset, lake->dataset(options.input));
    auto total =
        print_dataset(*lake->store, *dataset,
                      options.history ? DatasetView::kHistory : DatasetView::kLatest, printer);
    if (!total) return context.failed(total.error());
    note_rest(context, options, printer.printed(), *total);
    return 0;
  }
  if (options.history)
    return invalid_input(fmt::format("--history is of a dataset, and {} is a file", options.input));
  auto done = cat_file(options, printer, context);
  if (!done) return context.failed(of_input(std::move(done).error(), options.input));
  return done;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->input, "A file, - for stdin, or the name of a dataset")
      ->required();
  add_limit(app, options->limit, "At most so many rows (default: 20 on a terminal, else all)");
  add_choice(
      app, "--format", options->format,
      {{"table", RowFormat::kTable}, {"csv", RowFormat::kCsv}, {"ndjson", RowFormat::kNdjson}},
      "How rows are printed (default: table)");
  app.add_flag("--text", options->text,
               "Cells as they stand in the file: nothing typed or renamed");
  app.add_flag("--history", options->history, "Every row that a dataset ever had");
  add_choice(app, "--names", options->clean_names, {{"original", false}, {"clean", true}},
             "Columns as they are, or as [a-z][a-z0-9_]* (default: original)");
  add_csv_options(app, options->open.csv);
  add_resources(app, options->resources);
  return [options](Context& context) { return cat(*options, context); };
}

}  // namespace
}  // namespace cat_impl

Command cat_command() {
  return {.name = "cat",
          .arguments = "INPUT|DATASET",
          .summary = "Rows of a file or of a dataset",
          .details = cat_impl::kDetails,
          .prints_format = false,
          .define = cat_impl::define};
}

}  // namespace lakegate::cli
