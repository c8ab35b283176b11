#include "load/load.h"

#include <gtest/gtest.h>

#include "fakes/faulty_store.h"
#include "fakes/scratch_folder.h"
#include "fakes/sqlite_rows.h"
#include "load/curated_rows.h"
#include "tables/memory_tables.h"
#include "tables/sqlite_tables.h"
#include "unit/load/curated_lake.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;
using Rows = std::map<std::string, std::string>;

class Load : public testing::Test {
 protected:
  LoadSummary load(const LoadOptions& options = {}) {
    auto summary = load_dataset(lake_.store(), *tables_, dataset_, options);
    EXPECT_TRUE(summary) << summary.error().to_string();
    return summary ? *summary : LoadSummary{};
  }
  Rows rows() const { return tables_->rows(TableName("T")); }
  CuratedLake::Run run(int second, const std::string& rows, int generation = 1) {
    return {.second = second, .rows = {{"dt=2026-01-01", rows}}, .generation = generation};
  }
  void commit(const CuratedLake::Run& run) { lake_.commit(run, schema_); }

  void SetUp() override {
    dataset_.lineage = false;
    lake_.remember(schema_);
  }

  CuratedLake lake_;
  DatasetConfig dataset_ = CuratedLake::dataset();
  Schema schema_{{{.name = "id", .type = {Kind::kInt64}}, {.name = "v", .type = {Kind::kText}}}};
  std::unique_ptr<MemoryTables> tables_ = make_memory_tables();
};

TEST_F(Load, LoadsWhatHasNoRecordOnce) {
  commit(run(2, R"([[1, "b"], [2, "b"], [2, "c"]])"));
  commit(run(1, R"([[1, "a"], [null, "x"]])"));
  std::vector<std::uint64_t> told;
  const LoadSummary first =
      load({.on_loaded = [&](const LoadRecord& record) { told.push_back(record.rows_read); }});
  EXPECT_EQ(told, (std::vector<std::uint64_t>{2, 3})) << "in order of arrival";
  ASSERT_EQ(first.loads.size(), 2u);
  const LoadRecord& newer = first.loads[1];
  EXPECT_EQ(newer.table.str(), "T");
  EXPECT_EQ(newer.dataset.str(), "d");
  EXPECT_EQ(newer.rows_written, 2u);
  EXPECT_EQ(newer.rows_superseded, 1u);
  EXPECT_EQ(first.loads[0].rows_rejected, 1u);
  EXPECT_EQ(rows(),
            (Rows{{R"({"id":1})", R"({"id":1,"v":"b"})"}, {R"({"id":2})", R"({"id":2,"v":"c"})"}}));
  const ObjectKey key = layout::load_key(TableName("T"), newer.arrival);
  EXPECT_EQ(load_from_json(lake_.store().get(key)->bytes, key)->finished_at, newer.finished_at);
  EXPECT_TRUE(load().loads.empty());
  EXPECT_EQ(load({.again = true}).loads.size(), 2u);
}

TEST_F(Load, RejectsStandBesideTheRecord) {
  commit(run(1, R"([[1, "a"], [null, "x"]])"));
  const ArrivalId arrival = load().loads.at(0).arrival;
  const auto rejects = lake_.store().get(load_rejects_key(TableName("T"), arrival));
  ASSERT_TRUE(rejects);
  EXPECT_NE(rejects->bytes.find("\"reason\":\"key_null\""), std::string::npos) << rejects->bytes;
  commit(run(1, R"([[1, "a"]])", 2));
  EXPECT_EQ(load().loads.size(), 1u);
  EXPECT_FALSE(lake_.store().get(load_rejects_key(TableName("T"), arrival)));
}

TEST_F(Load, NothingToLoadMakesNoTable) {
  EXPECT_TRUE(load().loads.empty());
  lake_ = CuratedLake();
  EXPECT_TRUE(load().loads.empty()) << "no schema either";
}

TEST_F(Load, NewGenerationReplacesTheOneBefore) {
  commit(run(1, R"([[1, "old"], [2, "old"]])"));
  commit(run(2, R"([[2, "g1"], [3, "g1"]])"));
  load();
  commit(run(2, R"([[3, "g2"]])", 2));
  const LoadSummary summary = load();
  ASSERT_EQ(summary.loads.size(), 1u);
  EXPECT_EQ(summary.loads[0].generation, 2);
  EXPECT_EQ(summary.loads[0].rows_removed, 1u);
  EXPECT_EQ(summary.offered_again, 1u);
  EXPECT_EQ(rows(), (Rows{{R"({"id":1})", R"({"id":1,"v":"old"})"},
                          {R"({"id":2})", R"({"id":2,"v":"old"})"},
                          {R"({"id":3})", R"({"id":3,"v":"g2"})"}}));
  EXPECT_TRUE(load().loads.empty());
}

TEST_F(Load, AnOlderGenerationThatEndsLastHidesNothing) {
  RunRecord old = lake_.commit(run(1, R"([[1, "old"]])"), schema_);
  commit(run(1, R"([[1, "new"]])", 2));
  old.outputs.clear();  // read before they were superseded
  const auto loaded = load_arrival(lake_.store(), *tables_, dataset_, old);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(count_not_loaded(lake_.store(), dataset_).value(), 1u);
  EXPECT_EQ(load().loads.size(), 1u);
  EXPECT_EQ(rows(), (Rows{{R"({"id":1})", R"({"id":1,"v":"new"})"}}));
}

TEST_F(Load, ALostTableIsMadeAnew) {
  commit(run(1, R"([[1, "a"]])"));
  load();
  tables_ = make_memory_tables();
  EXPECT_TRUE(load().loads.empty()) << "the records say that it is done";
  EXPECT_EQ(load({.again = true}).loads.size(), 1u);
  EXPECT_EQ(rows().size(), 1u);
}

TEST_F(Load, LoadArrivalIsTheSame) {
  dataset_.mode = Mode::kSnapshot;
  const RunRecord other = lake_.commit(
      {.second = 1, .key = "landing/d/b.csv", .rows = {{"dt=1", R"([[1, "b"]])"}}}, schema_);
  const RunRecord first = lake_.commit(run(2, R"([[1, "a"], [2, "a"]])"), schema_);
  const RunRecord second = lake_.commit(run(3, R"([[2, "c"]])"), schema_);
  for (const RunRecord& record : {first, other, second, second}) {
    const auto loaded = load_arrival(lake_.store(), *tables_, dataset_, record);
    ASSERT_TRUE(loaded) << loaded.error().to_string();
  }
  EXPECT_EQ(rows(),
            (Rows{{R"({"id":1})", R"({"id":1,"v":"b"})"}, {R"({"id":2})", R"({"id":2,"v":"c"})"}}));
  EXPECT_TRUE(load().loads.empty());
}

TEST_F(Load, PartitionsThatAreColumnsComeBack) {
  dataset_ = CuratedLake::dataset(
      "    partition_by: [{column: country}, {arrival: day}]\n    lineage: false\n");
  Schema full = schema_;
  full.fields.insert(full.fields.begin(), {.name = "country", .type = {Kind::kText}});
  lake_.remember(full);
  lake_.commit({.second = 1,
                .rows = {{"country=a%2Fb%25/dt=2026-01-01", R"([[1, "x"]])"},
                         {"country=/dt=2026-01-01", R"([[2, "y"]])"}}},
               schema_);
  load();
  EXPECT_EQ(rows(), (Rows{{R"({"id":1})", R"({"country":"a/b%","id":1,"v":"x"})"},
                          {R"({"id":2})", R"({"country":"","id":2,"v":"y"})"}}));
}

TEST_F(Load, CapturesThatArePartitionsAreServedAsText) {
  dataset_ = CuratedLake::dataset("    lineage: false\n");
  dataset_.partition_by = {
      {.from = PartitionLevel::From::kCapture, .source = "store", .name = "store"}};
  lake_.commit({.second = 1, .rows = {{"store=007", R"([[1, "x"]])"}}}, schema_);
  load();
  EXPECT_EQ(rows(), (Rows{{R"({"id":1})", R"({"id":1,"v":"x","store":"007"})"}}));
}

TEST_F(Load, FilesOfOlderSchemasAreWidenedAndFilledWithNull) {
  const Schema older{{{.name = "id", .type = {Kind::kInt32}}}};
  lake_.commit(run(1, "[[1]]"), older);
  schema_.fields.push_back({.name = "unknown"});
  lake_.remember(schema_);
  load();
  EXPECT_EQ(rows(), (Rows{{R"({"id":1})", R"({"id":1})"}}));
}

TEST_F(Load, AKeyWithoutAnyValueYetRejectsItsRows) {
  Schema no_key = schema_;
  no_key.fields[0].type = {};
  lake_.remember(no_key);
  const Schema in_file{{{.name = "v", .type = {Kind::kText}}}};
  lake_.commit(run(1, R"([["a"]])"), in_file);
  EXPECT_EQ(load().loads.at(0).rows_rejected, 1u);
}

TEST_F(Load, DamageToOneArrivalLeavesTheOthers) {
  commit(run(1, R"([[1, "a"]])"));
  const RunRecord damaged = lake_.commit(run(2, R"([[2, "b"]])"), schema_);
  commit(run(3, R"([[3, "c"]])"));
  ASSERT_TRUE(lake_.store().remove(damaged.outputs[0].key));
  LoadSummary summary = load();
  EXPECT_EQ(summary.loads.size(), 2u);
  ASSERT_EQ(summary.failures.size(), 1u);
  EXPECT_EQ(summary.failures[0].arrival, damaged.arrival);
  EXPECT_EQ(rows().size(), 2u);
  ASSERT_TRUE(lake_.store().put(damaged.outputs[0].key, "not Parquet"));
  summary = load();
  EXPECT_EQ(summary.failures.size(), 1u);
  // Fewer rows than were recorded are not passed over in silence.
  RunRecord wrong = damaged;
  commit(run(2, R"([[2, "b"]])"));
  wrong.outputs[0].rows = 2;
  ASSERT_TRUE(
      lake_.store().put(layout::run_key(DatasetName("d"), wrong.arrival.id), to_json(wrong)));
  summary = load();
  ASSERT_EQ(summary.failures.size(), 1u);
  EXPECT_NE(summary.failures[0].error.message.find("verify"), std::string::npos);
  EXPECT_EQ(rows().size(), 2u) << "nothing of it is in the table";
}

TEST_F(Load, SaysWhatIsMissing) {
  DatasetConfig unserved = dataset_;
  unserved.serve.reset();
  const auto summary = load_dataset(lake_.store(), *tables_, unserved);
  ASSERT_FALSE(summary);
  EXPECT_NE(summary.error().message.find("serve:"), std::string::npos);
  dataset_.serve->key = {"idd"};
  commit(run(1, R"([[1, "a"]])"));
  const auto wrong_key = load_dataset(lake_.store(), *tables_, dataset_);
  ASSERT_FALSE(wrong_key);
  EXPECT_NE(wrong_key.error().message.find("did you mean id"), std::string::npos);
}

// Whatever moment a snapshot's load dies at, the next one makes it good, rows of others included.
TEST_F(Load, SurvivesACrashAtEveryStep) {
  dataset_.mode = Mode::kSnapshot;
  const Rows expected{{R"({"id":1})", R"({"id":1,"v":"b"})"},
                      {R"({"id":2})", R"({"id":2,"v":"c"})"}};
  for (const auto fault : {FaultyStore::Fault::kCrash, FaultyStore::Fault::kCrashAfter,
                           FaultyStore::Fault::kFail, FaultyStore::Fault::kLostReply}) {
    for (std::uint64_t step = 1;; ++step) {
      lake_ = CuratedLake();
      lake_.remember(schema_);
      tables_ = make_memory_tables();
      lake_.commit({.second = 1, .key = "landing/d/b.csv", .rows = {{"dt=1", R"([[1, "b"]])"}}},
                   schema_);
      commit(run(2, R"([[1, "a"], [2, "a"]])"));
      load();
      commit(run(3, R"([[2, "c"]])"));
      FaultyStore faulty(lake_.store());
      faulty.set_fault(fault, step);
      (void)load_dataset(faulty, *tables_, dataset_);
      load();
      ASSERT_EQ(rows(), expected) << "after a fault at " << faulty.struck();
      if (faulty.struck().empty()) {
        EXPECT_GT(step, 3u);
        break;
      }
    }
  }
}

TEST(PartitionScalar, ReadsWhatConvertWrites) {
  const struct {
    const char *type, *text, *printed;
  } cases[] = {{"bool", "true", "true"},
               {"int32", "-5", "-5"},
               {"int64", "9223372036854775807", "9223372036854775807"},
               {"double", "1.0", "1"},
               {"double", "inf", "inf"},
               {"decimal(5,2)", "1.50", "1.50"},
               {"text", "007", "007"},
               {"date", "2026-11-23", "2026-11-23"},
               {"timestamp", "2026-11-23T04:22:44", "2026-11-23 04:22:44.000000"},
               {"timestamptz", "2026-11-23T04:22:44.5Z", "2026-11-23 04:22:44.500000Z"}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.type);
    const auto scalar = partition_scalar(c.text, {.name = "p", .type = type_from(c.type).value()});
    ASSERT_TRUE(scalar) << scalar.error().to_string();
    EXPECT_EQ((*scalar)->ToString(), c.printed);
    EXPECT_TRUE((*scalar)->type->Equals(*to_arrow(type_from(c.type).value())));
  }
  for (const auto& [type, text] : {std::pair{"int32", "2147483648"}, std::pair{"int64", "x"},
                                   std::pair{"date", "2026-13-01"}, std::pair{"binary", "YQ=="}})
    EXPECT_FALSE(partition_scalar(text, {.name = "p", .type = type_from(type).value()})) << type;
}

TEST(PartitionValues, RefusesWhatIsNoFolder) {
  EXPECT_TRUE(partition_values("", {})->empty());
  for (const std::string partition : {"x", "a=1/b", "a=%2", "a=%zz"})
    EXPECT_FALSE(partition_values(partition, {})) << partition;
}

TEST(LoadFile, ServesAFileByItself) {
  ScratchFolder folder;
  CuratedLake lake;
  const Schema schema{
      {{.name = "id", .type = {Kind::kText}}, {.name = "n", .type = {Kind::kInt64}}}};
  const auto tables = open_sqlite_tables(folder.path("t.sqlite")).value();
  const auto load = [&](int second, const std::string& rows) {
    const RunRecord run = lake.commit({.second = second, .rows = {{"", rows}}}, schema);
    return load_file(*tables, {.parquet = lake.store().open(run.outputs[0].key).value(),
                               .modified = run.arrival.arrived_at,
                               .table = TableName("Other"),
                               .key = {"id"}});
  };
  ASSERT_TRUE(load(2, R"([["a", 1], ["b", 2]])"));
  const auto older = load(1, R"([["a", 0], ["c", 3], [null, 4]])");
  ASSERT_TRUE(older) << older.error().to_string();
  EXPECT_EQ(older->counts,
            (WriteCounts{.offered = 3, .written = 1, .superseded = 1, .rejected = 1}));
  EXPECT_EQ(older->rejects.size(), 1u);
  EXPECT_EQ(sqlite_rows(folder.path("t.sqlite"), "Other"),
            (Rows{{R"({"id":"a"})", R"({"id":"a","n":1})"},
                  {R"({"id":"b"})", R"({"id":"b","n":2})"},
                  {R"({"id":"c"})", R"({"id":"c","n":3})"}}));
}

}  // namespace
}  // namespace lakegate
