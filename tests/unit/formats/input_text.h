// Inputs and streams as text, for tests.
#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>

#include "formats/input.h"

namespace lakegate {

// At most `count` bytes; a failure is a failure of the test.
inline std::string read_text(ByteStream& stream, std::size_t count) {
  std::string text(count, '\0');
  const auto read = stream.read(std::as_writable_bytes(std::span(text)));
  if (!read) {
    ADD_FAILURE() << read.error().to_string();
    return {};
  }
  text.resize(*read);
  return text;
}

inline std::string read_to_end(ByteStream& stream, std::size_t piece) {
  std::string all;
  while (true) {
    const std::string text = read_text(stream, piece);
    if (text.empty()) return all;
    all += text;
  }
}

inline std::string read_all(const Input& input, std::size_t piece) {
  auto stream = input.open();
  if (!stream) {
    ADD_FAILURE() << stream.error().to_string();
    return {};
  }
  return read_to_end(**stream, piece);
}

}  // namespace lakegate
