#include "cli/serving.h"

#include "catalog/register.h"
#include "cli/wiring.h"
#include "convert/lake_run.h"

namespace lakegate::cli {

Result<LoadSummary> load_served(LakeSession& lake, const DatasetConfig& dataset,
                                const LoadOptions& options, bool create) {
  if (!dataset.serve) return LoadSummary{};
  LAKEGATE_TRY(const auto stored, load_schema(*lake.store, dataset.name));
  if (!stored && !create) return LoadSummary{};
  LAKEGATE_TRY(const auto tables,
               open_tables(lake.location, dataset.serve->to,
                           {.prefix = lake.config.table_prefix, .create = create}));
  return load_dataset(*lake.store, *tables, dataset, options);
}

Result<void> register_committed(Catalog& catalog, LakeSession& lake, const DatasetConfig& dataset,
                                const RunRecord& record) {
  const auto done = register_run(catalog, *lake.store, lake.location, dataset, record);
  if (done) return {};
  Error error = done.error();
  error.message += "; what was run stays, and `lakegate catalog sync` registers it";
  return Failure(std::move(error));
}

void register_committed(Catalog& catalog, LakeSession& lake, const DatasetConfig& dataset,
                        const RunRecord& record, RunReport& report) {
  const auto done = register_committed(catalog, lake, dataset, record);
  if (!done) report.error(dataset.name.str(), done.error());
}

}  // namespace lakegate::cli
