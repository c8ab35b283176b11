#include "catalog/register.h"

#include <fmt/format.h>

#include <set>

#include "lake/layout.h"

namespace lakegate {
namespace {

std::vector<std::string> partitions_of(const std::vector<const RunRecord*>& runs) {
  std::set<std::string> partitions;
  for (const RunRecord* run : runs)
    for (const OutputFile& file : run->outputs) partitions.insert(file.partition);
  return {partitions.begin(), partitions.end()};
}

}  // namespace

Result<DatasetTable> remembered_table(const ObjectStore& store, std::string_view lake,
                                      const DatasetConfig& dataset) {
  const ObjectKey key = layout::schema_key(dataset.name);
  auto blob = store.get(key);
  if (!blob && blob.error().kind == ErrorKind::kNotFound)
    return fail(ErrorKind::kNotFound,
                fmt::format("dataset {} has no schema yet: nothing of it has been run",
                            dataset.name.str()));
  if (!blob) return Failure(std::move(blob).error());
  LAKEGATE_TRY(const RememberedSchema remembered,
               remembered_schema_from_json(blob->bytes, key.str()));
  return dataset_table(dataset, remembered.current(), lake);
}

Result<CatalogChanges> register_run(Catalog& catalog, const ObjectStore& store,
                                    std::string_view lake, const DatasetConfig& dataset,
                                    const RunRecord& run) {
  LAKEGATE_TRY(const DatasetTable table, remembered_table(store, lake, dataset));
  LAKEGATE_TRY(CatalogChanges changes, catalog.add_records(lake));
  LAKEGATE_TRY(const CatalogChanges added, catalog.add(table, partitions_of({&run})));
  changes.add(added);
  return changes;
}

Result<CatalogChanges> sync_dataset(Catalog& catalog, const ObjectStore& store,
                                    std::string_view lake, const DatasetConfig& dataset,
                                    const std::vector<RunRecord>& runs) {
  const auto table = remembered_table(store, lake, dataset);
  if (!table && table.error().kind == ErrorKind::kNotFound) return CatalogChanges{};
  if (!table) return Failure(table.error());
  std::vector<const RunRecord*> all;
  for (const RunRecord& run : runs) all.push_back(&run);
  return catalog.repair(*table, partitions_of(all));
}

}  // namespace lakegate
