// JSON's strings and numbers from their source text. No allocation.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace lakegate::json {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

constexpr std::string_view without_blanks_at_end(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// JSON's grammar of numbers, nothing around it.
bool is_number(std::string_view text);

// What stands between the quotes of a string.
struct StringBody {
  std::string_view raw;
  bool escaped = false;  // there is a backslash
};

// `first` is the byte behind the opening quote. The closing quote must be there, and 8 readable
// bytes behind it.
inline StringBody string_body(const char* first) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  const auto zero_bytes = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  const char* at = first;
  bool escaped = false;
  while (true) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t hits = zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\'));
    if (hits == 0) {
      at += 8;
      continue;
    }
    at += std::countr_zero(hits) / 8;
    if (*at == '"') return {{first, static_cast<std::size_t>(at - first)}, escaped};
    escaped = true;
    at += 2;
  }
}

// Appends what `raw` (valid UTF-8) says to `out`. False for an unknown escape or half a surrogate
// pair; `out` is then of no use.
bool unescape(std::string_view raw, std::string& out);

// Standard base64, padded or not. False if it is none.
bool decode_base64(std::string_view text, std::string& out);

}  // namespace lakegate::json
