// Characters of UTF-8 text as a terminal shows them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lakegate::cli {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
  bool is_valid = true;  // else one byte that is not UTF-8
};

Character first_character(std::string_view text);  // of a text that is not empty

// C1 controls and characters that change the direction of writing. (C0 controls are below 0x20.)
bool is_unprintable(char32_t code);

// Columns that a text takes: 2 for wide characters (CJK, most emoji), 0 for combining ones.
std::size_t display_width(std::string_view text);

// `text`, or as much of it as leaves room for "…" in `width` columns.
std::string cut_to_width(std::string_view text, std::size_t width);

}  // namespace lakegate::cli
