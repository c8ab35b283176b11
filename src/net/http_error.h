#pragma once

#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

// An error code of the CRT as what became of a request to `origin`.
Error http_error(int error_code, const HttpOrigin& origin);
// The same of a connection that was not made.
Error connection_error(int error_code, const HttpOrigin& origin);

}  // namespace lakegate
