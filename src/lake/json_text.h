// JSON as text, compiled once. Text inside that is not UTF-8 gets U+FFFD in place of its bad bytes:
// a message about bad bytes must not fail because of them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace lakegate {

std::string json_line(const nlohmann::ordered_json& json);   // no line break in it or after it
std::string json_pages(const nlohmann::ordered_json& json);  // indented by 2, for people

}  // namespace lakegate
