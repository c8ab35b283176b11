// Strong names: a dataset, an object's key and a table cannot be swapped by accident.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace lakegate {

template <class Tag>
class NamedString {
 public:
  NamedString() = default;
  explicit NamedString(std::string value) : value_(std::move(value)) {}

  const std::string& str() const { return value_; }
  bool empty() const { return value_.empty(); }
  auto operator<=>(const NamedString&) const = default;

 private:
  std::string value_;
};

using DatasetName = NamedString<struct DatasetNameTag>;  // [a-z][a-z0-9_]*
using TableName = NamedString<struct TableNameTag>;      // as the table's server knows it
using ArrivalId = NamedString<struct ArrivalIdTag>;      // 20 lower-case hex digits

// A key under the lake's root, "/"-separated, without a leading "/": "landing/equipment/a.csv".
using ObjectKey = NamedString<struct ObjectKeyTag>;

}  // namespace lakegate

template <class Tag>
struct std::hash<lakegate::NamedString<Tag>> {
  std::size_t operator()(const lakegate::NamedString<Tag>& name) const noexcept {
    return std::hash<std::string>{}(name.str());
  }
};
