// {from: 1, to: 10}: the numbers or dates of a range.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "lake/error.h"
#include "lake/request_template.h"

namespace lakegate {

inline constexpr std::size_t kMostRangeValues = 1'000'000;

bool is_date(std::string_view text);  // 2024-02-29, if there was one

// Both ends included, ascending. Numbers keep the decimals of the most precise of the three: 1,
// 1.25, 1.50. Dates are texts. kInvalidInput: not numbers (at most 9 decimals) or dates, a step
// that is not above 0, `from` above `to`, more than kMostRangeValues.
Result<std::vector<TemplateValue>> number_range(std::string_view from, std::string_view to,
                                                std::string_view step);
Result<std::vector<TemplateValue>> date_range(std::string_view from, std::string_view to,
                                              std::string_view step_days);

}  // namespace lakegate
