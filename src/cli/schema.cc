// lakegate schema INPUT|DATASET: the schema as YAML, ready for lake.yaml.
#include <fmt/format.h>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/file_rows.h"
#include "cli/input_or_dataset.h"
#include "cli/options.h"
#include "cli/report_json.h"
#include "convert/lake_run.h"

namespace lakegate::cli {
namespace schema_impl {
namespace {

constexpr std::string_view kDetails =
    "Of a file: the types that the whole of it shows, as a list of fields that `schema:` in\n"
    "lake.yaml and `convert --schema` take. Of a dataset: the schema that the lake remembers, and\n"
    "its history. --pin writes that schema into lake.yaml, where comments and layout stay.\n"
    "\nExamples:\n"
    "  lakegate schema sales.csv > sales.yaml\n"
    "  lakegate schema equipment_losses\n"
    "  lakegate schema equipment_losses --pin\n";

struct Options {
  std::string input;
  bool pin = false;
  FileRowsOptions file;
};

// Columns that have had no value yet are remembered, but have no type to declare.
Schema without_unknown(Schema schema) {
  std::erase_if(schema.fields,
                [](const Field& field) { return field.type.is(LogicalType::Kind::kUnknown); });
  return schema;
}

void print_remembered(Context& context, const DatasetConfig& dataset,
                      const RememberedSchema& remembered) {
  if (context.json()) {
    Json history = Json::array();
    for (const auto& version : remembered.versions)
      history.push_back({{"version", version.version},
                         {"because", version.because},
                         {"schema", json_of(version.schema)}});
    return print_json(context.out, {{"dataset", dataset.name.str()},
                                    {"version", remembered.current().version},
                                    {"schema", json_of(remembered.current().schema)},
                                    {"history", std::move(history)}});
  }
  std::string text;
  for (const auto& version : remembered.versions)
    text += fmt::format("# version {}: {}\n", version.version, version.because);
  text += to_yaml(without_unknown(remembered.current().schema));
  for (const Field& field : remembered.current().schema.fields)
    if (field.type.is(LogicalType::Kind::kUnknown))
      text += fmt::format("# {}: no value yet\n", field.name);
  context.out.write(text);
}

Result<int> schema_of_dataset(LakeSession& lake, const Options& options, Context& context) {
  LAKEGATE_TRY(const DatasetConfig* dataset, lake.dataset(options.input));
  LAKEGATE_TRY(auto stored, load_schema(*lake.store, dataset->name));
  if (!stored) {
    if (dataset->schema && !options.pin) {
      context.out.write("# declared in lake.yaml; nothing has been run yet\n" +
                        to_yaml(*dataset->schema));
      return 0;
    }
    return fail(
        ErrorKind::kNotFound,
        fmt::format("dataset {} has no remembered schema yet: `lakegate run` infers it from "
                    "the first file",
                    dataset->name.str()));
  }
  if (!options.pin) {
    print_remembered(context, *dataset, stored->remembered);
    return 0;
  }
  LAKEGATE_CHECK(check_lake_file_is_used(context));
  LAKEGATE_TRY(const Schema known, known_schema(*dataset, stored->remembered));
  LAKEGATE_TRY(const LakeFile file, read_lake_file(*lake.store));
  if (file.tag.empty())
    return invalid_input(
        "the lake has no lake.yaml to pin the schema in; `lakegate add FILE` "
        "writes one");
  LAKEGATE_TRY(const std::string text,
               with_schema(file.text, dataset->name, without_unknown(known)));
  LAKEGATE_CHECK(write_lake_file(*lake.store, file, text));
  context.note(fmt::format("dataset {} declares {} in lake.yaml now", dataset->name.str(),
                           counted(without_unknown(known).fields.size(), "column")));
  return 0;
}

Result<int> schema_of_input(const Options& options, Context& context) {
  LAKEGATE_TRY(auto input, open_file(options.input));
  LAKEGATE_TRY(const FileSchema found, schema_of_file(std::move(input), options.file, context));
  for (const std::string& remark : found.remarks)
    context.warning(fmt::format("{}: {}", options.input, remark));
  if (context.json())
    print_json(context.out, {{"input", options.input}, {"schema", json_of(found.schema)}});
  else
    context.out.write(to_yaml(found.schema));
  return 0;
}

Result<int> schema(const Options& options, Context& context) {
  LAKEGATE_TRY(auto lake, lake_of_dataset(options.input, context));
  if (lake) return schema_of_dataset(*lake, options, context);
  if (options.pin)
    return invalid_input(
        fmt::format("--pin is of a dataset, and {} is a file; `lakegate add {}` "
                    "makes a dataset of it",
                    options.input, options.input));
  auto done = schema_of_input(options, context);
  if (!done) return context.failed(of_input(std::move(done).error(), options.input));
  return done;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("INPUT", options->input, "A file, - for stdin, or the name of a dataset")
      ->required();
  app.add_flag("--pin", options->pin, "Write the dataset's remembered schema into lake.yaml");
  add_choice(app, "--names", options->file.clean_names, {{"original", false}, {"clean", true}},
             "Columns as they are, or as [a-z][a-z0-9_]* (default: original)");
  add_csv_options(app, options->file.open.csv);
  add_resources(app, options->file.resources);
  return [options](Context& context) { return schema(*options, context); };
}

}  // namespace
}  // namespace schema_impl

Command schema_command() {
  return {.name = "schema",
          .arguments = "INPUT|DATASET",
          .summary = "The inferred or remembered schema, ready for lake.yaml",
          .details = schema_impl::kDetails,
          .define = schema_impl::define};
}

}  // namespace lakegate::cli
