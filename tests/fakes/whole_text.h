// Inputs and pending objects as strings, for tests.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "formats/input.h"
#include "stores/object_store.h"

namespace lakegate {

inline Result<std::string> read_all(const Input& input) {
  LAKEGATE_TRY(const auto stream, input.open());
  std::string bytes;
  std::string block(1000, '\0');
  while (true) {
    LAKEGATE_TRY(const std::size_t count, stream->read(std::as_writable_bytes(std::span(block))));
    bytes.append(block, 0, count);
    if (count < block.size()) return bytes;
  }
}

inline Result<void> write_text(PendingObject& object, std::string_view text) {
  return object.write(std::as_bytes(std::span(text)));
}

}  // namespace lakegate
