// lakegate widen DATASET COLUMN TYPE: a column's type made wider, through the whole history.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/interrupts.h"
#include "cli/lake_session.h"
#include "cli/options.h"
#include "convert/lake_run.h"
#include "convert/orphans.h"

namespace lakegate::cli {
namespace widen_impl {
namespace {

constexpr std::string_view kDetails =
    "Types are frozen once they are known. This changes one, in the schema and in every curated\n"
    "file, and refuses what would lose something. It says what it will do, and asks; without a\n"
    "terminal it needs --yes. It may be interrupted and called again.\n"
    "\nExamples:\n"
    "  lakegate widen orders quantity double\n"
    "  lakegate widen orders code text --yes\n";

struct Options {
  std::string dataset, column, type;
  bool yes = false;
  Resources resources;
};

bool says_yes(Context& context) {
  context.err.write("Do it? [y/N] ");
  (void)context.err.flush();
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

std::string describe(const WidenPlan& plan) {
  std::uint64_t files = 0;
  for (const RunRecord& run : plan.runs) files += run.outputs.size();
  const std::string change =
      plan.from == plan.to ? fmt::format("{} (begun before)", to_string(plan.to))
                           : fmt::format("{} -> {}", to_string(plan.from), to_string(plan.to));
  return fmt::format(
      "{}.{}: {}\n{} of {} will be rewritten: {}, {}; the new files are committed before the old "
      "ones are deleted",
      plan.dataset.str(), plan.column, change, counted(files, "file"),
      counted(plan.runs.size(), "arrival"), counted(plan.rows, "row"), bytes_text(plan.bytes));
}

// lake.yaml, where it declares the column, must say what the files will hold.
Result<void> widen_declaration(LakeSession& lake, const DatasetConfig& dataset,
                               const WidenPlan& plan, const Context& context) {
  if (!dataset.schema || dataset.schema->find(plan.column) == nullptr ||
      dataset.schema->find(plan.column)->type == plan.to)
    return {};
  LAKEGATE_CHECK(check_lake_file_is_used(context));
  Schema declared = *dataset.schema;
  for (Field& field : declared.fields)
    if (field.name == plan.column) field.type = plan.to;
  LAKEGATE_TRY(const LakeFile file, read_lake_file(*lake.store));
  LAKEGATE_TRY(const std::string text, with_schema(file.text, plan.dataset, declared));
  return write_lake_file(*lake.store, file, text);
}

Result<int> widen_column(const Options& options, Context& context) {
  const UnwindOnInterrupt unwind;
  LAKEGATE_TRY(const LogicalType type, type_from(options.type));
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  LAKEGATE_TRY(const DatasetConfig* dataset, lake.dataset(options.dataset));
  LAKEGATE_TRY(auto lease, hold(*lake.store, dataset->name));
  LAKEGATE_CHECK(lake.store->sweep());
  LAKEGATE_CHECK(finish_rewrites(*lake.store, dataset->name));
  LAKEGATE_TRY(const WidenPlan plan, plan_widen(*lake.store, dataset->name, options.column, type));
  if (plan.from == plan.to && plan.runs.empty()) {
    context.note(fmt::format("{}.{} is {} already: nothing to do", plan.dataset.str(), plan.column,
                             to_string(plan.to)));
    return 0;
  }
  context.note(describe(plan));
  if (!options.yes) {
    if (::isatty(STDIN_FILENO) != 1)
      return invalid_input("nothing was changed: confirm with --yes");
    if (!says_yes(context)) {
      context.note("nothing was changed");
      return 1;
    }
  }
  // First the declaration: if it ends in between, widening again finds the rest to do.
  LAKEGATE_CHECK(widen_declaration(lake, *dataset, plan, context));
  LAKEGATE_CHECK(widen(*lake.store, *dataset, plan, options.resources));
  context.note(fmt::format("{}.{} is {} now", plan.dataset.str(), plan.column, to_string(plan.to)));
  return 0;
}

Action define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  add_dataset(app, options->dataset, "Whose column")->required();
  app.add_option("COLUMN", options->column, "As the lake calls it")->required();
  app.add_option("TYPE", options->type, "The new type: double, text, decimal(38,0) …")->required();
  app.add_flag("-y,--yes", options->yes, "Do not ask");
  add_resources(app, options->resources);
  return [options](Context& context) { return widen_column(*options, context); };
}

}  // namespace
}  // namespace widen_impl

Command widen_command() {
  return {.name = "widen",
          .arguments = "DATASET COLUMN TYPE",
          .summary = "Change a column's type through the whole history",
          .details = widen_impl::kDetails,
          .define = widen_impl::define};
}

}  // namespace lakegate::cli
