#pragma once

#include <cstddef>

namespace lakegate {

// How many connections the process can open now: its limit of file descriptors, which is raised as
// far as the system lets it, less those that are open, less some for files.
std::size_t most_connections();

}  // namespace lakegate
