// A whole JSON text through the reader: inferred and decoded as convert does it, shown as text.
#pragma once

#include <arrow/api.h>
#include <arrow/util/decimal.h>
#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "formats/open.h"
#include "schema/cell.h"

namespace lakegate::json_test {

// One value, as JSON with bare dates.
inline std::string show(const arrow::Array& array, std::int64_t row) {
  if (array.IsNull(row)) return "null";
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
    case arrow::Type::INT32:
      return fmt::format("{}", static_cast<const arrow::Int32Array&>(array).Value(row));
    case arrow::Type::INT64:
      return fmt::format("{}", static_cast<const arrow::Int64Array&>(array).Value(row));
    case arrow::Type::FLOAT:
      return fmt::format("{}f", static_cast<const arrow::FloatArray&>(array).Value(row));
    case arrow::Type::DOUBLE:
      return fmt::format("{}", static_cast<const arrow::DoubleArray&>(array).Value(row));
    case arrow::Type::DECIMAL128:
      return static_cast<const arrow::Decimal128Array&>(array).FormatValue(row);
    case arrow::Type::STRING:
      return fmt::format("\"{}\"", static_cast<const arrow::StringArray&>(array).GetView(row));
    case arrow::Type::BINARY: {
      std::string out = "x";
      for (const char c : static_cast<const arrow::BinaryArray&>(array).GetView(row))
        out += fmt::format("{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
      return out;
    }
    case arrow::Type::DATE32:
      return cell::format_date(static_cast<const arrow::Date32Array&>(array).Value(row));
    case arrow::Type::TIMESTAMP: {
      const auto& type = static_cast<const arrow::TimestampType&>(*array.type());
      return cell::format_timestamp(static_cast<const arrow::TimestampArray&>(array).Value(row),
                                    !type.timezone().empty());
    }
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(array);
      std::string out;
      for (std::int64_t i = list.value_offset(row); i < list.value_offset(row + 1); ++i)
        out += (out.empty() ? "" : ", ") + show(*list.values(), i);
      return "[" + out + "]";
    }
    case arrow::Type::STRUCT: {
      const auto& type = static_cast<const arrow::StructType&>(*array.type());
      const auto& members = static_cast<const arrow::StructArray&>(array);
      std::string out;
      for (int i = 0; i < type.num_fields(); ++i)
        out += fmt::format("{}{}: {}", i == 0 ? "" : ", ", type.field(i)->name(),
                           show(*members.field(i), row));
      return "{" + out + "}";
    }
    default:
      return "?";
  }
}

struct Pass {
  Schema schema;
  std::vector<std::string> rows;  // "a=1 b=\"x\""
  std::vector<Reject> rejects;
  std::vector<std::uint64_t> chunk_records;
  std::vector<Observed> seen;
  bool contradicted = false;
};

inline Result<std::shared_ptr<RecordFile>> open_text(std::string text) {
  return open_json(memory_input("in.json", std::move(text)), {});
}

inline Result<Schema> infer(const RecordFile& file) {
  LAKEGATE_TRY(auto reader, file.open());
  Observed root;
  while (true) {
    LAKEGATE_TRY(auto chunk, reader->next());
    if (!chunk) break;
    LAKEGATE_CHECK(chunk->observe(root));
  }
  Schema schema;
  for (const auto& [name, observed] : root.fields)
    schema.fields.push_back({.name = name, .type = resolve(observed)});
  return schema;
}

inline Result<Pass> decode(const RecordFile& file, const DecodePlan& plan) {
  Pass pass;
  LAKEGATE_TRY(auto reader, file.open());
  while (true) {
    LAKEGATE_TRY(auto chunk, reader->next());
    if (!chunk) break;
    pass.chunk_records.push_back(chunk->records);
    LAKEGATE_TRY(DecodedChunk decoded, chunk->decode(plan));
    if (decoded.contradicted) {
      pass.contradicted = true;
      return pass;
    }
    if (!decoded.rows->ValidateFull().ok())
      return fail(ErrorKind::kPermanent, decoded.rows->ValidateFull().ToString());
    if (decoded.rejects.size() + static_cast<std::uint64_t>(decoded.rows->num_rows()) !=
        chunk->records)
      return fail(ErrorKind::kPermanent, "rows and rejects do not add up");
    for (std::int64_t row = 0; row < decoded.rows->num_rows(); ++row) {
      std::string line;
      for (int i = 0; i < decoded.rows->num_columns(); ++i)
        line += fmt::format("{}{}={}", i == 0 ? "" : " ", decoded.rows->column_name(i),
                            show(*decoded.rows->column(i), row));
      pass.rows.push_back(std::move(line));
    }
    for (Reject& reject : decoded.rejects) pass.rejects.push_back(std::move(reject));
    pass.seen.resize(decoded.seen.size());
    for (std::size_t i = 0; i < decoded.seen.size(); ++i) pass.seen[i].join(decoded.seen[i]);
  }
  return pass;
}

inline DecodePlan plan_of(const Schema& schema, bool inferred,
                          NewColumns new_columns = NewColumns::kAdd) {
  DecodePlan plan{.new_columns = new_columns};
  for (const Field& field : schema.fields)
    plan.columns.push_back({.field = field, .inferred = inferred});
  return plan;
}

// Infers the schema from the whole text, then decodes with it.
inline Result<Pass> infer_and_decode(const std::string& text) {
  LAKEGATE_TRY(auto file, open_text(text));
  LAKEGATE_TRY(Schema schema, infer(*file));
  LAKEGATE_TRY(Pass pass, decode(*file, plan_of(schema, true)));
  pass.schema = std::move(schema);
  return pass;
}

}  // namespace lakegate::json_test
