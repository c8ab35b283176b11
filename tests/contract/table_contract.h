// What every TableServer promises. An adapter's test names itself:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, TableContract, testing::Values(TablesMaker{…}));
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "fakes/batches.h"
#include "tables/table.h"

namespace lakegate {

using TableRows = std::map<std::string, std::string>;

// A server without tables, and what its tables hold: rows as MemoryTables::rows() gives them.
struct TablesUnderTest {
  std::shared_ptr<TableServer> server;
  std::function<TableRows(const TableName&)> rows;
};

struct TablesMaker {
  std::string name;
  std::function<TablesUnderTest()> make;
};

inline void PrintTo(const TablesMaker& maker, std::ostream* out) {
  *out << maker.name;
}

class TableContract : public testing::TestWithParam<TablesMaker> {
 protected:
  static Arrival arrival(int second, const std::string& key = "landing/d/a.csv") {
    return {.dataset = DatasetName("d"),
            .key = ObjectKey(key),
            .arrived_at = Instant(std::chrono::seconds(1'700'000'000 + second)),
            .id = ArrivalId("id" + std::to_string(second))};
  }
  static LoadStart snapshot(int second, const std::string& key = "landing/d/a.csv") {
    return {.arrival = arrival(second, key), .replaces = Replaces::kLandingKey};
  }
  static LoadStart append(int second, WriteMode write = WriteMode::kNewest, int generation = 1) {
    return {.arrival = arrival(second), .generation = generation, .write = write};
  }

  struct Loaded {
    WriteCounts counts;
    std::uint64_t removed = 0;
    std::vector<Reject> rejects;
  };
  Loaded load(const LoadStart& start, const std::string& rows) {
    Loaded loaded;
    const auto table = tables_.server->open(definition_);
    EXPECT_TRUE(table) << table.error().to_string();
    const auto load = (*table)->begin(start);
    EXPECT_TRUE(load) << load.error().to_string();
    const auto written = (*load)->write(*batch_of(definition_.schema, rows));
    EXPECT_TRUE(written) << written.error().to_string();
    const auto removed = (*load)->remove_missing();
    EXPECT_TRUE(removed) << removed.error().to_string();
    const auto counts = (*load)->commit();
    EXPECT_TRUE(counts) << counts.error().to_string();
    if (!counts || !removed) return loaded;
    EXPECT_EQ(counts->offered, counts->written + counts->superseded + counts->rejected);
    EXPECT_EQ((*load)->rejects().size(), counts->rejected);
    return {.counts = *counts, .removed = *removed, .rejects = (*load)->rejects()};
  }
  // The column v by the column id.
  std::map<std::string, std::string> values() const {
    std::map<std::string, std::string> values;
    for (const auto& [key, row] : tables_.rows(definition_.name)) {
      const std::string id = key.substr(6, key.size() - 7);
      const std::string before = R"({"id":)" + id + R"(,"v":")";
      EXPECT_TRUE(row.starts_with(before)) << row;
      values[id] = row.substr(before.size(), row.size() - before.size() - 2);
    }
    return values;
  }

  using Values = std::map<std::string, std::string>;
  TablesUnderTest tables_ = GetParam().make();
  TableDefinition definition_{.name = TableName("T"),
                              .key = {"id"},
                              .schema = {{{.name = "id", .type = {LogicalType::Kind::kInt64}},
                                          {.name = "v", .type = {LogicalType::Kind::kText}},
                                          {.name = "_row", .type = {LogicalType::Kind::kInt64}}}},
                              .replaces = Replaces::kLandingKey};

  void SetUp() override { definition_.schema.fields.pop_back(); }  // most tests do without _row
};

TEST_P(TableContract, RowsAreThereAfterCommitOnly) {
  EXPECT_FALSE(tables_.server->describe().empty());
  {
    const auto table = tables_.server->open(definition_);
    const auto load = (*table)->begin(append(1));
    ASSERT_TRUE((*load)->write(*batch_of(definition_.schema, R"([[1, "a"]])")));
  }
  // A load that is given up may have written rows, if loading again repairs it.
  const Loaded loaded = load(append(1), R"([[1, "a"], [2, "b"]])");
  EXPECT_EQ(loaded.counts.written, 2u);
  EXPECT_EQ(values(), (Values{{"1", "a"}, {"2", "b"}}));
}

TEST_P(TableContract, NewestWinsInEitherOrder) {
  load(append(2), R"([[1, "new"], [2, "new"]])");
  const Loaded late = load(append(1), R"([[2, "old"], [3, "old"]])");
  EXPECT_EQ(late.counts, (WriteCounts{.offered = 2, .written = 1, .superseded = 1}));
  EXPECT_EQ(values(), (Values{{"1", "new"}, {"2", "new"}, {"3", "old"}}));
  load(append(3), R"([[3, "newest"]])");
  EXPECT_EQ(values(), (Values{{"1", "new"}, {"2", "new"}, {"3", "newest"}}));
}

TEST_P(TableContract, SameInstantHasAnOrderToo) {
  LoadStart a = append(1), b = append(1);
  a.arrival.id = ArrivalId("a");
  b.arrival.id = ArrivalId("b");
  load(b, R"([[1, "b"]])");
  load(a, R"([[1, "a"]])");
  EXPECT_EQ(values(), (Values{{"1", "b"}}));
}

TEST_P(TableContract, LastRowOfAKeyWins) {
  const std::string rows = R"([[1, "a"], [2, "b"], [1, "c"], [1, "d"]])";
  const WriteCounts expected{.offered = 4, .written = 2, .superseded = 2};
  for (const WriteMode write : {WriteMode::kNewest, WriteMode::kUpsert, WriteMode::kInsert}) {
    EXPECT_EQ(load(append(1, write), rows).counts, expected);
    EXPECT_EQ(values(), (Values{{"1", "d"}, {"2", "b"}}));
  }
}

TEST_P(TableContract, LoadingTwiceChangesNothing) {
  const std::string rows = R"([[1, "a"], [2, "b"]])";
  for (const WriteMode write : {WriteMode::kNewest, WriteMode::kUpsert, WriteMode::kInsert})
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(load(append(1, write), rows).counts, (WriteCounts{.offered = 2, .written = 2}));
      EXPECT_EQ(values(), (Values{{"1", "a"}, {"2", "b"}}));
    }
}

TEST_P(TableContract, RowNumbersDecideWherePartitionsAreOfferedInAnyOrder) {
  definition_.schema.fields.push_back({.name = "_row", .type = {LogicalType::Kind::kInt64}});
  const Loaded loaded =
      load(append(1), R"([[1, "last", 9], [1, "first", 2], [2, "first", 3], [2, "last", 4]])");
  EXPECT_EQ(loaded.counts, (WriteCounts{.offered = 4, .written = 2, .superseded = 2}));
  const TableRows expected = {{R"({"id":1})", R"({"id":1,"v":"last","_row":9})"},
                              {R"({"id":2})", R"({"id":2,"v":"last","_row":4})"}};
  EXPECT_EQ(tables_.rows(definition_.name), expected);
  EXPECT_EQ(load(append(1), R"([[1, "last", 9], [1, "first", 2], [2, "first", 3], [2, "last", 4]])")
                .counts,
            loaded.counts)
      << "the second time";
  EXPECT_EQ(tables_.rows(definition_.name), expected);
}

TEST_P(TableContract, UpsertHasNoGuard) {
  load(append(2), R"([[1, "new"]])");
  EXPECT_EQ(load(append(1, WriteMode::kUpsert), R"([[1, "old"]])").counts.written, 1u);
  EXPECT_EQ(values(), (Values{{"1", "old"}}));
}

TEST_P(TableContract, InsertRejectsKeysOfOtherArrivals) {
  load(append(2), R"([[1, "first"]])");
  for (const int second : {1, 3}) {
    const Loaded loaded =
        load(append(second, WriteMode::kInsert), R"([[1, "again"], [2, "x"], [2, "y"]])");
    EXPECT_EQ(loaded.counts.rejected, second == 1 ? 1u : 3u);
    ASSERT_FALSE(loaded.rejects.empty());
    EXPECT_EQ(loaded.rejects[0].reason, RejectReason::kKeyExists);
    EXPECT_EQ(loaded.rejects[0].row, 1u);
    EXPECT_EQ(loaded.rejects[0].raw, R"({"id":1,"v":"again"})");
    EXPECT_NE(loaded.rejects[0].message.find("id=1"), std::string::npos);
  }
  EXPECT_EQ(values(), (Values{{"1", "first"}, {"2", "y"}}));
}

TEST_P(TableContract, RowsWithoutAKeyAreRejected) {
  const Loaded loaded = load(append(1), R"([[1, "a"], [null, "b"], [2, "c"]])");
  EXPECT_EQ(loaded.counts, (WriteCounts{.offered = 3, .written = 2, .rejected = 1}));
  ASSERT_EQ(loaded.rejects.size(), 1u);
  EXPECT_EQ(loaded.rejects[0].reason, RejectReason::kKeyNull);
  EXPECT_EQ(loaded.rejects[0].row, 2u);
  EXPECT_EQ(loaded.rejects[0].column, "id");
}

TEST_P(TableContract, SnapshotReplacesWhatTheSameLandingKeyBrought) {
  load(snapshot(1), R"([[1, "a1"], [2, "a1"]])");
  load(snapshot(2, "landing/d/b.csv"), R"([[3, "b2"]])");
  const Loaded second = load(snapshot(3), R"([[2, "a3"]])");
  EXPECT_EQ(second.removed, 1u);
  EXPECT_EQ(values(), (Values{{"2", "a3"}, {"3", "b2"}}));
  EXPECT_EQ(load(snapshot(3), R"([[2, "a3"]])").removed, 0u);
}

TEST_P(TableContract, OlderSnapshotComesLateAndBringsNothing) {
  load(snapshot(3), R"([[1, "new"]])");
  const Loaded late = load(snapshot(2), R"([[1, "old"], [2, "old"]])");
  EXPECT_EQ(late.counts, (WriteCounts{.offered = 2, .superseded = 2}));
  EXPECT_EQ(late.removed, 0u);
  EXPECT_EQ(values(), (Values{{"1", "new"}}));
  EXPECT_EQ(load(snapshot(1, "landing/d/b.csv"), R"([[2, "b"]])").counts.written, 1u)
      << "another landing key";
}

TEST_P(TableContract, SnapshotLeavesRowsThatOthersHaveTakenOver) {
  load(snapshot(1), R"([[1, "a"], [2, "a"]])");
  load(snapshot(2, "landing/d/b.csv"), R"([[1, "b"]])");
  EXPECT_EQ(load(snapshot(3), "[]").removed, 1u);
  EXPECT_EQ(values(), (Values{{"1", "b"}}));
}

TEST_P(TableContract, NothingIsRemovedBeforeCommit) {
  load(snapshot(1), R"([[1, "a"]])");
  {
    const auto table = tables_.server->open(definition_);
    const auto load = (*table)->begin(snapshot(2));
    ASSERT_EQ((*load)->remove_missing().value(), 1u);
  }
  EXPECT_EQ(values(), (Values{{"1", "a"}}));
  EXPECT_EQ(load(snapshot(1), R"([[1, "a"]])").counts.written, 1u) << "still the newest";
}

TEST_P(TableContract, GenerationReplacesTheOneBefore) {
  for (const WriteMode write : {WriteMode::kNewest, WriteMode::kInsert}) {
    definition_.name = TableName(write == WriteMode::kInsert ? "I" : "N");
    load(append(5), R"([[9, "other"]])");
    load(append(1, write), R"([[1, "g1"], [2, "g1"], [3, "g1"], [3, "g1"]])");
    const Loaded second = load(append(1, write, 2), R"([[2, "g2"], [3, "g2"], [4, "g2"]])");
    EXPECT_EQ(second.removed, 1u);
    EXPECT_EQ(second.counts, (WriteCounts{.offered = 3, .written = 3}));
    EXPECT_EQ(values(), (Values{{"2", "g2"}, {"3", "g2"}, {"4", "g2"}, {"9", "other"}}));
  }
}

TEST_P(TableContract, SeveralKeyColumns) {
  definition_.schema.fields = {{.name = "a", .type = {LogicalType::Kind::kInt64}},
                               {.name = "v", .type = {LogicalType::Kind::kInt64}},
                               {.name = "b", .type = {LogicalType::Kind::kText}}};
  definition_.key = {"b", "a"};
  load(append(1), R"([[1, 1, "x"], [1, 2, "y"], [2, 3, "x"], [2, 4, ""], [2, 5, null]])");
  load(append(2), R"([[1, 10, "x"]])");
  EXPECT_EQ(tables_.rows(definition_.name),
            (TableRows{{R"({"a":1,"b":"x"})", R"({"a":1,"v":10,"b":"x"})"},
                       {R"({"a":1,"b":"y"})", R"({"a":1,"v":2,"b":"y"})"},
                       {R"({"a":2,"b":"x"})", R"({"a":2,"v":3,"b":"x"})"}}));
}

TEST_P(TableContract, NewColumnsAreAddedAndMissingOnesAreNull) {
  const Schema first = definition_.schema;
  load(append(1), R"([[1, "a"]])");
  definition_.schema.fields.insert(definition_.schema.fields.begin() + 1,
                                   {.name = "n", .type = {LogicalType::Kind::kInt64}});
  load(append(2), R"([{"id": 2, "n": 7, "v": "b"}])");
  const auto table = tables_.server->open(definition_);
  const auto load = (*table)->begin(append(3));
  ASSERT_TRUE((*load)->write(*batch_of(first, R"([[2, "older file"], [3, "older file"]])")));
  ASSERT_TRUE((*load)->commit());
  const auto rows = tables_.rows(definition_.name);
  ASSERT_EQ(rows.size(), 3u);
  for (const auto& [key, row] : rows) EXPECT_EQ(row.find("\"n\""), std::string::npos) << row;
}

TEST_P(TableContract, UnknownColumnsAreLeftOutUntilTheyHaveAType) {
  definition_.schema.fields.push_back({.name = "u"});
  const auto opened = tables_.server->open(definition_);
  ASSERT_TRUE(opened) << opened.error().to_string();
  definition_.schema.fields[2].type = {LogicalType::Kind::kText};
  load(append(1), R"([[1, "a", "u"]])");
  EXPECT_EQ(tables_.rows(definition_.name).begin()->second, R"({"id":1,"v":"a","u":"u"})");
}

TEST_P(TableContract, TablesDoNotMix) {
  load(snapshot(2), R"([[1, "t"]])");
  definition_.name = TableName("Other table's \"name\"");
  if (!tables_.server->open(definition_)) definition_.name = TableName("Other");
  EXPECT_EQ(load(snapshot(1), R"([[1, "o"]])").counts.written, 1u);
  definition_.name = TableName("T");
  EXPECT_EQ(values(), (Values{{"1", "t"}}));
}

TEST_P(TableContract, RefusesWhatCannotBeATable) {
  const auto refused = [&](const TableDefinition& definition) {
    const auto table = tables_.server->open(definition);
    return !table && table.error().kind == ErrorKind::kInvalidInput &&
           !table.error().message.empty();
  };
  TableDefinition no_key = definition_, wrong_key = definition_, twice = definition_,
                  nested = definition_, own = definition_, unknown = definition_;
  no_key.key = {};
  wrong_key.key = {"ID"};
  twice.key = {"id", "id"};
  nested.schema.fields[0].type = {.kind = LogicalType::Kind::kList,
                                  .children = {{"element", {LogicalType::Kind::kInt64}}}};
  own.schema.fields[1].name = "_lakegate_order";
  unknown.schema.fields[0].type = {};
  for (const auto& definition : {no_key, wrong_key, twice, nested, own, unknown})
    EXPECT_TRUE(refused(definition));
  ASSERT_TRUE(tables_.server->open(definition_));
  TableDefinition other_key = definition_;
  other_key.key = {"v"};
  EXPECT_TRUE(refused(other_key)) << "the table is there with another key";
}

TEST_P(TableContract, RefusesColumnsOfAnotherType) {
  const auto table = tables_.server->open(definition_);
  const auto load = (*table)->begin(append(1));
  const Schema other{{{.name = "id", .type = {LogicalType::Kind::kInt32}},
                      {.name = "v", .type = {LogicalType::Kind::kText}}}};
  const auto written = (*load)->write(*batch_of(other, R"([[1, "a"]])"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().kind, ErrorKind::kInvalidInput);
}

TEST_P(TableContract, RowsOfFilesOlderThanTheKeyColumnAreRejected) {
  const auto table = tables_.server->open(definition_);
  const auto load = (*table)->begin(append(1));
  const Schema older{{{.name = "v", .type = {LogicalType::Kind::kText}}}};
  ASSERT_TRUE((*load)->write(*batch_of(older, R"([["a"]])")));
  EXPECT_EQ((*load)->commit().value(), (WriteCounts{.offered = 1, .rejected = 1}));
  ASSERT_EQ((*load)->rejects().size(), 1u);
  EXPECT_EQ((*load)->rejects()[0].reason, RejectReason::kKeyNull);
}

}  // namespace lakegate
