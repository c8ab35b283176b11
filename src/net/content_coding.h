// Undoes the Content-Encoding of a reply: gzip and zstd.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "lake/error.h"

namespace lakegate {

// Keeps what decoding needs from one reply to the next. Not thread-safe.
class ContentDecoder {
 public:
  ContentDecoder();
  ~ContentDecoder();

  // `coding` as the header has it: the last one named was applied last; empty: none. At most `most`
  // bytes come out of each: a longer body is kPermanent, and so is a coding that nobody asked for.
  // A damaged one is kRetryable.
  Result<std::string> decode(std::string_view coding, std::string body, std::size_t most);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whether that was for being longer than `most`.
bool is_too_long(const Error& error);

}  // namespace lakegate
