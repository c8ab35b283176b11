// lakegate verify: proves that what stands in the lake is what was recorded.
#include <fmt/format.h>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/lake_session.h"
#include "cli/options.h"
#include "cli/report_json.h"
#include "convert/lake_run.h"

namespace lakegate::cli {
namespace verify_impl {
namespace {

constexpr std::string_view kDetails =
    "Every curated file of every run is read: it must be there, with the size, the SHA-256 and "
    "the\n"
    "number of rows that its record says. `lakegate replay` repairs what was lost or damaged, as\n"
    "long as the landed file is still there.\n"
    "\nExamples:\n"
    "  lakegate verify\n"
    "  lakegate verify equipment_losses --format json\n";

struct Totals {
  std::uint64_t runs = 0, files = 0, bytes = 0;
};

Result<int> verify(const std::string& only, Context& context) {
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  if (!only.empty()) LAKEGATE_CHECK(lake.dataset(only));
  Totals totals;
  Json findings = Json::array();
  for (const DatasetConfig& dataset : lake.config.datasets) {
    if (!only.empty() && dataset.name.str() != only) continue;
    LAKEGATE_TRY(const auto runs, list_runs(*lake.store, dataset.name));
    for (const RunRecord& run : runs) {
      LAKEGATE_TRY(const auto wrong, verify_run(*lake.store, run));
      for (const std::string& finding : wrong) {
        context.error(fmt::format("{}: {}", dataset.name.str(), finding));
        findings.push_back({{"dataset", dataset.name.str()},
                            {"arrival_id", run.arrival.id.str()},
                            {"key", run.arrival.key.str()},
                            {"finding", finding}});
      }
      ++totals.runs;
      totals.files += run.outputs.size();
      for (const OutputFile& file : run.outputs) totals.bytes += file.size;
    }
  }
  const bool ok = findings.empty();
  if (context.json())
    print_json(context.out, {{"ok", ok},
                             {"runs", totals.runs},
                             {"files", totals.files},
                             {"bytes", totals.bytes},
                             {"findings", std::move(findings)}});
  else if (ok && !context.quiet())
    context.out.write(fmt::format("{} of {} are as recorded ({})\n", counted(totals.files, "file"),
                                  counted(totals.runs, "run"), bytes_text(totals.bytes)));
  return ok ? 0 : 1;
}

Action define(CLI::App& app) {
  auto dataset = std::make_shared<std::string>();
  add_dataset(app, *dataset, "Only this one");
  return [dataset](Context& context) { return verify(*dataset, context); };
}

}  // namespace
}  // namespace verify_impl

Command verify_command() {
  return {.name = "verify",
          .arguments = "[DATASET]",
          .summary = "Prove that curated files are what was recorded",
          .details = verify_impl::kDetails,
          .define = verify_impl::define};
}

}  // namespace lakegate::cli
