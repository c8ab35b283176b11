#include "contract/table_contract.h"
#include "fakes/scratch_folder.h"
#include "fakes/sqlite_rows.h"
#include "tables/memory_tables.h"
#include "tables/sqlite_tables.h"

namespace lakegate {
namespace {

TablesUnderTest make_memory() {
  const std::shared_ptr<MemoryTables> server = make_memory_tables();
  return {server, [server](const TableName& table) { return server->rows(table); }};
}

TablesUnderTest make_sqlite() {
  const auto folder = std::make_shared<ScratchFolder>();
  return {open_sqlite_tables(folder->path("tables.sqlite")).value(),
          [folder](const TableName& table) {
            return sqlite_rows(folder->path("tables.sqlite"), table.str());
          }};
}

INSTANTIATE_TEST_SUITE_P(Tables, TableContract,
                         testing::Values(TablesMaker{"memory", make_memory},
                                         TablesMaker{"sqlite", make_sqlite}),
                         [](const auto& made) { return made.param.name; });

TEST(RowOrder, ComparesAsText) {
  const auto order = [](std::int64_t nanoseconds, const char* id, int generation) {
    return RowOrder::of(
        {.arrived_at = Instant(std::chrono::nanoseconds(nanoseconds)), .id = ArrivalId(id)},
        generation);
  };
  EXPECT_EQ(order(1, "0a", 1), "1970-01-01T00:00:00.000000001Z/0a");
  EXPECT_EQ(order(1, "0a", 2), "1970-01-01T00:00:00.000000001Z/0a/g00002");
  EXPECT_LT(order(9, "0b", 1), order(10, "0a", 1));
  EXPECT_LT(order(9, "0a", 1), order(9, "0b", 1));
  EXPECT_LT(order(9, "0a", 1), order(9, "0a", 2));
  EXPECT_LT(order(9, "0a", 9), order(9, "0a", 10));
  EXPECT_LT(order(9, "0a", 10), order(9, "0b", 1));
}

}  // namespace
}  // namespace lakegate
