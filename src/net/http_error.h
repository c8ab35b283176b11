#pragma once

#include "lake/error.h"
#include "net/http.h"

namespace lakegate {

// How the message of every request begins, behind its host, that was not answered in time.
inline constexpr std::string_view kNoReplyInTime = "no reply in time";

inline constexpr std::string_view kRecalled = "recalled before it was sent";

// An error code of the CRT as what became of a request to `origin`. `ca_setting`: what names a file
// of certificates.
Error http_error(int error_code, const HttpOrigin& origin, std::string_view ca_setting);
// The same of a connection that was not made. `may_be_chance`: a handshake that failed may succeed
// the next time.
Error connection_error(int error_code, const HttpOrigin& origin, std::string_view ca_setting,
                       bool may_be_chance);

}  // namespace lakegate
