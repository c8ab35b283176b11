#include "catalog/glue_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "catalog/engine.h"
#include "catalog/glue_tables.h"
#include "lake/json_text.h"

namespace lakegate {
namespace {

using glue::Json;
using Values = std::vector<std::string>;

// Of partitions in one request.
constexpr std::size_t kMostToChange = 100;  // BatchCreatePartition, BatchUpdatePartition
constexpr std::size_t kMostToGet = 1000;    // BatchGetPartition
constexpr std::size_t kMostToDelete = 25;   // BatchDeletePartition

// Of a table that other processes change at the same time.
constexpr int kAttempts = 8;

// The faults that are answers; anything else is an Error.
enum class Answer { kDone, kNotFound, kExists, kChangedMeanwhile };

struct Reply {
  Answer answer = Answer::kDone;
  Json body;
};

class GlueCatalog : public Catalog {
 public:
  GlueCatalog(std::shared_ptr<ServiceClient> glue, std::string database)
      : glue_(std::move(glue)), database_(std::move(database)) {}

  std::string describe() const override { return "Glue database " + database_; }

  Result<CatalogChanges> add(const DatasetTable& table,
                             const std::vector<std::string>& partitions) override {
    LAKEGATE_TRY(CatalogChanges changes, put_tables(table));
    LAKEGATE_TRY(const CatalogChanges added, put_partitions(table, partitions));
    changes.add(added);
    return changes;
  }

  Result<CatalogChanges> repair(const DatasetTable& table,
                                const std::vector<std::string>& partitions) override {
    forget(table.name);
    LAKEGATE_TRY(CatalogChanges changes, add(table, partitions));
    LAKEGATE_TRY(changes.partitions_removed, remove_others(table, partitions));
    return changes;
  }

  Result<CatalogChanges> add_records(std::string_view lake) override {
    CatalogChanges changes;
    LAKEGATE_CHECK(put_table(glue::runs_input(lake), changes));
    LAKEGATE_CHECK(put_table(glue::reject_lines_input(lake), changes));
    LAKEGATE_CHECK(put_table(glue::rejects_input(database_), changes));
    return changes;
  }

 private:
  Result<Reply> call(std::string_view operation, Json request, const std::string& what) const {
    AwsRequest signed_request;
    signed_request.headers = {{"X-Amz-Target", fmt::format("AWSGlue.{}", operation)},
                              {"Content-Type", "application/x-amz-json-1.1"}};
    signed_request.body = std::make_shared<const std::string>(json_line(request));
    LAKEGATE_TRY(const AwsReply reply, glue_->call(std::move(signed_request)));
    if (reply.fault) {
      const std::string& code = reply.fault->code;
      if (code == "EntityNotFoundException") return Reply{.answer = Answer::kNotFound};
      if (code == "AlreadyExistsException") return Reply{.answer = Answer::kExists};
      if (code == "ConcurrentModificationException" || code == "VersionMismatchException")
        return Reply{.answer = Answer::kChangedMeanwhile};
      return Failure(to_error(*reply.fault, fmt::format("{} of {}", operation, what)));
    }
    Json body = Json::parse(reply.http.body.empty() ? "{}" : reply.http.body, nullptr, false);
    if (!body.is_object())
      return fail(ErrorKind::kRetryable,
                  fmt::format("{} of {}: Glue's reply is no JSON", operation, what));
    return Reply{.answer = Answer::kDone, .body = std::move(body)};
  }

  Failure no_database() const {
    return fail(ErrorKind::kNotFound,
                fmt::format("there is no Glue database {0}; make it with `aws glue "
                            "create-database --database-input Name={0}`, or correct "
                            "catalog.glue.database",
                            database_));
  }

  Result<CatalogChanges> put_tables(const DatasetTable& table) {
    for (const Field& column : table.columns) LAKEGATE_CHECK(check_hive_names(column));
    CatalogChanges changes;
    LAKEGATE_CHECK(put_table(glue::dataset_input(table), changes));
    LAKEGATE_CHECK(put_table(glue::history_input(database_, table), changes));
    if (table.has_latest())
      LAKEGATE_CHECK(put_table(glue::latest_input(database_, table), changes));
    return changes;
  }

  // The table is as wanted when it returns, whoever has made it so.
  Result<void> put_table(const Json& wanted, CatalogChanges& changes) {
    const std::string name = wanted.at("Name").get<std::string>();
    const std::string form = wanted.dump();
    if (is_known(name, form)) return {};
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      LAKEGATE_TRY(const Reply found,
                   call("GetTable", {{"DatabaseName", database_}, {"Name", name}}, name));
      if (found.answer == Answer::kNotFound) {
        LAKEGATE_TRY(
            const Reply made,
            call("CreateTable", {{"DatabaseName", database_}, {"TableInput", wanted}}, name));
        if (made.answer == Answer::kNotFound) return no_database();
        if (made.answer != Answer::kDone) continue;
        changes.created.push_back(name);
        know(name, form);
        return {};
      }
      const Json& existing = found.body.at("Table");
      LAKEGATE_TRY(const auto update, glue::merged(existing, wanted));
      if (!update) {
        know(name, form);
        return {};
      }
      Json request = {{"DatabaseName", database_}, {"TableInput", *update}};
      if (const auto version = existing.find("VersionId"); version != existing.end())
        request["VersionId"] = *version;
      LAKEGATE_TRY(const Reply updated, call("UpdateTable", std::move(request), name));
      if (updated.answer != Answer::kDone) continue;  // changed or dropped meanwhile
      changes.updated.push_back(name);
      know(name, form);
      return {};
    }
    return fail(ErrorKind::kRetryable,
                fmt::format("the table {} in {} is being changed by others again and again", name,
                            describe()));
  }

  Result<CatalogChanges> put_partitions(const DatasetTable& table,
                                        const std::vector<std::string>& partitions) {
    CatalogChanges changes;
    if (table.partitions.empty()) return changes;
    std::map<Values, Json> wanted;  // what this process has not seen in this form
    for (const std::string& partition : partitions) {
      LAKEGATE_TRY(auto values, partition_folder_values(table, partition));
      Json input = glue::partition_input(table, values, partition);
      if (!is_known(name_of(table, values), input.dump()))
        wanted.try_emplace(std::move(values), std::move(input));
    }
    LAKEGATE_TRY(const auto existing, get_partitions(table, wanted));
    std::vector<Json> to_create, to_update;
    for (const auto& [values, input] : wanted) {
      const auto found = existing.find(values);
      if (found == existing.end()) {
        to_create.push_back(input);
      } else if (differs(found->second, input)) {
        to_update.push_back({{"PartitionValueList", values}, {"PartitionInput", input}});
      }
    }
    LAKEGATE_TRY(changes.partitions_added,
                 change("BatchCreatePartition", "PartitionInputList", table, to_create));
    LAKEGATE_CHECK(change("BatchUpdatePartition", "Entries", table, to_update));
    for (const auto& [values, input] : wanted) know(name_of(table, values), input.dump());
    return changes;
  }

  static bool differs(const Json& existing, const Json& wanted) {
    const Json& is = existing.at("StorageDescriptor");
    const Json& should_be = wanted.at("StorageDescriptor");
    return is.value("Location", "") != should_be.at("Location").get<std::string>() ||
           is.value("Columns", Json::array()) != should_be.at("Columns");
  }

  Result<std::map<Values, Json>> get_partitions(const DatasetTable& table,
                                                const std::map<Values, Json>& wanted) const {
    std::map<Values, Json> found;
    Json to_get = Json::array();
    const auto get = [&]() -> Result<void> {
      while (!to_get.empty()) {
        LAKEGATE_TRY(const Reply reply, call("BatchGetPartition",
                                             {{"DatabaseName", database_},
                                              {"TableName", table.name},
                                              {"PartitionsToGet", to_get}},
                                             table.name));
        for (const Json& partition : reply.body.value("Partitions", Json::array()))
          found.emplace(partition.at("Values").get<Values>(), partition);
        const Json left = reply.body.value("UnprocessedKeys", Json::array());
        if (left.size() >= to_get.size())
          return fail(ErrorKind::kRetryable,
                      fmt::format("Glue does not look up partitions of {} now", table.name));
        to_get = left;
      }
      return {};
    };
    for (const auto& [values, input] : wanted) {
      to_get.push_back({{"Values", values}});
      if (to_get.size() == kMostToGet) LAKEGATE_CHECK(get());
    }
    LAKEGATE_CHECK(get());
    return found;
  }

  // In batches. Returns how many were changed; those that another process was faster with are fine.
  Result<std::size_t> change(std::string_view operation, const char* list,
                             const DatasetTable& table, const std::vector<Json>& entries,
                             std::size_t most = kMostToChange) const {
    std::size_t changed = 0;
    for (std::size_t begin = 0; begin < entries.size(); begin += most) {
      const std::size_t end = std::min(entries.size(), begin + most);
      Json batch = Json::array();
      for (std::size_t i = begin; i < end; ++i) batch.push_back(entries[i]);
      changed += batch.size();
      LAKEGATE_TRY(
          const Reply reply,
          call(operation,
               {{"DatabaseName", database_}, {"TableName", table.name}, {list, std::move(batch)}},
               table.name));
      if (reply.answer != Answer::kDone)
        return fail(ErrorKind::kRetryable, fmt::format("the table {} in {} was dropped meanwhile",
                                                       table.name, describe()));
      for (const Json& error : reply.body.value("Errors", Json::array())) {
        const Json detail = error.value("ErrorDetail", Json::object());
        const std::string code = detail.value("ErrorCode", "");
        --changed;
        if (code == "AlreadyExistsException" || code == "EntityNotFoundException") continue;
        return Failure(
            to_error({.status = 400, .code = code, .message = detail.value("ErrorMessage", "")},
                     fmt::format("{} of {}", operation, table.name)));
      }
    }
    return changed;
  }

  Result<std::size_t> remove_others(const DatasetTable& table,
                                    const std::vector<std::string>& partitions) {
    if (table.partitions.empty()) return std::size_t{0};
    std::set<Values> kept;
    for (const std::string& partition : partitions) {
      LAKEGATE_TRY(auto values, partition_folder_values(table, partition));
      kept.insert(std::move(values));
    }
    std::vector<Json> others;
    Json request = {{"DatabaseName", database_}, {"TableName", table.name}};
    for (;;) {
      LAKEGATE_TRY(const Reply page, call("GetPartitions", request, table.name));
      for (const Json& partition : page.body.value("Partitions", Json::array()))
        if (auto values = partition.at("Values").get<Values>(); !kept.contains(values))
          others.push_back({{"Values", std::move(values)}});
      const std::string next = page.body.value("NextToken", "");
      if (next.empty()) break;
      request["NextToken"] = next;
    }
    return change("BatchDeletePartition", "PartitionsToDelete", table, others, kMostToDelete);
  }

  static std::string name_of(const DatasetTable& table, const Values& values) {
    return table.name + "/" + Json(values).dump();
  }
  // What this process has found or made in Glue need not be asked for again.
  bool is_known(const std::string& name, const std::string& form) const {
    const std::lock_guard lock(mutex_);
    const auto known = known_.find(name);
    return known != known_.end() && known->second == form;
  }
  void know(const std::string& name, std::string form) {
    const std::lock_guard lock(mutex_);
    known_[name] = std::move(form);
  }
  void forget(const std::string& table) {
    const std::lock_guard lock(mutex_);
    std::erase_if(known_, [&](const auto& entry) {
      return entry.first == table || entry.first.starts_with(table + "/") ||
             entry.first.starts_with(table + "_");
    });
  }

  std::shared_ptr<ServiceClient> glue_;
  std::string database_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> known_;  // tables and partitions; their inputs as JSON
};

}  // namespace

void CatalogChanges::add(const CatalogChanges& other) {
  created.insert(created.end(), other.created.begin(), other.created.end());
  updated.insert(updated.end(), other.updated.begin(), other.updated.end());
  partitions_added += other.partitions_added;
  partitions_removed += other.partitions_removed;
}

bool CatalogChanges::any() const {
  return !created.empty() || !updated.empty() || partitions_added > 0 || partitions_removed > 0;
}

std::unique_ptr<Catalog> make_glue_catalog(std::shared_ptr<ServiceClient> glue,
                                           std::string database) {
  return std::make_unique<GlueCatalog>(std::move(glue), std::move(database));
}

}  // namespace lakegate
