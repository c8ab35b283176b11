#include "convert/input_digest.h"

#include <vector>

#include "lake/digest.h"

namespace lakegate {

Result<std::string> sha256_of(const Input& input) {
  LAKEGATE_TRY(auto stream, input.open());
  Sha256 hash;
  std::vector<std::byte> block(1024 * 1024);
  for (;;) {
    LAKEGATE_TRY(const std::size_t n, stream->read(block));
    if (n == 0) return hash.finish();
    hash.update(std::span(block).first(n));
  }
}

}  // namespace lakegate
