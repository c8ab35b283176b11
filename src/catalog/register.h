// What a commit means for the catalog, for whoever has just committed: `run`, the function on
// Lambda, and `catalog sync`.
#pragma once

#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "config/config.h"
#include "lake/records.h"
#include "stores/object_store.h"

namespace lakegate {

// The dataset as a table, by the schema that the lake remembers now. kNotFound where it remembers
// none yet. `lake` is the lake's root.
Result<DatasetTable> remembered_table(const ObjectStore& store, std::string_view lake,
                                      const DatasetConfig& dataset);

// The dataset's table, its views and the partitions that the run wrote are in the catalog when it
// returns. Call after the run record is there, also when it was there before: a redelivery repairs
// a registration that failed.
Result<CatalogChanges> register_run(Catalog& catalog, const ObjectStore& store,
                                    std::string_view lake, const DatasetConfig& dataset,
                                    const RunRecord& run);

// Everything of a dataset, from all of its run records: what is missing is added, partitions
// without a run are taken out. A dataset without a schema has nothing to register.
Result<CatalogChanges> sync_dataset(Catalog& catalog, const ObjectStore& store,
                                    std::string_view lake, const DatasetConfig& dataset,
                                    const std::vector<RunRecord>& runs);

}  // namespace lakegate
