// RAII over the C handles of the AWS Common Runtime (CRT).
#pragma once

#include <aws/common/byte_buf.h>

#include <memory>
#include <string>
#include <string_view>

namespace lakegate {

template <auto kRelease>
struct CrtRelease {
  template <class T>
  void operator()(T* handle) const {
    kRelease(handle);
  }
};

// Owns one reference: CrtPtr<aws_http_message, aws_http_message_release>.
template <class T, auto kRelease>
using CrtPtr = std::unique_ptr<T, CrtRelease<kRelease>>;

// Views, in both directions; nothing is copied.
inline aws_byte_cursor to_cursor(std::string_view text) {
  return {text.size(), reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()))};
}
inline std::string_view to_view(const aws_byte_cursor& cursor) {
  return {reinterpret_cast<const char*>(cursor.ptr), cursor.len};
}

}  // namespace lakegate
