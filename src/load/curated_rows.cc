#include "load/curated_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "formats/arrow_bridge.h"
#include "formats/parquet/reader.h"
#include "lake/ascii.h"
#include "schema/cell.h"

namespace lakegate {
namespace {

using Kind = LogicalType::Kind;

std::optional<unsigned> hex_digit(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  return std::nullopt;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

std::string column_of_level(const std::string& folder, const PartitionSpec& spec) {
  const auto level = std::ranges::find(spec, folder, &PartitionLevel::name);
  const bool is_column = level != spec.end() && level->from == PartitionLevel::From::kColumn;
  return is_column ? level->source : folder;
}

}  // namespace

Result<std::map<std::string, std::string>> partition_values(const std::string& partition,
                                                            const PartitionSpec& spec) {
  std::map<std::string, std::string> values;
  for (std::size_t begin = 0; begin < partition.size();) {
    const std::size_t end = std::min(partition.find('/', begin), partition.size());
    const std::string folder = partition.substr(begin, end - begin);
    const std::size_t equals = folder.find('=');
    const auto value = equals == std::string::npos
                           ? std::nullopt
                           : percent_decoded(std::string_view(folder).substr(equals + 1));
    if (!value)
      return invalid_input(fmt::format(
          "the partition folder \"{}\" is not of the form name=value, percent-encoded", folder));
    values[column_of_level(folder.substr(0, equals), spec)] = *value;
    begin = end + 1;
  }
  return values;
}

Result<std::shared_ptr<arrow::Scalar>> partition_scalar(const std::string& text,
                                                        const Field& field) {
  const auto make = [](auto value) { return arrow::MakeScalar(value); };
  std::int64_t integer = 0;
  std::int32_t days = 0;
  double real = 0;
  bool truth = false;
  arrow::Decimal128 decimal;
  const LogicalType& type = field.type;
  switch (type.kind) {
    case Kind::kBool:
      if (cell::parse_bool(text, truth)) return make(truth);
      break;
    case Kind::kInt32:
      if (cell::parse_int64(text, integer) && integer == static_cast<std::int32_t>(integer))
        return make(static_cast<std::int32_t>(integer));
      break;
    case Kind::kInt64:
      if (cell::parse_int64(text, integer)) return make(integer);
      break;
    case Kind::kFloat32:
      if (cell::parse_declared_double(text, real)) return make(static_cast<float>(real));
      break;
    case Kind::kDouble:
      if (cell::parse_declared_double(text, real)) return make(real);
      break;
    case Kind::kDecimal:
      if (cell::parse_decimal(text, type.precision, type.scale, decimal))
        return std::make_shared<arrow::Decimal128Scalar>(decimal, to_arrow(type));
      break;
    case Kind::kText:
      return std::make_shared<arrow::StringScalar>(text);
    case Kind::kDate:
      if (cell::parse_date(text, days)) return std::make_shared<arrow::Date32Scalar>(days);
      break;
    case Kind::kTimestamp:
      if (cell::parse_timestamp(text, integer))
        return std::make_shared<arrow::TimestampScalar>(integer, to_arrow(type));
      break;
    case Kind::kTimestampTz:
      if (cell::parse_timestamptz(text, integer))
        return std::make_shared<arrow::TimestampScalar>(integer, to_arrow(type));
      break;
    default:
      break;
  }
  return invalid_input(
      fmt::format("the partition value \"{}\" of the column {} is not of its type, {}; `lakegate "
                  "replay` writes the files anew under the schema of today",
                  text, field.name, to_string(type)));
}

Result<std::uint64_t> read_curated(std::shared_ptr<const Input> file,
                                   const std::vector<Field>& fields,
                                   const std::map<std::string, std::string>& values,
                                   const TakeRows& take) {
  LAKEGATE_TRY(const auto batches, open_parquet_batches(file));
  struct Column {
    std::shared_ptr<arrow::DataType> type;
    int in_file = -1;
    std::shared_ptr<arrow::Scalar> constant;
  };
  std::vector<Column> columns;
  arrow::FieldVector arrow_fields;
  for (const Field& field : fields) {
    Column column{.type = to_arrow(field.type)};
    column.in_file = batches->schema()->GetFieldIndex(field.name);
    const auto value = values.find(field.name);
    if (column.in_file < 0 && value == values.end()) continue;
    if (column.in_file < 0) {
      LAKEGATE_TRY(column.constant, partition_scalar(value->second, field));
    }
    arrow_fields.push_back(arrow::field(field.name, column.type));
    columns.push_back(std::move(column));
  }
  const auto schema = arrow::schema(std::move(arrow_fields));
  std::uint64_t rows = 0;
  while (true) {
    LAKEGATE_TRY(const auto batch, batches->next());
    if (batch == nullptr) return rows;
    arrow::ArrayVector arrays;
    for (const Column& column : columns) {
      std::shared_ptr<arrow::Array> array;
      if (column.in_file < 0) {
        LAKEGATE_TRY(array, from_arrow(arrow::MakeArrayFromScalar(
                                *column.constant, batch->num_rows(), memory_pool())));
      } else {
        array = batch->column(column.in_file);
        if (!array->type()->Equals(*column.type)) {
          LAKEGATE_TRY(array, cast_exactly(array, column.type));
        }
      }
      arrays.push_back(std::move(array));
    }
    rows += static_cast<std::uint64_t>(batch->num_rows());
    LAKEGATE_CHECK(take(*arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(arrays))));
  }
}

}  // namespace lakegate
