// The header Link (RFC 8288).
#pragma once

#include <string>
#include <vector>

#include "net/http.h"

namespace lakegate {

// The target of the first link with rel="next", as it stands; empty if there is none.
std::string next_link(const std::vector<HttpHeader>& headers);

}  // namespace lakegate
