#include "cli/wiring.h"

#include <fmt/format.h>

#include <filesystem>
#include <mutex>

#include "aws/session.h"
#include "catalog/glue_catalog.h"
#include "cli/interrupts.h"
#include "stores/local_store.h"
#include "stores/polling_watcher.h"
#include "stores/s3_store.h"
#include "tables/dynamodb/dynamodb_tables.h"
#include "tables/sqlite_tables.h"

namespace lakegate::cli {
namespace {

constexpr std::string_view kOwnTables = "_lake/tables.sqlite";
constexpr std::string_view kDynamoDb = "dynamodb";

Result<std::unique_ptr<TableServer>> open_dynamodb(const TableOptions& options) {
  LAKEGATE_TRY(const auto session, aws_session());
  LAKEGATE_TRY(auto client, session->service("dynamodb"));
  const AwsSettings& settings = session->settings();
  LAKEGATE_TRY(const HttpOrigin origin, settings.endpoint("dynamodb"));
  const bool is_own = settings.has_own_endpoint("dynamodb");
  const std::string where = is_own ? fmt::format("DynamoDB at {}:{}", origin.host, origin.port)
                                   : fmt::format("DynamoDB in {}", settings.region);
  return open_dynamodb_tables(
      std::move(client),
      {.create = options.create, .place = where, .table_prefix = options.prefix});
}

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

Result<std::unique_ptr<TableServer>> open_tables(const std::string& location, const std::string& to,
                                                 const TableOptions& options) {
  const bool on_s3 = is_on_s3(location);
  if (to == kDynamoDb || (to.empty() && on_s3)) return open_dynamodb(options);
  if (on_s3)
    return invalid_input(fmt::format(
        "{} is a file, and a lake on S3 cannot be served from one; leave `to` out, or write "
        "`to: dynamodb`",
        to));
  const std::filesystem::path path =
      std::filesystem::path(location) / (to.empty() ? std::string(kOwnTables) : to);
  std::error_code error;  // what matters of it comes up again when the file is opened
  std::filesystem::create_directories(path.parent_path(), error);
  return open_sqlite_tables(path.string());
}

Result<std::unique_ptr<TableServer>> open_table_file(const std::string& path) {
  return open_sqlite_tables(path);
}

Result<std::unique_ptr<Catalog>> open_catalog(const std::string& location, const Config& config) {
  if (!config.catalog || !location.starts_with("s3://")) return nullptr;
  LAKEGATE_TRY(const auto session, aws_session());
  LAKEGATE_TRY(auto glue, session->service("glue"));
  return make_glue_catalog(std::move(glue), config.catalog->glue_database);
}

Result<std::unique_ptr<LandingWatcher>> watch_landing(const std::string& location) {
  if (is_on_s3(location)) return make_polling_watcher();
  return LandingWatcher::open(location);
}

}  // namespace lakegate::cli
