// lakegate catalog sync: the tables of a lake in its catalog, made right.
#include "catalog/catalog.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "catalog/register.h"
#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/lake_session.h"
#include "cli/options.h"
#include "cli/report_json.h"
#include "cli/wiring.h"
#include "convert/lake_run.h"

namespace lakegate::cli {
namespace catalog_impl {
namespace {

constexpr std::string_view kDetails =
    "`run` and the function on Lambda register tables, views and partitions as they commit. This\n"
    "repairs them all from the run records: after a registration failed, after somebody changed a\n"
    "table, or when a lake gets a catalog. Partitions that no run has written are taken out.\n"
    "lake.yaml says where: `catalog: {glue: {database: NAME}}`.\n"
    "\nExamples:\n"
    "  lakegate catalog sync\n"
    "  lakegate catalog sync sales --lake s3://bucket/lake\n";

struct Options {
  bool sync = false;
  std::string dataset;
};

void print(Context& context, const std::string& name, const CatalogChanges& changes) {
  std::vector<std::string> parts;
  const auto add = [&](std::string part) { parts.push_back(std::move(part)); };
  for (const std::string& table : changes.created) add(table + " created");
  for (const std::string& table : changes.updated) add(table + " updated");
  if (changes.partitions_added > 0) add(counted(changes.partitions_added, "partition") + " added");
  if (changes.partitions_removed > 0)
    add(counted(changes.partitions_removed, "partition") + " removed");
  context.out.write(fmt::format(
      "{}: {}\n", name, parts.empty() ? "in order" : fmt::format("{}", fmt::join(parts, ", "))));
}

Json json_of(const std::string& name, const CatalogChanges& changes) {
  return {{"name", name},
          {"created", changes.created},
          {"updated", changes.updated},
          {"partitions_added", changes.partitions_added},
          {"partitions_removed", changes.partitions_removed}};
}

Result<int> sync(const Options& options, Context& context) {
  LAKEGATE_TRY(const LakeSession lake, open_lake(context));
  LAKEGATE_TRY(const auto catalog, open_catalog(lake.location, lake.config));
  if (!catalog)
    return invalid_input(
        lake.config.catalog
            ? fmt::format("{} is a directory; a catalog is for lakes on S3", lake.location)
            : "lake.yaml names no catalog; add \"catalog: {glue: {database: NAME}}\"");
  const DatasetConfig* only = nullptr;
  if (!options.dataset.empty()) {
    LAKEGATE_TRY(only, lake.dataset(options.dataset));
  }
  Json done = Json::array();
  const auto tell = [&](const std::string& name, const CatalogChanges& changes) {
    if (context.json())
      done.push_back(json_of(name, changes));
    else
      print(context, name, changes);
  };
  LAKEGATE_TRY(const CatalogChanges records, catalog->add_records(lake.location));
  tell("runs and rejects", records);
  int code = 0;
  for (const DatasetConfig& dataset : lake.config.datasets) {
    if (only != nullptr && dataset.name != only->name) continue;
    LAKEGATE_TRY(const auto runs, list_runs(*lake.store, dataset.name));
    const auto changes = sync_dataset(*catalog, *lake.store, lake.location, dataset, runs);
    if (changes)
      tell(dataset.name.str(), *changes);
    else
      code = context.failed(changes.error());
  }
  if (context.json())
    print_json(context.out,
               {{"ok", code == 0}, {"catalog", catalog->describe()}, {"tables", done}});
  return code;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_parsed(
      app, "ACTION", "sync",
      [options](const std::string& word) -> Result<void> {
        LAKEGATE_CHECK(choose(word, {"sync"}));
        options->sync = true;
        return {};
      },
      "sync: make the catalog right")
      ->required();
  add_dataset(app, options->dataset, "Only this one");
  return [options](Context& context) { return sync(*options, context); };
}

}  // namespace
}  // namespace catalog_impl

Command catalog_command() {
  return {.name = "catalog",
          .arguments = "sync [DATASET]",
          .summary = "Tables and partitions in the catalog, made right",
          .details = catalog_impl::kDetails,
          .define = catalog_impl::define};
}

}  // namespace lakegate::cli
