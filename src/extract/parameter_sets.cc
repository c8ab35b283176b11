#include "extract/parameter_sets.h"

#include <algorithm>
#include <functional>

namespace lakegate {

const TemplateValue* ParameterSets::find(std::size_t set, std::string_view name) const {
  const auto at = std::ranges::find(names_, name);
  return at == names_.end() ? nullptr : &value(set, static_cast<std::size_t>(at - names_.begin()));
}

void ParameterSets::add(const std::vector<TemplateValue>& values) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    const std::uint64_t print =
        std::hash<std::string_view>{}(values[i].text) * 2 + (values[i].is_number ? 1 : 0);
    auto index = static_cast<std::uint32_t>(column.values.size());
    const auto [place, is_new] = column.place.try_emplace(print, index);
    // Two values may have one fingerprint: the second one is then kept as often as it comes.
    if (!is_new && column.values[place->second] == values[i]) index = place->second;
    if (index == column.values.size()) column.values.push_back(values[i]);
    column.rows.push_back(index);
  }
  ++size_;
}

void ParameterSets::shrink() {
  for (Column& column : columns_) {
    column.place = {};
    column.values.shrink_to_fit();
    column.rows.shrink_to_fit();
  }
}

bool ParameterSets::operator==(const ParameterSets& other) const {
  // Values are numbered as they appear, so that equal tables have equal numbers.
  return size_ == other.size_ && names_ == other.names_ &&
         std::ranges::equal(columns_, other.columns_, [](const Column& a, const Column& b) {
           return a.values == b.values && a.rows == b.rows;
         });
}

}  // namespace lakegate
