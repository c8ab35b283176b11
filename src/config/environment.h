// ${VAR} in texts of lake.yaml.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"
#include "lake/error.h"

namespace lakegate {

// Each ${NAME} replaced by its value; "$${" is a literal "${", and "$" before anything else is
// itself. A name that is not set is an error: an empty value would be a silent surprise.
Result<std::string> expand_variables(std::string_view text, const Environment& variables);

bool has_variable(std::string_view text);

}  // namespace lakegate
