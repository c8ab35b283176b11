#pragma once

#include <arrow/api.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "formats/input.h"
#include "lake/error.h"
#include "lake/partition.h"
#include "schema/schema.h"

namespace lakegate {

// The values of a partition's folders by column: {"country": "a/b"} of "dt=2026-01-01/c=a%2Fb",
// where the level c is made of the column country. Derived levels go by their own name.
Result<std::map<std::string, std::string>> partition_values(const std::string& partition,
                                                            const PartitionSpec& spec);

// The text of a partition folder as a value of a type, read as convert has written it.
Result<std::shared_ptr<arrow::Scalar>> partition_scalar(const std::string& text,
                                                        const Field& field);

// Hands on the rows of a curated file with the columns of `fields`, each of its type: columns that
// the file lacks and `values` has are made from there, those that neither has are left out. Returns
// the number of rows.
using TakeRows = std::function<Result<void>(const arrow::RecordBatch&)>;
Result<std::uint64_t> read_curated(std::shared_ptr<const Input> file,
                                   const std::vector<Field>& fields,
                                   const std::map<std::string, std::string>& values,
                                   const TakeRows& take);

}  // namespace lakegate
