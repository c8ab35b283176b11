// lakegate push: the checked configuration, to the lake.
#include <fmt/format.h>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/config_problems.h"
#include "cli/lake_session.h"
#include "cli/report_json.h"
#include "cli/wiring.h"
#include "formats/input.h"

namespace lakegate::cli {
namespace push_impl {
namespace {

constexpr std::string_view kDetails =
    "Checks FILE as `lakegate check` does, also against the schemas that the lake remembers, and\n"
    "puts it there as lake.yaml. The lake is --lake, or the one that the environment of --env "
    "names.\n"
    "A problem, or somebody else's edit at the same time, leaves the lake as it is.\n"
    "\nExamples:\n"
    "  lakegate push --lake s3://bucket/lake\n"
    "  lakegate push lake.yaml --env prod\n";

struct Options {
  std::string file = "lake.yaml";
  bool dry_run = false;
};

Result<std::string> read_text(const std::string& path) {
  LAKEGATE_TRY(const auto input, open_file(path));
  std::string text(input->size(), '\0');
  LAKEGATE_CHECK(input->read_at(0, std::as_writable_bytes(std::span(text))));
  return text;
}

Result<std::string> choose_target(const Config& config, const Options& options,
                                  const Context& context) {
  if (context.lake) return *context.lake;
  if (config.lake) return *config.lake;
  const auto named = context.variables.find("LAKEGATE_LAKE");
  if (named != context.variables.end() && !named->second.empty()) return named->second;
  return invalid_input(fmt::format(
      "push needs a lake: name it with --lake s3://bucket/prefix, or pick one of the environments "
      "in {} with --env",
      options.file));
}

Result<int> push(const Options& options, Context& context) {
  LAKEGATE_TRY(const std::string text, read_text(options.file));
  LAKEGATE_TRY(const Config config, parse_config({.text = text,
                                                  .file = options.file,
                                                  .env = context.env,
                                                  .variables = context.variables}));
  LAKEGATE_TRY(const std::string location, choose_target(config, options, context));
  LAKEGATE_TRY(const auto store, open_store(location));
  const std::vector<Error> problems = problems_of(*store, config);
  for (const Error& problem : problems) context.error(problem.to_string());
  if (!problems.empty()) return exit_code_of(problems);
  LAKEGATE_TRY(const LakeFile before, read_lake_file(*store));
  const bool is_same = !before.tag.empty() && before.text == text;
  if (!options.dry_run && !is_same) LAKEGATE_CHECK(write_lake_file(*store, before, text));

  const bool pushed = !is_same && !options.dry_run;
  if (context.json())
    print_json(context.out, {{"ok", true},
                             {"lake", store->describe()},
                             {"pushed", pushed},
                             {"datasets", config.datasets.size()}});
  else if (!context.quiet())
    context.out.write(fmt::format("{}/lake.yaml: {}, {}\n", store->describe(),
                                  counted(config.datasets.size(), "dataset"),
                                  is_same  ? "unchanged"
                                  : pushed ? "pushed"
                                           : "checked; nothing was written"));
  return 0;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->file, "The configuration (default: lake.yaml)");
  app.add_flag("--dry-run", options->dry_run, "Only check");
  return [options](Context& context) { return push(*options, context); };
}

}  // namespace
}  // namespace push_impl

Command push_command() {
  return {.name = "push",
          .arguments = "[FILE]",
          .summary = "The checked configuration, to the lake",
          .details = push_impl::kDetails,
          .define = push_impl::define};
}

}  // namespace lakegate::cli
