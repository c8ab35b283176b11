#include "extract/variables.h"

#include <arrow/api.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "config/range_values.h"
#include "convert/typed_read.h"
#include "formats/open.h"
#include "formats/text_value.h"
#include "lake/names.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

bool is_numeric(const LogicalType& type) {
  return type.is(Kind::kInt32) || type.is(Kind::kInt64) || type.is(Kind::kFloat32) ||
         type.is(Kind::kDouble) || type.is(Kind::kDecimal);
}

bool is_one_value(const LogicalType& type) {
  return !type.is(Kind::kList) && !type.is(Kind::kStruct) && !type.is(Kind::kBinary);
}

// The values of one column, as they are met: the distinct ones, or with kZip the one of every row.
class ColumnSink : public RowSink {
 public:
  ColumnSink(const ForEach& variable, const ForEach::Column& column, Combine combine)
      : variable_(variable), column_(column), combine_(combine) {}

  Result<void> begin(const Schema& schema) override {
    values_.clear();
    seen_.clear();
    rejected_ = 0;
    const Field* field = schema.find(column_.column);
    if (field == nullptr) return no_such_column(schema);
    if (!is_one_value(field->type))
      return refuse(fmt::format("{} is {}, and a request takes single values", column_.column,
                                to_string(field->type)));
    index_ = static_cast<int>(field - schema.fields.data());
    is_numeric_ = is_numeric(field->type);
    return {};
  }

  Result<void> take(const arrow::RecordBatch& rows, const std::vector<std::int64_t>&,
                    const std::vector<Reject>& rejects) override {
    if (!rejects.empty() && rejected_ == 0)
      first_reject_ = fmt::format("line {}: {}", rejects.front().line, rejects.front().message);
    rejected_ += rejects.size();
    const arrow::Array& array = *rows.column(index_);
    for (std::int64_t row = 0; row < array.length(); ++row) {
      std::string text;
      append_text(array, row, text);
      if (combine_ == Combine::kZip) {
        if (text.empty())
          return refuse(fmt::format("{} is empty in row {}, and zip takes the columns row by row",
                                    column_.column, values_.size() + 1));
      } else if (text.empty() || !seen_.insert(text).second) {
        continue;
      }
      if (values_.size() == kMostRangeValues)
        return refuse(fmt::format("{} has more than {} values", column_.column, kMostRangeValues));
      const bool is_number = is_numeric_ && is_json_number(text);
      values_.push_back({std::move(text), is_number});
    }
    return {};
  }

  // What a file with half its rows unreadable leaves out would never be asked for, and nobody would
  // know.
  Result<std::vector<TemplateValue>> finish() {
    if (rejected_ > 0)
      return refuse(fmt::format("{} of its rows cannot be read, the first one at {}", rejected_,
                                first_reject_));
    if (values_.empty()) return refuse(fmt::format("{} has no values", column_.column));
    return std::move(values_);
  }

 private:
  Failure refuse(std::string why) const {
    return invalid_input(fmt::format("for_each.{}: {}", variable_.name, why),
                         {.file = column_.file.str()});
  }

  Failure no_such_column(const Schema& schema) const {
    std::vector<std::string> names;
    for (const Field& field : schema.fields) names.push_back(field.name);
    const std::string nearest = nearest_name(column_.column, names);
    return refuse(fmt::format("there is no column {}; {}", column_.column,
                              nearest.empty()
                                  ? fmt::format("the columns are {}", fmt::join(names, ", "))
                                  : fmt::format("did you mean {}?", nearest)));
  }

  const ForEach& variable_;
  const ForEach::Column& column_;
  const Combine combine_;
  int index_ = 0;
  bool is_numeric_ = false;
  std::vector<TemplateValue> values_;
  std::set<std::string> seen_;
  std::uint64_t rejected_ = 0;
  std::string first_reject_;
};

Result<std::vector<TemplateValue>> column_values(const ForEach& variable,
                                                 const ForEach::Column& column, Combine combine,
                                                 const ObjectStore& store) {
  // Listing does not follow links, so that what is found is in the lake.
  LAKEGATE_TRY(const auto objects, store.list(column.file.str()));
  if (std::ranges::find(objects, column.file, &ObjectInfo::key) == objects.end())
    return invalid_input(
        fmt::format("for_each.{}: {} has no file {}; put it there, or correct the "
                    "path",
                    variable.name, store.describe(), column.file.str()));
  LAKEGATE_TRY(auto input, store.open(column.file));
  LAKEGATE_TRY(const auto file, open_records(std::move(input), {}));
  ColumnSink sink(variable, column, combine);
  // Names as they stand in the file.
  LAKEGATE_CHECK(read_typed(*file, {.known = {}, .clean_names = false}, sink, {.threads = 1}));
  return sink.finish();
}

Result<std::vector<TemplateValue>> range_values(const ForEach& variable,
                                                const ForEach::Range& range,
                                                const FetchTimes& times) {
  const auto end = [&](const std::string& text) {
    if (text == "{until}") return utc_date(times.until);
    if (text == "{since}" && times.since) return utc_date(*times.since);
    return text;
  };
  auto values = range.of_dates ? date_range(end(range.from), end(range.to), range.step)
                               : number_range(range.from, range.to, range.step);
  if (!values)
    return invalid_input(fmt::format("for_each.{}: {}", variable.name, values.error().message));
  return values;
}

}  // namespace

TemplateValue time_value(Instant instant) {
  std::string text = to_iso(instant);
  text.pop_back();  // Z; nine digits of fraction stand before it, whatever they are
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return {.text = text + "Z"};
}

Result<std::vector<TemplateValue>> values_of(const ForEach& variable, Combine combine,
                                             const FetchTimes& times, const ObjectStore& store) {
  if (const auto* list = std::get_if<ForEach::List>(&variable.values)) return list->values;
  if (const auto* range = std::get_if<ForEach::Range>(&variable.values))
    return range_values(variable, *range, times);
  return column_values(variable, std::get<ForEach::Column>(variable.values), combine, store);
}

}  // namespace lakegate
