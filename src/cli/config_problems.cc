#include "cli/config_problems.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/report_json.h"
#include "convert/curated_writer.h"
#include "convert/lake_run.h"

namespace lakegate::cli {
namespace {

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
  if (remembered)
    if (auto fits = check_columns(dataset.partition_by, dataset.lineage, *known); !fits)
      problems.push_back({ErrorKind::kInvalidInput,
                          fmt::format("dataset {}: {}", dataset.name.str(), fits.error().message)});
  return problems;
}

}  // namespace

std::vector<Error> problems_of(const ObjectStore& store, const Config& config) {
  std::vector<Error> problems;
  for (const DatasetConfig& dataset : config.datasets)
    for (Error& problem : problems_of(store, dataset))
      problems.push_back(problem.kind == ErrorKind::kInvalidInput
                             ? with_file(std::move(problem), config.file)
                             : std::move(problem));
  return problems;
}

int exit_code_of(const std::vector<Error>& problems) {
  if (problems.empty()) return 0;
  const bool is_config = std::ranges::any_of(
      problems, [](const Error& problem) { return problem.kind == ErrorKind::kInvalidInput; });
  return is_config ? 2 : 1;
}

}  // namespace lakegate::cli
