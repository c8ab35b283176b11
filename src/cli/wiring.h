// The one place that makes concrete stores, tables and catalogs for a lake.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/session.h"
#include "catalog/catalog.h"
#include "config/config.h"
#include "lake/error.h"
#include "stores/object_store.h"
#include "stores/watcher.h"
#include "tables/table.h"

namespace lakegate::cli {

// `location` is a directory, or s3://bucket/prefix. Nothing of AWS starts for a directory.
bool is_on_s3(std::string_view location);
Result<std::unique_ptr<ObjectStore>> open_store(const std::string& location);

// Where a dataset is served: `to` of its `serve:`, "dynamodb" or a file relative to the lake;
// empty: DynamoDB for a lake on S3, the lake's own file for a directory.
struct TableOptions {
  std::string prefix;   // the environment's table_prefix, for tables of lakegate's own
  bool create = false;  // tables of DynamoDB that are not there; those in files are always made
};
Result<std::unique_ptr<TableServer>> open_tables(const std::string& location, const std::string& to,
                                                 const TableOptions& options);

// A table file that belongs to no lake (`lakegate load FILE --to`).
Result<std::unique_ptr<TableServer>> open_table_file(const std::string& path);

// Where the lake's tables are registered; null for a directory, and without `catalog:` in
// lake.yaml.
Result<std::unique_ptr<Catalog>> open_catalog(const std::string& location, const Config& config);

// inotify for a directory; S3 tells nobody, so a lake there is looked at from time to time.
Result<std::unique_ptr<LandingWatcher>> watch_landing(const std::string& location);

// The one of this process, opened when first asked for.
Result<std::shared_ptr<AwsSession>> aws_session();

}  // namespace lakegate::cli
