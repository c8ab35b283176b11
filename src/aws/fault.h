// What a reply says that is not what was asked for.
#pragma once

#include <optional>
#include <string_view>

#include "aws/service_client.h"

namespace lakegate {

// The fault in a reply to `method`, from JSON or XML, or from the status alone (HEAD has no body);
// nothing where there is none.
std::optional<AwsFault> read_fault(const HttpReply& reply, std::string_view method);

}  // namespace lakegate
