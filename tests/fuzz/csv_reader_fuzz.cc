// Any bytes as a CSV file: recognised, read as text, observed, decoded as guessed and as declared.
// No record may be lost or read differently, whatever the sizes of reads, and nothing may crash.
#include <arrow/api.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "formats/csv/dialect.h"
#include "formats/open.h"

namespace lakegate {
namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "csv_reader_fuzz: %s\n", what);
  std::abort();
}

DecodePlan plan_of(const RecordFile& file, const Observed& root, bool guess) {
  DecodePlan plan;
  for (const std::string& name : file.column_names()) {
    ColumnPlan column{.field = {.name = name}, .source = static_cast<int>(plan.columns.size())};
    for (const auto& [field, observed] : root.fields)
      if (field == name) column.field.type = resolve(observed);
    column.inferred = guess;
    plan.columns.push_back(std::move(column));
  }
  return plan;
}

// Every column declared as one type or another: cells of all kinds meet all readers of cells.
DecodePlan declared_plan(const RecordFile& file, std::size_t salt) {
  using Kind = LogicalType::Kind;
  static const LogicalType types[] = {
      {Kind::kInt32},         {Kind::kInt64}, {Kind::kFloat32},   {Kind::kDouble},
      {Kind::kBool},          {Kind::kDate},  {Kind::kTimestamp}, {Kind::kTimestampTz},
      {Kind::kDecimal, 9, 2}, {Kind::kText},  {Kind::kBinary}};
  DecodePlan plan;
  for (const std::string& name : file.column_names()) {
    ColumnPlan column{.field = {.name = name}, .source = static_cast<int>(plan.columns.size())};
    column.field.type = types[(salt + plan.columns.size()) % std::size(types)];
    column.field.required = (salt / 16 + plan.columns.size()) % 4 == 0;
    plan.columns.push_back(std::move(column));
  }
  return plan;
}

// Records accepted and rejected.
std::uint64_t decode_all(const RecordFile& file, const DecodePlan& plan, bool may_reject_values) {
  auto reader = file.open();
  require(reader.has_value(), "a file that was recognised does not open");
  std::uint64_t records = 0;
  while (true) {
    auto chunk = (*reader)->next();
    require(chunk.has_value(), "bytes in memory do not fail");
    if (!*chunk) return records;
    require((*chunk)->first_row == records + 1, "rows are not counted on");
    auto decoded = (*chunk)->decode(plan);
    require(decoded.has_value(), "a plan that holds fails");
    require(!decoded->contradicted, "what was observed does not hold");
    require(decoded->rows->ValidateFull().ok(), "the batch is not valid");
    require(static_cast<std::uint64_t>(decoded->rows->num_rows()) + decoded->rejects.size() ==
                (*chunk)->records,
            "a record is lost");
    std::uint64_t last_row = records, last_offset = 0;
    for (const Reject& reject : decoded->rejects) {
      require(reject.row > last_row && reject.row <= records + (*chunk)->records,
              "rejects do not ascend");
      require(reject.offset >= last_offset && reject.line > 0, "places do not ascend");
      require(may_reject_values || reject.reason != RejectReason::kTypeMismatch,
              "a value does not fit the type that was made of it");
      last_row = reject.row;
      last_offset = reject.offset;
    }
    records += (*chunk)->records;
  }
}

class PieceStream : public ByteStream {
 public:
  PieceStream(std::string_view bytes, std::size_t piece) : view_(bytes), piece_(piece) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    return view_.read(out.first(std::min(out.size(), piece_)));
  }
  std::uint64_t input_bytes() const override { return view_.input_bytes(); }

 private:
  csv::ViewStream view_;
  std::size_t piece_;
};

// Where records begin and end, for reads of a size.
std::string places(std::string_view bytes, const csv::Dialect& dialect, std::size_t piece) {
  csv::RecordCutter cutter(std::make_unique<PieceStream>(bytes, piece), dialect, {});
  std::string out;
  while (true) {
    auto block = cutter.next();
    require(block.has_value(), "bytes in memory do not fail");
    if (!*block) return out;
    for (const csv::Row& row : (*block)->rows) {
      out += std::to_string((*block)->offset + row.begin) + "-" +
             std::to_string((*block)->offset + row.end) + "/" + std::to_string(row.cells) + " ";
    }
    for (const csv::MalformedRow& row : (*block)->malformed) out += std::to_string(row.row) + "! ";
  }
}

void read(std::string_view bytes) {
  const std::size_t salt = bytes.empty() ? 0 : static_cast<unsigned char>(bytes[0]);
  OpenOptions options;
  options.format = FileFormat::kCsv;
  if (salt % 5 == 1) options.csv.header = true;
  if (salt % 5 == 2) options.csv.quote = '\'';
  if (salt % 7 == 3) options.csv.nulls = {"-", "1"};
  if (!bytes.empty()) bytes.remove_prefix(1);
  const csv::Dialect dialect{.delimiter = ',', .quote = salt % 5 == 2 ? '\'' : '"'};
  require(places(bytes, dialect, 1) == places(bytes, dialect, std::size_t{1} << 20),
          "records depend on the sizes of reads");

  const std::shared_ptr<const Input> input = memory_input("fuzz", std::string(bytes));
  auto file = open_csv(input, options);
  auto text = open_csv_text(input, options);
  require(file.has_value() == text.has_value(), "text and table differ in what they refuse");
  if (!file) return;
  std::uint64_t texts = 0;
  while (true) {
    auto record = (*text)->next();
    require(record.has_value(), "bytes in memory do not fail");
    if (!*record) break;
    require(!(*record)->cells.empty(), "a record without a cell");
    ++texts;
  }
  Observed root;
  auto reader = (*file)->open();
  require(reader.has_value(), "a file that was recognised does not open");
  while (true) {
    auto chunk = (*reader)->next();
    require(chunk.has_value(), "bytes in memory do not fail");
    if (!*chunk) break;
    require((*chunk)->observe(root).has_value(), "observing fails");
  }
  const bool nulls = !options.csv.nulls.empty();
  require(decode_all(**file, plan_of(**file, root, true), nulls) == texts,
          "guessed: counts differ");
  require(decode_all(**file, plan_of(**file, root, false), nulls) == texts,
          "settled: counts differ");
  require(decode_all(**file, declared_plan(**file, salt), true) == texts,
          "declared: counts differ");
}

}  // namespace
}  // namespace lakegate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  lakegate::read({reinterpret_cast<const char*>(data), size});
  return 0;
}
