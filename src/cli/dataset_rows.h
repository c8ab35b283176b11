// The curated rows of a dataset: its latest view, as its mode has it, or its whole history.
#pragma once

#include "cli/row_printer.h"
#include "config/config.h"
#include "stores/object_store.h"

namespace lakegate::cli {

enum class DatasetView {
  kLatest,   // append: every row; snapshot: of the newest arrival of each landing key; upsert: the
             // newest of each key
  kHistory,  // every row, with its lineage
};

// In order of arrival, until the printer has enough. Columns are those of the remembered schema;
// what files say only by the folder they are in is a column too. Returns how many rows there are,
// where that is known without reading them all.
Result<std::optional<std::uint64_t>> print_dataset(const ObjectStore& store,
                                                   const DatasetConfig& dataset, DatasetView view,
                                                   RowPrinter& printer);

}  // namespace lakegate::cli
