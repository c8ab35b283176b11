#include "cli/wiring.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/interrupts.h"
#include "stores/local_store.h"
#include "tables/sqlite_tables.h"

namespace lakegate::cli {
namespace {

constexpr std::string_view kOwnTables = "_lake/tables.sqlite";

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_store(const std::string& location) {
  if (location.starts_with("s3://"))
    return invalid_input(fmt::format(
        "{}: lakes on S3 are not supported yet by this version; use a directory", location));
  LAKEGATE_TRY(auto store, open_local_store(location));
  return interruptible(std::move(store));
}

Result<std::unique_ptr<TableServer>> open_tables(const std::string& location,
                                                 const std::string& to) {
  const std::filesystem::path path =
      std::filesystem::path(location) / (to.empty() ? std::string(kOwnTables) : to);
  std::error_code error;  // what matters of it comes up again when the file is opened
  std::filesystem::create_directories(path.parent_path(), error);
  return open_sqlite_tables(path.string());
}

Result<std::unique_ptr<TableServer>> open_table_file(const std::string& path) {
  return open_sqlite_tables(path);
}

Result<std::unique_ptr<LandingWatcher>> watch_landing(const std::string& location) {
  return LandingWatcher::open(location);
}

}  // namespace lakegate::cli
