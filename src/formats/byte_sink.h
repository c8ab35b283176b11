// Bytes going out, wherever they go: a file, an object of a store, a digest.
#pragma once

#include <cstddef>
#include <span>

#include "lake/error.h"

namespace lakegate {

// Where encoded bytes go, in order. Called from one thread at a time.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Result<void> write(std::span<const std::byte> bytes) = 0;
};

}  // namespace lakegate
