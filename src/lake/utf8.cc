#include "lake/utf8.h"

#include <cstddef>

namespace lakegate {
namespace {

using Byte = unsigned char;

bool continues(std::string_view text, std::size_t i) {
  return i < text.size() && (static_cast<Byte>(text[i]) & 0xC0) == 0x80;
}

// How many bytes a character takes that begins with `lead`; 0 if none does.
std::size_t length_from(Byte lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const Byte lead = static_cast<Byte>(bytes[i]);
    const std::size_t length = length_from(lead);
    if (length == 0) return false;
    for (std::size_t k = 1; k < length; ++k)
      if (!continues(bytes, i + k)) return false;
    if (length > 2) {
      const Byte second = static_cast<Byte>(bytes[i + 1]);
      if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
          (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
        return false;
    }
    i += length;
  }
  return true;
}

std::string_view without_cut_character(std::string_view text) {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const Byte byte = static_cast<Byte>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    return length_from(byte) > back ? text.substr(0, text.size() - back) : text;
  }
  return text;
}

}  // namespace lakegate
