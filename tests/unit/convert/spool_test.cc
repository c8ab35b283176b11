#include "convert/spool.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <random>

#include "formats/arrow_bridge.h"

namespace lakegate {
namespace {

std::shared_ptr<arrow::RecordBatch> batch_of(const std::vector<std::int64_t>& numbers,
                                             std::size_t width) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  for (std::int64_t n : numbers) {
    EXPECT_TRUE(ids.Append(n).ok());
    EXPECT_TRUE(texts.Append(std::string(width, static_cast<char>('a' + n % 26))).ok());
  }
  return arrow::RecordBatch::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8())}),
      static_cast<std::int64_t>(numbers.size()),
      {ids.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
}

// Every row comes back once, in its partition, in the order of adding, in memory or through the
// file.
TEST(PartitionSpool, GivesBackEveryRowInOrder) {
  for (const std::size_t width :
       {std::size_t{1}, std::size_t{4000}}) {  // 4000: 40 MB, through the file
    const unsigned seed = 20261123;
    std::mt19937 random(seed);
    SCOPED_TRACE(testing::Message() << "seed " << seed << " width " << width);
    PartitionSpool spool;
    std::map<std::string, std::vector<std::int64_t>> expected;
    for (std::int64_t next = 0; next < 10'000;) {
      const std::string partition = "p=" + std::to_string(random() % 97);
      std::vector<std::int64_t> numbers;
      for (unsigned i = 0, n = 1 + static_cast<unsigned>(random() % 20); i < n; ++i)
        numbers.push_back(next++);
      expected[partition].insert(expected[partition].end(), numbers.begin(), numbers.end());
      ASSERT_TRUE(spool.add(partition, batch_of(numbers, width)));
    }
    EXPECT_EQ(spool.partitions().size(), expected.size());
    for (const auto& [partition, numbers] : expected) {
      auto rows = spool.rows_of(partition);
      ASSERT_TRUE(rows);
      std::vector<std::int64_t> seen;
      for (;;) {
        auto batch = (*rows)->next();
        ASSERT_TRUE(batch) << batch.error().message;
        if (!*batch) break;
        const auto& ids = static_cast<const arrow::Int64Array&>(*(*batch)->column(0));
        for (std::int64_t i = 0; i < ids.length(); ++i) seen.push_back(ids.Value(i));
      }
      EXPECT_EQ(seen, numbers) << partition;
    }
  }
}

}  // namespace
}  // namespace lakegate
