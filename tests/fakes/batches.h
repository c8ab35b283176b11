// Record batches from JSON text, for tests.
#pragma once

#include <arrow/api.h>
#include <arrow/json/from_string.h>

#include <memory>
#include <string>

#include "schema/schema.h"

namespace lakegate {

// `rows` is a JSON array of objects, or of arrays in the order of the fields. Bad JSON ends the
// program: it is the test's own mistake.
inline std::shared_ptr<arrow::RecordBatch> batch_of(const Schema& schema, const std::string& rows) {
  const auto type = arrow::struct_(to_arrow(schema)->fields());
  const auto array = arrow::json::ArrayFromJSONString(type, rows).ValueOrDie();
  return arrow::RecordBatch::FromStructArray(array).ValueOrDie();
}

}  // namespace lakegate
