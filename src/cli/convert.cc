// lakegate convert INPUT OUTPUT: one file -> Parquet, no lake needed.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/pending_file.h"
#include "cli/progress_bar.h"
#include "cli/report_json.h"
#include "convert/convert_file.h"

namespace lakegate::cli {
namespace convert_impl {
namespace {

constexpr std::string_view kDetails =
    "INPUT is CSV, JSON, NDJSON or Parquet, also compressed by gzip or zstd; what it is follows "
    "from\n"
    "its content. Types are inferred from the whole file unless --schema declares them. OUTPUT\n"
    "appears only when it is complete; \"-\" is stdin or stdout.\n"
    "\nExamples:\n"
    "  lakegate convert sales.csv sales.parquet\n"
    "  lakegate convert sales.csv.gz sales.parquet --rejects rejected.ndjson --max-rejects 0\n"
    "  lakegate schema sales.csv > sales.yaml     # edit the types, then\n"
    "  lakegate convert sales.csv sales.parquet --schema sales.yaml\n"
    "  curl -s https://example.com/a.json | lakegate convert - - > a.parquet\n";

constexpr std::size_t kShownRejects = 3;

struct Options {
  std::string input, output, schema_file, rejects_file;
  ConvertOptions convert;
};

// Output and rejects, pending; both begin anew with a second pass.
class Target : public ConvertTarget {
 public:
  Target(PendingFile& output, PendingFile* rejects) : output_(output), rejects_(rejects) {}

  Result<ByteSink*> restart() override {
    first_rejects_.clear();
    if (rejects_ != nullptr) LAKEGATE_CHECK(rejects_->restart());
    LAKEGATE_CHECK(output_.restart());
    return &output_;
  }

  Result<void> rejected(const std::vector<Reject>& rejects) override {
    for (const Reject& reject : rejects) {
      if (first_rejects_.size() < kShownRejects) first_rejects_.push_back(reject);
      if (rejects_ != nullptr) LAKEGATE_CHECK(rejects_->write_text(to_ndjson(reject) + "\n"));
    }
    return {};
  }

  const std::vector<Reject>& first_rejects() const { return first_rejects_; }

 private:
  PendingFile& output_;
  PendingFile* rejects_;
  std::vector<Reject> first_rejects_;
};

Result<Schema> read_schema_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return invalid_input(system_failure(errno, "read", path).value().message);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  return parse_field_list(text, path);
}

// "" is no file, and "-" is stdin here and stdout there.
bool is_same_file(const std::string& read, const std::string& written) {
  if (read.empty() || written.empty() || read == "-" || written == "-") return false;
  std::error_code ignored;
  return read == written || std::filesystem::equivalent(read, written, ignored);
}

// What must not be, whatever the files hold.
Result<void> check_usage(const Options& options, const Context& context) {
  if (options.output == "-" && context.out.is_terminal())
    return invalid_input(
        "Parquet is not for a terminal: name an output file, or send stdout somewhere (`> FILE`)");
  if (options.output == "-" && context.json())
    return invalid_input("--format json prints to stdout, where OUTPUT - goes too; name a file");
  if (options.rejects_file == "-" && options.output == "-")
    return invalid_input("both OUTPUT and --rejects are stdout; name a file for one of them");
  // What is written must be none of the others.
  struct Role {
    const std::string& path;
    std::string_view name;
  };
  const Role output{options.output, "OUTPUT"}, rejects{options.rejects_file, "--rejects"};
  const Role input{options.input, "INPUT"}, schema{options.schema_file, "--schema"};
  for (const auto& [read, written] :
       {std::pair(input, output), std::pair(schema, output), std::pair(input, rejects),
        std::pair(schema, rejects), std::pair(output, rejects)})
    if (is_same_file(read.path, written.path))
      return invalid_input(fmt::format("{} is both {} and {}; name another file", written.path,
                                       read.name, written.name));
  return {};
}

std::string summary_line(const Options& options, const ConvertSummary& summary, double seconds) {
  const double speed = static_cast<double>(summary.input_bytes) / std::max(seconds, 1e-6);
  return fmt::format(
      "{} -> {}: {}, {}{}; {} -> {} in {}{}{}", options.input, options.output,
      counted(summary.counts.rows_written, "row"), counted(summary.schema.fields.size(), "column"),
      summary.counts.rows_rejected == 0
          ? ""
          : fmt::format(", {} rejected", with_commas(summary.counts.rows_rejected)),
      bytes_text(summary.input_bytes), bytes_text(summary.output_bytes), duration_text(seconds),
      seconds > 0.1 ? fmt::format(", {:.0f} MB/s", speed / 1e6) : "",
      summary.passes > 1 ? "; types settled in the second pass" : "");
}

void show_rejects(Context& context, const Options& options, const Target& target,
                  const ConvertSummary& summary) {
  for (const Reject& reject : target.first_rejects())
    context.warning(
        Error{.message = fmt::format("{}: {}", to_string(reject.reason), reject.message),
              .where = {.file = options.input, .line = reject.line}}
            .to_string());
  const std::uint64_t count = summary.counts.rows_rejected;
  const std::string where = options.rejects_file.empty()
                                ? "; --rejects FILE keeps them all"
                                : fmt::format("; all are in {}", options.rejects_file);
  if (count > target.first_rejects().size())
    context.warning(
        fmt::format("{}: {} rejected in all{}", options.input, counted(count, "row"), where));
}

Result<int> convert_input(const Options& options, Context& context) {
  const auto began = std::chrono::steady_clock::now();
  LAKEGATE_TRY(auto input, open_file(options.input));
  LAKEGATE_TRY(auto output, PendingFile::create(options.output));
  std::unique_ptr<PendingFile> rejects;
  if (!options.rejects_file.empty()) {
    LAKEGATE_TRY(rejects, PendingFile::create(options.rejects_file));
  }
  Target target(*output, rejects.get());
  Progress progress;
  ConvertOptions convert = options.convert;
  convert.resources.progress = &progress;
  const auto summary = [&] {
    const ProgressBar bar(context, options.input, progress);
    return convert_file(std::move(input), target, convert);
  }();
  if (!summary) return Failure(summary.error());

  for (const std::string& remark : summary->remarks)
    context.warning(fmt::format("{}: {}", options.input, remark));
  show_rejects(context, options, target, *summary);
  if (rejects) LAKEGATE_CHECK(rejects->publish());
  const Counts& counts = summary->counts;
  if (!summary->within_limit)
    return invalid_input(
        counts.rows_in == 1 ? "its only row was rejected; nothing was written"
        : counts.rows_written == 0
            ? fmt::format("all {} were rejected; nothing was written",
                          counted(counts.rows_in, "row"))
            : fmt::format("{} of {} were rejected, more than --max-rejects {} allows; nothing was "
                          "written",
                          with_commas(counts.rows_rejected), counted(counts.rows_in, "row"),
                          convert.max_rejects.to_string()),
        {.file = options.input});
  LAKEGATE_CHECK(output->publish());
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (context.json())
    print_json(context.out, {{"input", options.input},
                             {"output", options.output},
                             {"rows_in", counts.rows_in},
                             {"rows_written", counts.rows_written},
                             {"rows_rejected", counts.rows_rejected},
                             {"passes", summary->passes},
                             {"input_bytes", summary->input_bytes},
                             {"output_bytes", summary->output_bytes},
                             {"seconds", seconds},
                             {"schema", json_of(summary->schema)}});
  else
    context.note(summary_line(options, *summary, seconds));
  return 0;
}

Result<int> convert(Options& options, Context& context) {
  LAKEGATE_CHECK(check_usage(options, context));
  if (!options.schema_file.empty()) {
    LAKEGATE_TRY(options.convert.schema, read_schema_file(options.schema_file));
  }
  auto done = convert_input(options, context);
  if (!done) return context.failed(of_input(std::move(done).error(), options.input));
  return done;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  ConvertOptions& convert_options = options->convert;
  app.add_option("INPUT", options->input, "The file to read, or - for stdin")->required();
  app.add_option("OUTPUT", options->output, "The Parquet file to write, or - for stdout")
      ->required();
  app.add_option("--schema", options->schema_file, "A list of fields, as `schema:` in lake.yaml")
      ->type_name("FILE");
  app.add_option("--rejects", options->rejects_file, "Where rejected rows go, as NDJSON")
      ->type_name("FILE");
  add_parsed(
      app, "--max-rejects", "N|N%",
      [&](const std::string& text) -> Result<void> {
        LAKEGATE_TRY(convert_options.max_rejects, max_rejects_from(text));
        return {};
      },
      "Write nothing if more rows are rejected (default: 1%)");
  add_choice(
      app, "--new-columns", convert_options.new_columns,
      {{"add", NewColumns::kAdd}, {"ignore", NewColumns::kIgnore}, {"reject", NewColumns::kReject}},
      "With --schema: columns that it does not have (default: add)");
  add_choice(app, "--names", convert_options.clean_names, {{"original", false}, {"clean", true}},
             "Columns as they are, or as [a-z][a-z0-9_]* (default: original)");
  add_csv_options(app, convert_options.open.csv);
  add_choice(app, "--compression", convert_options.compression,
             {{"zstd", ParquetCompression::kZstd},
              {"snappy", ParquetCompression::kSnappy},
              {"gzip", ParquetCompression::kGzip},
              {"none", ParquetCompression::kNone}},
             "Of the Parquet file (default: zstd)");
  add_choice(app, "--compat", convert_options.modern_encodings,
             {{"standard", false}, {"modern", true}},
             "Encodings that Spark 3.5 and Athena read, or newer ones too (default: standard)");
  add_resources(app, convert_options.resources);
  return [options](Context& context) { return convert(*options, context); };
}

}  // namespace
}  // namespace convert_impl

Command convert_command() {
  return {.name = "convert",
          .arguments = "INPUT OUTPUT",
          .summary = "One file to Parquet, no lake needed",
          .details = convert_impl::kDetails,
          .define = convert_impl::define};
}

}  // namespace lakegate::cli
