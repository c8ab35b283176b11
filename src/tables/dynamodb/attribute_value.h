// One value of Arrow's as a value of DynamoDB's JSON.
#pragma once

#include <arrow/type_fwd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace lakegate::dynamodb {

// Appends {"N":"12"} and the like of array[row], which is not null; returns the bytes that DynamoDB
// counts for it, or nothing where it has no such value: NaN, infinities, numbers outside 1E-130 to
// 9.9…E+125. Numbers are exact: doubles as the shortest digits that give them back. Nulls are left
// out of maps; in lists, where a place counts, they are {"NULL":true}.
std::optional<std::size_t> append_attribute(const arrow::Array& array, std::int64_t row,
                                            std::string& out);

// Seconds since 1970 of an integer (seconds already), a date or a timestamp, rounded down.
std::int64_t epoch_seconds(const arrow::Array& array, std::int64_t row);

}  // namespace lakegate::dynamodb
