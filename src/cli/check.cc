// lakegate check: lake.yaml against itself and the remembered schemas; runs nothing.
#include <fmt/format.h>

#include <algorithm>

#include "cli/amounts.h"
#include "cli/commands.h"
#include "cli/lake_session.h"
#include "cli/report_json.h"
#include "convert/lake_run.h"

namespace lakegate::cli {
namespace {

constexpr std::string_view kDetails =
    "Every problem is said with its file, line and column; exit code 2 if there is one. Nothing "
    "is\n"
    "read but lake.yaml and the schemas that the lake remembers.\n"
    "\nExamples:\n"
    "  lakegate check\n"
    "  lakegate check --env prod\n";

// What a dataset's configuration says, against what the lake remembers of it.
std::vector<Error> problems_of(const ObjectStore& store, const DatasetConfig& dataset) {
  auto stored = load_schema(store, dataset.name);
  if (!stored) return {std::move(stored).error()};
  std::optional<RememberedSchema> remembered;
  if (*stored) remembered = std::move((*stored)->remembered);
  auto known = known_schema(dataset, remembered);
  if (!known) return {std::move(known).error()};
  std::vector<Error> problems;
  const auto check_key = [&](const std::vector<std::string>& key, std::string_view what) {
    for (const std::string& column : key) {
      const bool is_capture =
          std::find(dataset.capture_columns.begin(), dataset.capture_columns.end(), column) !=
          dataset.capture_columns.end();
      if (remembered && known->find(column) == nullptr && !is_capture)
        problems.push_back({ErrorKind::kInvalidInput,
                            fmt::format("{} of dataset {} names the column {}, which its files do "
                                        "not have",
                                        what, dataset.name.str(), column)});
    }
  };
  check_key(dataset.key, "key");
  if (dataset.serve) check_key(dataset.serve->key, "serve.key");
  return problems;
}

Result<int> check(Context& context) {
  std::vector<Error> problems;
  std::size_t datasets = 0;
  std::string file;
  if (auto lake = open_lake(context)) {
    datasets = lake->config.datasets.size();
    file = lake->config.file.empty() ? "no lake.yaml: each folder under landing/ is a dataset"
                                     : lake->config.file;
    for (const DatasetConfig& dataset : lake->config.datasets)
      for (Error& problem : problems_of(*lake->store, dataset))
        problems.push_back(with_file(std::move(problem), lake->config.file));
  } else {
    problems.push_back(std::move(lake).error());
  }
  if (context.json()) {
    Json list = Json::array();
    for (const Error& problem : problems) list.push_back(json_of(problem));
    print_json(context.out,
               {{"ok", problems.empty()}, {"datasets", datasets}, {"problems", std::move(list)}});
  }
  for (const Error& problem : problems) context.error(problem.to_string());
  if (!problems.empty()) return 2;
  if (!context.json() && !context.quiet())
    context.out.write(
        fmt::format("{}; {}, no problem found\n", file, counted(datasets, "dataset")));
  return 0;
}

Action define(CLI::App&) {
  return [](Context& context) { return check(context); };
}

}  // namespace

Command check_command() {
  return {.name = "check",
          .summary = "lake.yaml, against itself and what the lake remembers",
          .details = kDetails,
          .everyday = true,
          .define = define};
}

}  // namespace lakegate::cli
