// Where lakegate meets Arrow: the memory pool, and Arrow's Status as lakegate's Error.
#pragma once

#include <arrow/api.h>

#include <utility>

#include "lake/error.h"

namespace lakegate {

// The one pool of the program: the system allocator, so that freed memory is returned and the peak
// stays bounded. Pass it to every Arrow and Parquet call that takes a pool.
arrow::MemoryPool* memory_pool();

// Out of memory and I/O are kPermanent, Invalid and TypeError kInvalidInput.
Error from_arrow(const arrow::Status& status);

template <class T>
Result<T> from_arrow(arrow::Result<T> result) {
  if (!result.ok()) return tl::unexpected<Error>(from_arrow(result.status()));
  return std::move(result).ValueUnsafe();
}

}  // namespace lakegate

#define LAKEGATE_ARROW_CHECK(expression)                                                \
  do {                                                                                  \
    if (auto arrow_status = (expression); !arrow_status.ok()) [[unlikely]]              \
      return ::tl::unexpected<::lakegate::Error>(::lakegate::from_arrow(arrow_status)); \
  } while (false)
