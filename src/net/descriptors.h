#pragma once

#include <cstddef>

namespace lakegate {

// How many connections the process can open now: its limit of file descriptors, which is raised as
// far as the system lets it, less those that are open, less some for files.
std::size_t most_connections();

// Linux doubles a process's table of descriptors whenever it is full, and where there are threads
// waits for every CPU each time (expand_fdtable in its fs/file.c, synchronize_rcu): 5 to 30 ms, in
// which nothing is connected. This makes it large enough for so many connections at once.
void make_room_for_connections(std::size_t count);

}  // namespace lakegate
