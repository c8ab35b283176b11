// Whatever the order of arrival, of processing and of kills: the table is what a model in a few
// lines says.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <random>
#include <set>

#include "fakes/faulty_store.h"
#include "fakes/faulty_tables.h"
#include "fakes/scratch_folder.h"
#include "fakes/sqlite_rows.h"
#include "load/load.h"
#include "tables/memory_tables.h"
#include "tables/sqlite_tables.h"
#include "unit/load/curated_lake.h"

namespace lakegate {
namespace {

using Random = std::mt19937_64;
using Values = std::map<std::int64_t, std::string>;

int pick(Random& random, int low, int high) {
  return std::uniform_int_distribution(low, high)(random);
}

struct Row {
  std::optional<int> id;
  std::string value;
  int partition = 0;
};

// One arrival, as it is in curated now.
struct Version {
  int second = 0;
  std::string key;
  int generation = 1;
  std::vector<Row> rows;
};

// What is served, from what is curated.
Values model(const std::vector<Version>& committed, Mode mode) {
  std::map<std::string, int> newest;
  for (const Version& version : committed)
    newest[version.key] = std::max(newest[version.key], version.second);
  std::map<int, std::pair<int, std::string>> by_id;
  for (const Version& version : committed) {
    if (mode == Mode::kSnapshot && version.second < newest[version.key]) continue;
    for (const Row& row : version.rows) {
      if (!row.id) continue;
      auto& there = by_id.try_emplace(*row.id, -1, "").first->second;
      if (version.second >= there.first) there = {version.second, row.value};
    }
  }
  Values values;
  for (const auto& [id, row] : by_id) values[id] = row.second;
  return values;
}

struct Case {
  std::string name;
  Mode mode = Mode::kAppend;
  bool partitioned = false;  // rows are spread over files, and only _row says their order
};

// A table server and a way to read it.
struct Tables {
  std::shared_ptr<TableServer> server;
  std::function<std::map<std::string, std::string>()> rows;
  Values values() const {
    Values values;
    for (const auto& [key, json] : rows()) {
      const auto row = nlohmann::ordered_json::parse(json);
      values[row.at("id")] = row.at("v");
    }
    return values;
  }
};

Tables memory_tables() {
  const std::shared_ptr<MemoryTables> server = make_memory_tables();
  return {server, [server] { return server->rows(TableName("T")); }};
}

Tables sqlite_tables() {
  const auto folder = std::make_shared<ScratchFolder>();
  return {open_sqlite_tables(folder->path("t.sqlite")).value(),
          [folder] { return sqlite_rows(folder->path("t.sqlite"), "T"); }};
}

class History {
 public:
  History(const Case& c, std::uint64_t seed, Tables tables)
      : case_(c), random_(seed), tables_(std::move(tables)) {
    std::string more = std::string("    mode: ") +
                       (c.mode == Mode::kSnapshot ? "snapshot"
                        : c.mode == Mode::kUpsert ? "upsert\n    key: [id]"
                                                  : "append") +
                       "\n";
    if (c.partitioned) more += "    partition_by: {column: p}\n";
    dataset_ = CuratedLake::dataset(more);
    schema_.fields = {{.name = "id", .type = {LogicalType::Kind::kInt64}},
                      {.name = "v", .type = {LogicalType::Kind::kText}},
                      {.name = "p", .type = {LogicalType::Kind::kInt64}}};
    if (!c.partitioned) schema_.fields.pop_back();
    lake_.remember(schema_);
    for (int second = 0; second < 40; ++second) seconds_.push_back(second);
    std::shuffle(seconds_.begin(), seconds_.end(), random_);
  }

  void play() {
    const int steps = pick(random_, 2, 9);
    for (int step = 0; step < steps; ++step) {
      for (int landing = pick(random_, 0, 3); landing > 0; --landing) land();
      if (!committed_.empty() && pick(random_, 0, 3) == 0) replay();
      while (pick(random_, 0, 2) == 0) killed_load();
      if (pick(random_, 0, 1) == 0) clean_load();
      if (testing::Test::HasFailure()) return;
    }
    clean_load();
  }

 private:
  std::vector<Row> random_rows() {
    std::vector<Row> rows;
    for (int i = pick(random_, 0, 6); i > 0; --i)
      rows.push_back(
          {.id = pick(random_, 0, 9) == 0 ? std::nullopt : std::optional(pick(random_, 0, 5)),
           .value = "v" + std::to_string(++values_),
           .partition = case_.partitioned ? pick(random_, 0, 2) : 0});
    return rows;
  }

  void land() {
    Version version{.second = seconds_.back(),
                    .key = std::string("landing/d/") + "abc"[pick(random_, 0, 2)] + ".csv",
                    .rows = random_rows()};
    seconds_.pop_back();
    commit(version);
    committed_.push_back(std::move(version));
  }

  void replay() {
    Version& version = committed_[static_cast<std::size_t>(
        pick(random_, 0, static_cast<int>(committed_.size()) - 1))];
    ++version.generation;
    version.rows = random_rows();
    commit(version);
  }

  void commit(const Version& version) {
    Schema in_file = schema_;
    if (case_.partitioned) in_file.fields.pop_back();
    in_file.fields.push_back(kLineageFields[2]);  // _row
    std::map<int, std::string> rows;
    for (std::size_t i = 0; i < version.rows.size(); ++i) {
      const Row& row = version.rows[i];
      std::string& text = rows[row.partition];
      text += std::string(text.empty() ? "[" : ",") + "[" +
              (row.id ? std::to_string(*row.id) : "null") + ",\"" + row.value + "\"," +
              std::to_string(i + 1) + "]";
    }
    if (rows.empty()) rows[0] = "[";
    CuratedLake::Run run{
        .second = version.second, .key = version.key, .generation = version.generation};
    for (const auto& [partition, text] : rows)
      run.rows[case_.partitioned ? "p=" + std::to_string(partition) : "dt=2026-01-01"] = text + "]";
    lake_.commit(run, in_file);
  }

  void killed_load() {
    FaultyStore store(lake_.store());
    FaultyTables tables(*tables_.server);
    if (pick(random_, 0, 1) == 0)
      store.set_fault(
          pick(random_, 0, 1) == 0 ? FaultyStore::Fault::kCrash : FaultyStore::Fault::kCrashAfter,
          static_cast<std::uint64_t>(pick(random_, 1, 8)));
    else
      tables.set_fault(pick(random_, 0, 1) == 0 ? FaultyTables::Fault::kCrashBeforeCommit
                                                : FaultyTables::Fault::kCrashAfterCommit,
                       pick(random_, 1, 5));
    (void)load_dataset(store, tables, dataset_);
  }

  void clean_load() {
    const bool again = pick(random_, 0, 4) == 0;
    const auto summary = load_dataset(lake_.store(), *tables_.server, dataset_, {.again = again});
    ASSERT_TRUE(summary) << summary.error().to_string();
    EXPECT_TRUE(summary->failures.empty());
    if (committed_.empty()) return;
    ASSERT_EQ(tables_.values(), model(committed_, case_.mode));
    const auto notes = lake_.store().list("_lake/loads/");
    ASSERT_EQ(
        std::ranges::count_if(
            *notes, [](const ObjectInfo& info) { return info.key.str().ends_with(".reoffer"); }),
        0);
    ASSERT_TRUE(load_dataset(lake_.store(), *tables_.server, dataset_)->loads.empty());
  }

  Case case_;
  Random random_;
  Tables tables_;
  CuratedLake lake_;
  DatasetConfig dataset_;
  Schema schema_;
  std::vector<Version> committed_;
  std::vector<int> seconds_;  // each arrival at a time of its own
  int values_ = 0;
};

class LoadProperty : public testing::TestWithParam<Case> {
 protected:
  // LAKEGATE_SEED plays one history; LAKEGATE_ROUNDS more than usual.
  void play(Tables (*make_tables)(), int rounds) {
    const char* seed = std::getenv("LAKEGATE_SEED");
    const char* more = std::getenv("LAKEGATE_ROUNDS");
    if (more != nullptr) rounds = std::atoi(more);
    const std::uint64_t first =
        seed != nullptr ? std::strtoull(seed, nullptr, 10) : std::random_device{}();
    for (int round = 0; round < (seed != nullptr ? 1 : rounds); ++round) {
      const std::uint64_t this_seed = first + static_cast<std::uint64_t>(round);
      SCOPED_TRACE("LAKEGATE_SEED=" + std::to_string(this_seed));
      History(GetParam(), this_seed, make_tables()).play();
      if (HasFailure()) return;
    }
  }
};

TEST_P(LoadProperty, MemoryTablesAreWhatTheModelSays) {
  play(memory_tables, 150);
}
TEST_P(LoadProperty, SqliteTablesAreWhatTheModelSays) {
  play(sqlite_tables, 8);
}

INSTANTIATE_TEST_SUITE_P(Modes, LoadProperty,
                         testing::Values(Case{"append", Mode::kAppend},
                                         Case{"append_partitioned", Mode::kAppend, true},
                                         Case{"upsert", Mode::kUpsert},
                                         Case{"snapshot", Mode::kSnapshot},
                                         Case{"snapshot_partitioned", Mode::kSnapshot, true}),
                         [](const auto& made) { return made.param.name; });

}  // namespace
}  // namespace lakegate
