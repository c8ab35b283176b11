// What the variables of for_each run over, found out once, when a plan is made.
#pragma once

#include <vector>

#include "config/source.h"
#include "lake/error.h"
#include "lake/time.h"
#include "stores/object_store.h"

namespace lakegate {

// The instants that {since} and {until} stand for. `since` is absent where the source has none.
struct FetchTimes {
  std::optional<Instant> since;
  Instant until;
};

// "2026-11-23T04:22:44Z": without a fraction where there is none.
TemplateValue time_value(Instant instant);

// The values of one variable, in order; none may be empty. kInvalidInput names the variable and the
// cure: no values, a column that the file does not have, a value that is no text, date or number.
// Of a file's column the distinct values that are not empty; with kZip those of all its rows, since
// other columns stand beside them.
Result<std::vector<TemplateValue>> values_of(const ForEach& variable, Combine combine,
                                             const FetchTimes& times, const ObjectStore& store);

}  // namespace lakegate
