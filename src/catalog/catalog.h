// Where a lake's tables are registered for query engines: Glue. Called after a commit, and by
// `lakegate catalog sync`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/dataset_table.h"
#include "lake/error.h"

namespace lakegate {

// What a call changed; nothing where all was there.
struct CatalogChanges {
  std::vector<std::string> created;  // tables and views
  std::vector<std::string> updated;
  std::size_t partitions_added = 0;
  std::size_t partitions_removed = 0;

  void add(const CatalogChanges& other);
  bool any() const;
};

// Every method may be called again at any time, from any thread and by any number of processes:
// what is there already is left alone, and what another process makes at the same moment is fine.
// What a person has added to a table (a description, parameters) stays.
class Catalog {
 public:
  virtual ~Catalog() = default;
  virtual std::string describe() const = 0;  // "Glue database sales": for messages

  // The dataset's table with the columns of its schema, its views, and these partitions
  // ("dt=2026-11-23"). A table that a newer version of the schema has registered keeps its columns.
  virtual Result<CatalogChanges> add(const DatasetTable& table,
                                     const std::vector<std::string>& partitions) = 0;

  // The same from scratch, for tables that somebody has changed or that were never registered:
  // `partitions` are all that the dataset has, and others are taken out.
  virtual Result<CatalogChanges> repair(const DatasetTable& table,
                                        const std::vector<std::string>& partitions) = 0;

  // lakegate_runs and lakegate_rejects. `lake` is the lake's root.
  virtual Result<CatalogChanges> add_records(std::string_view lake) = 0;
};

}  // namespace lakegate
