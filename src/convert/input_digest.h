// The SHA-256 of a whole input.
#pragma once

#include <string>

#include "formats/input.h"
#include "lake/error.h"

namespace lakegate {

// 64 hex digits; of the bytes as they are stored, compressed or not.
Result<std::string> sha256_of(const Input& input);

}  // namespace lakegate
