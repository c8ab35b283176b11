// The parameter sets of a plan, in order: a table of values with each distinct value kept once, so
// that a million sets are a few megabytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "lake/request_template.h"

namespace lakegate {

class ParameterSets {
 public:
  ParameterSets() = default;
  explicit ParameterSets(std::vector<std::string> names) : names_(std::move(names)) {
    columns_.resize(names_.size());
  }

  const std::vector<std::string>& names() const { return names_; }
  std::size_t size() const { return size_; }
  // By the name's index.
  const TemplateValue& value(std::size_t set, std::size_t name) const {
    const Column& column = columns_[name];
    return column.values[column.rows[set]];
  }
  // Null where there is no such name.
  const TemplateValue* find(std::size_t set, std::string_view name) const;

  // One value a name.
  void add(const std::vector<TemplateValue>& values);
  // Frees what only add needs; after it values are still right, but no longer kept once.
  void shrink();

  bool operator==(const ParameterSets& other) const;

 private:
  struct Column {
    std::vector<TemplateValue> values;                       // distinct
    std::unordered_map<std::uint64_t, std::uint32_t> place;  // by fingerprint
    std::vector<std::uint32_t> rows;                         // of `values`
  };
  std::vector<std::string> names_;
  std::vector<Column> columns_;
  std::size_t size_ = 0;
};

}  // namespace lakegate
