#pragma once

#include <optional>
#include <string_view>

#include "formats/json/record.h"

namespace lakegate::json {

// `head` is looked at up to so many bytes: a pure function of the content, whatever the reads.
inline constexpr std::size_t kMaxLayoutBytes = 1024 * 1024;

// Told from the first bytes of a file, without its byte-order mark. None: more are needed, which
// never is the case if `is_all`, or from kMaxLayoutBytes on.
std::optional<Layout> detect_layout(std::string_view head, bool is_all);

}  // namespace lakegate::json
