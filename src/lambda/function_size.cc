#include "lambda/function_size.h"

#include <algorithm>
#include <charconv>

namespace lakegate {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr std::uint64_t kOneCore = 1769;
// The program with its libraries, and what a store and a table hold in flight.
constexpr std::uint64_t kProgram = 96;
constexpr std::uint64_t kSmallest = 16, kLargest = 1024;

}  // namespace

Resources function_resources(const Environment& variables, const Resources& otherwise) {
  const auto found = variables.find("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
  if (found == variables.end()) return otherwise;
  std::uint64_t size = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || end != text.data() + text.size() || size == 0) return otherwise;
  Resources resources = otherwise;
  resources.threads =
      static_cast<int>(std::clamp<std::uint64_t>((size + kOneCore - 1) / kOneCore, 1, 6));
  const std::uint64_t half_of_rest = size > kProgram ? (size - kProgram) / 2 : 0;
  resources.memory = std::clamp(half_of_rest, kSmallest, kLargest) * kMiB;
  return resources;
}

}  // namespace lakegate
