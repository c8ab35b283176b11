// `cat` and `schema` take a file or the name of a dataset.
#pragma once

#include <optional>
#include <string>

#include "cli/lake_session.h"

namespace lakegate::cli {

// The lake, if `word` names one of its datasets; nothing if it is a file (or "-"), whether or not
// it exists. A file comes before a dataset of its name, a directory behind it.
Result<std::optional<LakeSession>> lake_of_dataset(const std::string& word, const Context& context);

}  // namespace lakegate::cli
