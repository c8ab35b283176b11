#include "cli/wiring.h"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>

#include "cli/interrupts.h"
#include "stores/local_store.h"
#include "stores/polling_watcher.h"
#include "stores/s3_store.h"
#include "tables/sqlite_tables.h"

namespace lakegate::cli {
namespace {

constexpr std::string_view kOwnTables = "_lake/tables.sqlite";

}  // namespace

bool is_on_s3(std::string_view location) {
  return location.starts_with("s3://");
}

Result<std::shared_ptr<AwsSession>> aws_session() {
  static std::mutex mutex;
  static std::shared_ptr<AwsSession> session;
  const std::lock_guard guard(mutex);
  if (!session) {
    LAKEGATE_TRY(session, AwsSession::open());
  }
  return session;
}

Result<std::unique_ptr<ObjectStore>> open_store(const std::string& location) {
  if (is_on_s3(location)) {
    LAKEGATE_TRY(const auto session, aws_session());
    LAKEGATE_TRY(auto store, open_s3_store(location, *session));
    return interruptible(std::move(store));
  }
  LAKEGATE_TRY(auto store, open_local_store(location));
  return interruptible(std::move(store));
}

Result<std::unique_ptr<TableServer>> open_tables(const std::string& location,
                                                 const std::string& to) {
  if (is_on_s3(location))
    return invalid_input(fmt::format("{}: lakes on S3 cannot be served yet", location));
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
  if (is_on_s3(location)) return make_polling_watcher();
  return LandingWatcher::open(location);
}

}  // namespace lakegate::cli
