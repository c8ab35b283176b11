// The commonest JSON by itself, in a few instructions a byte: what is not that common is left to
// others. Both may read 8 bytes past the end of a text, which must be readable and no digits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "formats/columns/fast_cell.h"

namespace lakegate::json {

// How many digits stand at `at`; 8 if there are more.
inline std::size_t leading_digits(const char* at) {
  const auto word = columns::fast::load<std::uint64_t>(at);
  // Above '9', below '0' and beyond ASCII; right up to the first byte that is none.
  const std::uint64_t others =
      ((word + 0x4646464646464646) | (word - columns::fast::kZeros) | word) & 0x8080808080808080;
  return static_cast<std::size_t>(std::countr_zero(others)) / 8;
}

// A number of at most 8 digits at `at`, which then is behind it. False: there is something else, or
// more of it (a point, an exponent, further digits).
inline bool take_short_integer(const char*& at, std::int64_t& number) {
  const bool is_negative = *at == '-';
  const char* const first = at + is_negative;
  const std::size_t digits = leading_digits(first);
  if (digits == 0 || (*first == '0' && (digits > 1 || is_negative))) return false;
  const char next = first[digits];
  if (next != ',' && next != ']' && next != ' ') return false;
  const auto magnitude = static_cast<std::int64_t>(
      columns::fast::eight_digits(columns::fast::digits_word(first, digits)));
  number = is_negative ? -magnitude : magnitude;
  at = first + digits;
  return true;
}

// Whether `text` is one object of JSON whose strings are ASCII without escapes. False says nothing.
bool is_plain_object(std::string_view text);

}  // namespace lakegate::json
