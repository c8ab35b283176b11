#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_map>

#include "formats/json/json_chunk.h"
#include "formats/json/json_reader.h"
#include "formats/json/scalar.h"
#include "formats/open.h"
#include "formats/records.h"

namespace lakegate {
namespace {

using json::Block;
using json::BlockReader;
using json::Members;
using json::Record;
using json::Shape;

// The column of values that are not objects.
constexpr std::string_view kValueColumn = "value";

// The records of a file one by one, each strictly checked: whatever is not JSON is an error.
class Values {
 public:
  static Result<Values> open(const Input& input, Shape shape) {
    LAKEGATE_TRY(auto blocks, BlockReader::open(input, shape));
    return Values(std::move(blocks), input.name());
  }

  // The next record's cells by column name; a value that is no object is one cell.
  Result<bool> next(Members& members) {
    while (next_ == block_.records.size()) {
      LAKEGATE_TRY(auto block, blocks_->next());
      if (!block) return false;
      block_ = std::move(*block);
      next_ = 0;
    }
    const Record& record = block_.records[next_++];
    const std::string_view text = block_.text(record);
    if (record.is_too_long)
      return invalid_input(
          fmt::format("the value that begins at byte offset {} is longer than {} MiB",
                      record.offset, kMaxRecordBytes >> 20),
          {.file = file_, .line = record.line, .column = record.column});
    if (const auto problem = json::split_members(text, members))
      return tl::unexpected<Error>(json::problem_error(*problem, record, text, file_));
    if (!text.starts_with('{')) members.emplace_back(kValueColumn, text);
    return true;
  }

 private:
  Values(std::unique_ptr<BlockReader> blocks, std::string file)
      : blocks_(std::move(blocks)), file_(std::move(file)) {}

  std::unique_ptr<BlockReader> blocks_;
  std::string file_;
  Block block_;
  std::size_t next_ = 0;
};

std::optional<std::string> cell_of(std::string_view value) {
  if (value == "null") return std::nullopt;
  if (!value.starts_with('"')) return std::string(value);
  std::string text;
  json::unescape(value.substr(1, value.size() - 2), text);
  return text;
}

class JsonText : public TextRecords {
 public:
  JsonText(Values values, std::vector<std::string> names) : values_(std::move(values)) {
    for (std::size_t i = 0; i < names.size(); ++i) index_.emplace(names[i], i);
    if (!names.empty()) header_ = std::move(names);
  }

  const std::optional<std::vector<std::string>>& header() const override { return header_; }

  Result<std::optional<Record>> next() override {
    LAKEGATE_TRY(const bool is_there, values_.next(members_));
    if (!is_there) return std::nullopt;
    Record record;
    record.cells.resize(index_.size());
    // Of a key that stands twice, the last value.
    for (const auto& [name, value] : members_) {
      const auto column = index_.find(name);
      if (column != index_.end()) record.cells[column->second] = cell_of(value);
    }
    return record;
  }

 private:
  Values values_;
  std::unordered_map<std::string, std::size_t> index_;
  std::optional<std::vector<std::string>> header_;
  Members members_;
};

}  // namespace

// Two passes: the names of all columns are known only at the end of the file.
Result<std::unique_ptr<TextRecords>> open_json_text(std::shared_ptr<const Input> input) {
  LAKEGATE_TRY(const Shape shape, json::detect_shape(*input));
  LAKEGATE_TRY(Values first_pass, Values::open(*input, shape));
  std::vector<std::string> names;
  std::unordered_map<std::string, bool> known;
  Members members;
  while (true) {
    LAKEGATE_TRY(const bool is_there, first_pass.next(members));
    if (!is_there) break;
    for (const auto& [name, value] : members)
      if (known.emplace(name, true).second) names.push_back(name);
  }
  LAKEGATE_TRY(Values values, Values::open(*input, shape));
  return std::make_unique<JsonText>(std::move(values), std::move(names));
}

}  // namespace lakegate
