// lakegate ddl: what it takes to query the lake with an engine, by hand.
#include "catalog/ddl.h"

#include <fmt/format.h>

#include <filesystem>

#include "catalog/queries.h"
#include "catalog/register.h"
#include "cli/commands.h"
#include "cli/lake_session.h"
#include "cli/options.h"

namespace lakegate::cli {
namespace ddl_impl {
namespace {

constexpr std::string_view kDetails =
    "Prints SQL and runs nothing. Each dataset is a table of every row that it ever had, with the\n"
    "views DATASET_latest, which shows what `lakegate cat` does, and DATASET_history.\n"
    "lakegate_runs has a row for each run, lakegate_rejects one for each row that was not "
    "accepted.\n"
    "\nExamples:\n"
    "  lakegate ddl sales --engine athena\n"
    "  lakegate ddl sales --engine duckdb | duckdb lake.duckdb\n"
    "  lakegate ddl lakegate_runs --engine spark\n";

struct Options {
  std::string name;
  std::optional<Engine> engine;
};

bool is_on_s3(const std::string& location) {
  return location.starts_with("s3://");
}

// Engines start elsewhere than here.
std::string root_of(const std::string& location) {
  if (is_on_s3(location)) return location;
  return std::filesystem::absolute(location).lexically_normal().string();
}

Result<std::string> ddl_of_dataset(const LakeSession& lake, const std::string& root,
                                   const std::string& name, Engine engine) {
  LAKEGATE_TRY(const DatasetConfig* dataset, lake.dataset(name));
  LAKEGATE_TRY(const DatasetTable table, remembered_table(*lake.store, root, *dataset));
  LAKEGATE_TRY(std::string text, dataset_ddl(table, engine));
  if (table.mode == Mode::kSnapshot && table.has_latest())
    text = runs_ddl(root, engine) + "\n" + text;
  return text;
}

Result<int> ddl(const Options& options, Context& context) {
  LAKEGATE_TRY(const LakeSession lake, open_lake(context));
  const Engine engine =
      options.engine.value_or(is_on_s3(lake.location) ? Engine::kAthena : Engine::kDuckDb);
  if (engine == Engine::kAthena && !is_on_s3(lake.location))
    return invalid_input(
        fmt::format("Athena reads lakes on S3, and {} is a directory; use --engine duckdb or spark",
                    lake.location));
  const std::string root = root_of(lake.location);
  if (options.name == kRunsTable) {
    context.out.write(runs_ddl(root, engine));
  } else if (options.name == kRejectsTable) {
    context.out.write(rejects_ddl(root, engine));
  } else {
    LAKEGATE_TRY(const std::string text, ddl_of_dataset(lake, root, options.name, engine));
    context.out.write(text);
  }
  return 0;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("DATASET", options->name, "A dataset, lakegate_runs or lakegate_rejects")
      ->required();
  add_choice(app, "--engine", options->engine,
             {{"athena", std::optional(Engine::kAthena)},
              {"spark", std::optional(Engine::kSpark)},
              {"duckdb", std::optional(Engine::kDuckDb)}},
             "Whose SQL (default: athena for a lake on S3, else duckdb)");
  return [options](Context& context) { return ddl(*options, context); };
}

}  // namespace
}  // namespace ddl_impl

Command ddl_command() {
  return {.name = "ddl",
          .arguments = "DATASET",
          .summary = "SQL to query a dataset, the runs or the rejects with an engine",
          .details = ddl_impl::kDetails,
          .prints_format = false,
          .define = ddl_impl::define};
}

}  // namespace lakegate::cli
