// lakegate load DATASET, lakegate load FILE --table T --key C: rows -> table.
#include <fmt/format.h>

#include <filesystem>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/file_rows.h"
#include "cli/input_or_dataset.h"
#include "cli/interrupts.h"
#include "cli/options.h"
#include "cli/pending_file.h"
#include "cli/report_json.h"
#include "cli/run_report.h"
#include "cli/serving.h"
#include "cli/wiring.h"
#include "convert/convert_file.h"

namespace lakegate::cli {
namespace load_impl {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDetails =
    "`lakegate run` loads by itself where lake.yaml has `serve:`. Loading a dataset again offers "
    "all\n"
    "its rows to the table once more: that changes nothing, and restores a table that was lost. A\n"
    "file of any kind can be loaded into a table of its own, with no lake.\n"
    "\nExamples:\n"
    "  lakegate load equipment_losses\n"
    "  lakegate load sales.parquet --table Sales --key id --to sales.sqlite\n"
    "  lakegate load sales.csv --table Sales --key store,day --to sales.sqlite\n"
    "  lakegate load sales.csv --table Sales --key store,day --to dynamodb --create\n";

struct Options {
  std::string input, table, to;
  std::vector<std::string> key;
  WriteMode write = WriteMode::kNewest;
  bool create = false;
};

Result<int> load_dataset_again(LakeSession& lake, const Options& options, Context& context) {
  const UnwindOnInterrupt unwind;
  LAKEGATE_TRY(const DatasetConfig* dataset, lake.dataset(options.input));
  if (!dataset->serve)
    return invalid_input(fmt::format(
        "dataset {0} is not served: give it `serve: {{table: {0}, key: [COLUMN]}}` in lake.yaml",
        dataset->name.str()));
  LAKEGATE_TRY(
      const LoadSummary done,
      load_served(lake, *dataset, {.again = true, .open_always = options.create}, options.create));
  int code = 0;
  for (const LoadFailure& failure : done.failures)
    code = context.failed(with_file(failure.error, failure.arrival.key.str()));
  std::uint64_t rows = 0;
  Json loads = Json::array();
  for (const LoadRecord& record : done.loads) {
    rows += record.rows_read;
    if (record.rows_rejected > 0) context.warning(left_out(record));
    loads.push_back(json_of(record));
  }
  if (context.json())
    print_json(context.out, {{"ok", code == 0},
                             {"dataset", dataset->name.str()},
                             {"table", dataset->serve->table.str()},
                             {"loads", std::move(loads)}});
  else if (!context.quiet())
    context.out.write(fmt::format("{} -> {}: {}, {}{}\n", dataset->name.str(),
                                  dataset->serve->table.str(),
                                  counted(done.loads.size(), "arrival"), counted(rows, "row"),
                                  options.create ? "; the table is there" : ""));
  return code;
}

// A file of another kind as Parquet, without a name.
class Spool : public ConvertTarget {
 public:
  static Result<std::shared_ptr<const Input>> parquet_of(std::shared_ptr<const Input> input,
                                                         const std::string& name,
                                                         Context& context) {
    LAKEGATE_TRY(auto file, PendingFile::temporary());
    Spool spool(*file);
    LAKEGATE_TRY(const ConvertSummary summary, convert_file(std::move(input), spool, {}));
    const Counts& counts = summary.counts;
    if (!summary.within_limit)
      return invalid_input(
          fmt::format("{} of {} were rejected; `lakegate convert --rejects FILE` "
                      "shows them. Nothing was loaded",
                      with_commas(counts.rows_rejected), counted(counts.rows_in, "row")));
    if (counts.rows_rejected > 0)
      context.warning(fmt::format("{}: {} rejected", name, counted(counts.rows_rejected, "row")));
    LAKEGATE_TRY(std::shared_ptr<const Input> parquet, file->reopen());
    return parquet;
  }

  Result<ByteSink*> restart() override {
    LAKEGATE_CHECK(file_.restart());
    return &file_;
  }
  Result<void> rejected(const std::vector<Reject>&) override { return {}; }

 private:
  explicit Spool(PendingFile& file) : file_(file) {}
  PendingFile& file_;
};

// The file's rows are as new as the file.
Result<Instant> modified_at(const std::string& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) return Instant(std::chrono::system_clock::now().time_since_epoch());
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(
      fs::file_time_type::clock::to_sys(time));
}

Result<std::unique_ptr<TableServer>> tables_for(const Options& options, const Context& context) {
  const TableOptions tables{.create = options.create};
  if (options.to == "dynamodb") return open_tables("", options.to, tables);
  if (!options.to.empty()) return open_table_file(options.to);
  LAKEGATE_TRY(const std::string lake, choose_lake(context));
  return open_tables(lake, "", tables);
}

Result<int> load_one_file(const Options& options, Context& context) {
  LAKEGATE_TRY(std::shared_ptr<const Input> input, open_file(options.input));
  const std::uint64_t size = input->size();
  if (!is_parquet(*input)) {
    LAKEGATE_TRY(input, Spool::parquet_of(std::move(input), options.input, context));
  }
  LAKEGATE_TRY(const Instant modified, modified_at(options.input));
  LAKEGATE_TRY(const auto tables, tables_for(options, context));
  LAKEGATE_TRY(const FileLoaded done, load_file(*tables, {.parquet = std::move(input),
                                                          .name = options.input,
                                                          .size = size,
                                                          .modified = modified,
                                                          .table = TableName(options.table),
                                                          .key = options.key,
                                                          .write = options.write}));
  const WriteCounts& counts = done.counts;
  for (std::size_t i = 0; i < std::min<std::size_t>(done.rejects.size(), 3); ++i)
    context.warning(
        fmt::format("{}: row {}: {}", options.input, done.rejects[i].row, done.rejects[i].message));
  if (context.json())
    print_json(context.out, {{"table", options.table},
                             {"rows_read", counts.offered},
                             {"rows_written", counts.written},
                             {"rows_superseded", counts.superseded},
                             {"rows_rejected", counts.rejected}});
  else if (!context.quiet())
    context.out.write(fmt::format(
        "{} -> {} in {}: {} written{}{}\n", options.input, options.table, tables->describe(),
        counted(counts.written, "row"),
        counts.superseded > 0 ? fmt::format(", {} superseded", with_commas(counts.superseded)) : "",
        counts.rejected > 0 ? fmt::format(", {} rejected", with_commas(counts.rejected)) : ""));
  return 0;
}

Result<int> load(const Options& options, Context& context) {
  if (options.table.empty() && options.key.empty() && options.to.empty()) {
    LAKEGATE_TRY(auto lake, lake_of_dataset(options.input, context));
    if (lake) return load_dataset_again(*lake, options, context);
  }
  if (options.table.empty() || options.key.empty())
    return invalid_input(fmt::format(
        "{} is a file: say which table and key, with --table T --key COLUMN", options.input));
  if (options.to.empty() && !choose_lake(context))
    return invalid_input("say where the table is: --to FILE.sqlite, or --lake DIR");
  auto done = load_one_file(options, context);
  if (!done) return context.failed(of_input(std::move(done).error(), options.input));
  return done;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->input, "The name of a dataset, or a file")->required();
  app.add_option("--table", options->table, "Of a file: the table")->type_name("T");
  app.add_option("--key", options->key, "Of a file: what identifies a row; a,b or repeated")
      ->type_name("COLUMN")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--to", options->to, "Of a file: a SQLite file, or dynamodb (default: the lake's)")
      ->type_name("FILE|dynamodb");
  app.add_flag("--create", options->create,
               "Make the table in DynamoDB if it is not there, on demand");
  add_choice(app, "--write", options->write,
             {{"newest", WriteMode::kNewest},
              {"upsert", WriteMode::kUpsert},
              {"insert", WriteMode::kInsert}},
             "Of a file: what becomes of a key that is there (default: newest)");
  return [options](Context& context) { return load(*options, context); };
}

}  // namespace
}  // namespace load_impl

Command load_command() {
  return {.name = "load",
          .arguments = "DATASET|FILE",
          .summary = "Curated rows, or those of a file, into a table",
          .details = load_impl::kDetails,
          .define = load_impl::define};
}

}  // namespace lakegate::cli
