// Datasets as the catalog's tests describe them.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "catalog/dataset_table.h"
#include "config/config.h"

namespace lakegate {

inline LogicalType type_of(const std::string& text) {
  const auto type = type_from(text);
  EXPECT_TRUE(type) << text;
  return type ? *type : LogicalType{};
}

// The one dataset of a lake.yaml, with what the lake remembers of its columns.
inline DatasetTable table_of(const std::string& yaml, const Schema& schema, int version = 1,
                             const std::string& lake = "s3://b/lake") {
  const auto config = parse_config({.text = yaml, .file = "lake.yaml", .env = {}, .variables = {}});
  if (!config) {
    ADD_FAILURE() << config.error().to_string();
    return {};
  }
  return dataset_table(config->datasets.front(),
                       {.version = version, .schema = schema, .because = ""}, lake);
}

inline const Schema kSales = {{{.name = "id", .type = {LogicalType::Kind::kInt64}},
                               {.name = "country", .type = {LogicalType::Kind::kText}},
                               {.name = "later", .type = {LogicalType::Kind::kUnknown}},
                               {.name = "at", .type = {LogicalType::Kind::kTimestamp}}}};

}  // namespace lakegate
