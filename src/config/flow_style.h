// Edits inside a mapping that is written in flow style: {landing: a/*.csv, mode: snapshot}.
#pragma once

#include <string>
#include <string_view>

#include "config/yaml_document.h"
#include "lake/error.h"

namespace lakegate {

// `yaml` with `key: value` in the flow mapping `map` of it: in the place of the old value, or
// behind the last entry.
Result<std::string> with_flow_entry(std::string_view yaml, const YAML::Node& map,
                                    std::string_view key, std::string_view value);

// "- {a}\n- {b}\n" as "[{a}, {b}]".
std::string flow_fields(std::string_view block);

}  // namespace lakegate
