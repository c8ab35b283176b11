#pragma once

#include <arrow/api.h>
#include <arrow/json/from_string.h>

#include <memory>
#include <string>

namespace lakegate {

// array_of(arrow::int64(), "[1, null]")
inline std::shared_ptr<arrow::Array> array_of(const std::shared_ptr<arrow::DataType>& type,
                                              const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

}  // namespace lakegate
