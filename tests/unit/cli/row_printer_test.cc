#include "cli/row_printer.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "unit/cli/captured_output.h"

namespace lakegate::cli {
namespace {

std::shared_ptr<arrow::RecordBatch> rows() {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  EXPECT_TRUE(numbers.AppendValues({1, 0, 3}, {true, false, true}).ok());
  EXPECT_TRUE(texts.AppendValues(std::vector<std::string>{"x, \"y\"", "", "z\nw"}).ok());
  const auto schema =
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("a \"t\"", arrow::utf8())});
  return arrow::RecordBatch::Make(schema, 3,
                                  {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie()});
}

std::string printed(RowFormat format, std::optional<std::uint64_t> limit) {
  const CapturedOutput captured;
  Output out(captured.descriptor());
  RowPrinter printer(out, format, limit);
  const auto batch = rows();
  printer.begin(batch->schema());
  printer.take(*batch);
  printer.finish();
  EXPECT_TRUE(out.flush());
  return captured.text();
}

TEST(RowPrinter, CsvTellsNullFromEmptyText) {
  EXPECT_EQ(printed(RowFormat::kCsv, std::nullopt),
            "n,\"a \"\"t\"\"\"\n1,\"x, \"\"y\"\"\"\n,\"\"\n3,\"z\nw\"\n");
}

TEST(RowPrinter, Ndjson) {
  EXPECT_EQ(printed(RowFormat::kNdjson, std::nullopt),
            "{\"n\":1,\"a \\\"t\\\"\":\"x, \\\"y\\\"\"}\n"
            "{\"n\":null,\"a \\\"t\\\"\":\"\"}\n"
            "{\"n\":3,\"a \\\"t\\\"\":\"z\\nw\"}\n");
}

TEST(RowPrinter, StopsAtTheLimit) {
  EXPECT_EQ(printed(RowFormat::kNdjson, 1), "{\"n\":1,\"a \\\"t\\\"\":\"x, \\\"y\\\"\"}\n");
  EXPECT_EQ(printed(RowFormat::kCsv, 0), "n,\"a \"\"t\"\"\"\n");
}

TEST(RowPrinter, TableWithTypes) {
  EXPECT_EQ(printed(RowFormat::kTable, std::nullopt),
            "    n  a \"t\"\nint64  text\n    1  x, \"y\"\n null  \n    3  z\\nw\n");
}

}  // namespace
}  // namespace lakegate::cli
