// Names as engines accept them without quoting: [a-z][a-z0-9_]*.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lakegate {

// deviceId -> device_id, "field artillery" -> field_artillery, "APC" -> apc, "2nd" -> c_2nd,
// "Größe" -> gr_e; nothing usable -> "column".
std::string clean_name(std::string_view original);

// Each name cleaned; a name that is already taken gets _2, _3 … in order of appearance, skipping
// numbers that collide with another name of the list. Deterministic.
std::vector<std::string> clean_names(const std::vector<std::string>& originals);

bool is_clean_name(std::string_view name);

// The candidate nearest to `word` by edit distance, or empty where none is near enough to suggest.
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace lakegate
