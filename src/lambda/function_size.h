// What a function of AWS Lambda may use, from the memory that it was given.
#pragma once

#include "config/config.h"
#include "convert/progress.h"

namespace lakegate {

// AWS_LAMBDA_FUNCTION_MEMORY_SIZE in MiB; CPU comes in proportion, one core for each 1,769 MiB.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
// Neither shows in the bytes written. Without the variable (a laptop): `otherwise`.
Resources function_resources(const Environment& variables, const Resources& otherwise);

}  // namespace lakegate
