// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF.
#pragma once

#include <string_view>

namespace lakegate {

bool is_utf8(std::string_view bytes);

// `text` without the incomplete character at its end, where a cut left one.
std::string_view without_cut_character(std::string_view text);

}  // namespace lakegate
