#include "extract/parameter_sets.h"

#include <algorithm>

namespace lakegate {

const TemplateValue* ParameterSets::find(std::size_t set, std::string_view name) const {
  const auto at = std::ranges::find(names_, name);
  return at == names_.end() ? nullptr : &value(set, static_cast<std::size_t>(at - names_.begin()));
}

void ParameterSets::add(const std::vector<TemplateValue>& values) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    Column& column = columns_[i];
    const auto [place, is_new] = column.place.try_emplace(
        {values[i].text, values[i].is_number}, static_cast<std::uint32_t>(column.values.size()));
    if (is_new) column.values.push_back(values[i]);
    column.rows.push_back(place->second);
  }
  ++size_;
}

bool ParameterSets::operator==(const ParameterSets& other) const {
  // Values are numbered as they appear, so that equal tables have equal numbers.
  return size_ == other.size_ && names_ == other.names_ &&
         std::ranges::equal(columns_, other.columns_, [](const Column& a, const Column& b) {
           return a.values == b.values && a.rows == b.rows;
         });
}

}  // namespace lakegate
