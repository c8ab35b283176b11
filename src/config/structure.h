// Whether a YAML node has a Shape.
#pragma once

#include "config/shape.h"
#include "config/yaml_document.h"

namespace lakegate {

// `name` is the key that the node stands at, for messages, and `mark` that key's place, for nodes
// that have none of their own. Problems go to the document; true if there were none.
bool check_structure(const YAML::Node& node, const Shape& shape, const std::string& name,
                     const YAML::Mark& mark, YamlDocument& document);

// ", did you mean X?", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace lakegate
