// JSON as text, compiled once. Text inside that is not UTF-8 gets U+FFFD in place of its bad bytes:
// a message about bad bytes must not fail because of them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace lakegate {

std::string json_line(const nlohmann::ordered_json& json);   // no line break in it or after it
std::string json_pages(const nlohmann::ordered_json& json);  // indented by 2, for people

// Quoted, its bytes as they are but for what JSON has escapes for: UTF-8 if `text` is.
void append_json_string(std::string_view text, std::string& out);

}  // namespace lakegate
