// The one place that makes concrete stores and tables for a lake.
#pragma once

#include <memory>
#include <string>

#include "lake/error.h"
#include "stores/object_store.h"
#include "stores/watcher.h"
#include "tables/table.h"

namespace lakegate::cli {

// `location` is a directory; "s3://…" is refused for now.
Result<std::unique_ptr<ObjectStore>> open_store(const std::string& location);

// Where a dataset is served: `to` of its `serve:`, relative to the lake; empty: the lake's own.
Result<std::unique_ptr<TableServer>> open_tables(const std::string& location,
                                                 const std::string& to);

// A table file that belongs to no lake (`lakegate load FILE --to`).
Result<std::unique_ptr<TableServer>> open_table_file(const std::string& path);

Result<std::unique_ptr<LandingWatcher>> watch_landing(const std::string& location);

}  // namespace lakegate::cli
