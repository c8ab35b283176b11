#include "formats/arrow_bridge.h"

#include <arrow/memory_pool.h>

namespace lakegate {

arrow::MemoryPool* memory_pool() {
  return arrow::system_memory_pool();
}

Error from_arrow(const arrow::Status& status) {
  const bool of_the_input = status.IsInvalid() || status.IsTypeError();
  return Error{
      of_the_input ? ErrorKind::kInvalidInput : ErrorKind::kPermanent, status.message(), {}};
}

}  // namespace lakegate
