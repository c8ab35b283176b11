// lakegate add FILE|URL: looks at a sample and writes a dataset with its schema into lake.yaml.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/add_source.h"
#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/file_rows.h"
#include "cli/lake_session.h"
#include "cli/options.h"
#include "cli/report_json.h"
#include "cli/wiring.h"
#include "lake/layout.h"
#include "lake/names.h"

namespace lakegate::cli {
namespace add_impl {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDetails =
    "The file stays where it is: it is a sample. Its name gives the dataset's, and the folder "
    "under\n"
    "landing/ where its like will land; a file that lies in landing/ already gives its own "
    "folder.\n"
    "A URL is asked once, and gives a dataset with a `source:` that `lakegate fetch` asks.\n"
    "Comments and layout of lake.yaml stay. Edit the types afterwards as you like.\n"
    "\nExamples:\n"
    "  lakegate add ~/downloads/sales-2026-01.csv --dry-run\n"
    "  lakegate add ~/downloads/sales-2026-01.csv --name sales\n"
    "  lakegate add 'https://api.example.com/devices/{device}' --each device=d1,d2 --bearer "
    "env:TOKEN\n";

struct Options {
  std::string input, name;
  bool dry_run = false;
  FileRowsOptions file;
  SourceSample source;  // where the input is a URL
};

// "sales-2026-01.csv.gz" -> "sales-2026-01", ".csv"
struct Stem {
  std::string name, suffix;
};
Stem split_name(const std::string& path) {
  fs::path file = fs::path(path).filename();
  for (const char* packed : {".gz", ".gzip", ".zst", ".zstd"})
    if (file.extension() == packed) file = file.stem();
  return {file.stem().string(), file.extension().string()};
}

// "sales-2026-01" -> "sales": the next files of the dataset will have other dates.
std::string without_date(const std::string& name) {
  const std::size_t end = name.find_last_not_of("0123456789-_. ");
  return end == std::string::npos ? name : name.substr(0, end + 1);
}

// A folder's name as a landing pattern takes it literally.
std::string literal(const std::string& name) {
  std::string pattern;
  for (const char c : name) {
    if (std::string_view("*?{}\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

struct NewDataset {
  DatasetName name;
  std::string landing;
  bool has_landed = false;  // the file is below landing/
};

NewDataset describe(const Options& options, const std::string& lake) {
  const Stem stem = split_name(options.input);
  NewDataset dataset;
  std::error_code error;
  fs::path below;
  if (!is_on_s3(lake)) {
    const fs::path landing = fs::weakly_canonical(fs::path(lake) / "landing", error);
    below = fs::weakly_canonical(options.input, error).lexically_relative(landing);
  }
  std::string name = options.name;
  dataset.has_landed = !below.empty() && *below.begin() != ".." && options.input != "-";
  if (dataset.has_landed && below.has_parent_path()) {
    if (name.empty()) name = clean_name(below.begin()->string());
    dataset.landing = literal(below.parent_path().string()) + "/*" + stem.suffix;
  } else {
    if (name.empty()) name = clean_name(without_date(stem.name));
    dataset.landing = dataset.has_landed ? literal(without_date(stem.name)) + "*" + stem.suffix
                                         : name + "/*" + stem.suffix;
  }
  dataset.name = DatasetName(name);
  return dataset;
}

std::string csv_yaml(const CsvOptions& csv) {
  std::string yaml;
  if (csv.delimiter)
    yaml += *csv.delimiter == '\t' ? "  delimiter: tab\n"
                                   : "  delimiter: " + in_yaml_quotes({*csv.delimiter}) + "\n";
  if (csv.quote)
    yaml +=
        *csv.quote == '\0' ? "  quote: none\n" : "  quote: " + in_yaml_quotes({*csv.quote}) + "\n";
  if (csv.header) yaml += fmt::format("  header: {}\n", *csv.header);
  if (!csv.nulls.empty()) {
    yaml += "  nulls:\n";
    for (const std::string& null : csv.nulls) yaml += "    - " + in_yaml_quotes(null) + "\n";
  }
  return yaml.empty() ? yaml : "csv:\n" + yaml;
}

Result<FileSchema> look_at(const Options& options, Context& context) {
  LAKEGATE_TRY(auto input, open_file(options.input));
  return schema_of_file(std::move(input), options.file, context);
}

Result<int> add(Options& options, Context& context) {
  if (!options.name.empty() && !is_clean_name(options.name))
    return invalid_input(fmt::format("\"{}\" is no name of a dataset; try {}", options.name,
                                     clean_name(options.name)));
  if (is_url(options.input)) {
    options.source.url = options.input;
    options.source.name = options.name;
    options.source.dry_run = options.dry_run;
    options.source.rows.resources = options.file.resources;
    return add_source(options.source, context);
  }
  if (options.input == "-" && options.name.empty())
    return invalid_input("a sample from stdin has no name: give one with --name");
  LAKEGATE_CHECK(check_lake_file_is_used(context));
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  options.file.clean_names = true;
  const auto found = look_at(options, context);
  if (!found) return context.failed(of_input(found.error(), options.input));
  for (const std::string& remark : found->remarks)
    context.warning(fmt::format("{}: {}", options.input, remark));

  const NewDataset dataset = describe(options, lake.location);
  Schema schema = found->schema;
  std::erase_if(schema.fields, [&](const Field& field) {
    return std::find(found->columns_without_value.begin(), found->columns_without_value.end(),
                     field.name) != found->columns_without_value.end();
  });
  const std::string yaml = "landing: " + in_yaml_quotes(dataset.landing) + "\n" +
                           csv_yaml(options.file.open.csv) +
                           (schema.fields.empty() ? "" : "schema:\n" + to_yaml(schema, 2));
  LAKEGATE_TRY(const LakeFile file, read_lake_file(*lake.store));
  LAKEGATE_TRY(const std::string text, with_folders(file.text, lake, dataset.name));
  LAKEGATE_TRY(const std::string edited, with_dataset(text, yaml, dataset.name));
  if (!options.dry_run) LAKEGATE_CHECK(write_lake_file(*lake.store, file, edited));

  if (context.json()) {
    print_json(context.out, {{"dataset", dataset.name.str()},
                             {"landing", dataset.landing},
                             {"dry_run", options.dry_run},
                             {"schema", json_of(schema)}});
    return 0;
  }
  LAKEGATE_TRY(const std::string shown, with_dataset("", yaml, dataset.name));
  context.out.write(shown);
  for (const std::string& column : found->columns_without_value)
    context.note(
        fmt::format("column {} has no value in this file: its type will follow from the "
                    "first one",
                    column));
  if (options.dry_run) {
    context.note("nothing was written");
    return 0;
  }
  const std::string folder = dataset.landing.substr(0, dataset.landing.rfind('/'));
  const std::string run =
      lake.location == "." ? "lakegate run" : fmt::format("lakegate run --lake {}", lake.location);
  const std::string_view land = is_on_s3(lake.location)
                                    ? "aws s3 cp {2} {0}/landing/{1}/ && {3}"
                                    : "mkdir -p {0}/landing/{1} && cp {2} {0}/landing/{1}/ && {3}";
  context.note(fmt::format("dataset {} is in lake.yaml, with {}. Next:\n  {}", dataset.name.str(),
                           counted(schema.fields.size(), "column"),
                           dataset.has_landed ? run
                                              : fmt::format(fmt::runtime(land), lake.location,
                                                            folder, options.input, run)));
  return 0;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->input,
                 "A sample: CSV, JSON, NDJSON or Parquet; or the URL of an API")
      ->required();
  app.add_option("--name", options->name, "Of the dataset (default: from the file's name)")
      ->type_name("NAME");
  app.add_flag("--dry-run", options->dry_run, "Only print what would be written");
  app.add_option("--each", options->source.each, "Of a URL with {NAME}: what that runs over")
      ->type_name("NAME=VALUE,…")
      ->allow_extra_args(false);
  app.add_option("--bearer", options->source.bearer,
                 "Of a URL: where its token is kept, env:NAME or file:PATH")
      ->type_name("WHERE");
  app.add_option("--records", options->source.records,
                 "Of a URL: where the rows are in a reply (default: found out)")
      ->type_name("POINTER");
  app.add_flag("--allow-http", options->source.allow_http, "Of a URL: it may be without TLS");
  app.add_option("--allow-host", options->source.allow_hosts,
                 "Of a URL: a host, address or range of a private network that may be asked")
      ->type_name("HOST")
      ->allow_extra_args(false);
  add_csv_options(app, options->file.open.csv);
  add_resources(app, options->file.resources);
  return [options](Context& context) { return add(*options, context); };
}

}  // namespace
}  // namespace add_impl

Command add_command() {
  return {.name = "add",
          .arguments = "FILE|URL",
          .summary = "Look at a file or an API and make a dataset of its like",
          .details = add_impl::kDetails,
          .everyday = true,
          .define = add_impl::define};
}

}  // namespace lakegate::cli
