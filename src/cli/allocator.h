// How the C library's allocator holds on to freed memory.
#pragma once

namespace lakegate::cli {

// Large blocks (chunks, pages, columns) go back to the system when they are freed, and threads
// share three arenas; else freed memory stays with whichever thread had it, and a 1 GB conversion
// was seen to peak at 177 MB in place of 111 MB. With two, the event loop of a fetch waits for
// those that write its slices, which is 2% of its time. Call before the first thread starts. Does
// nothing where the allocator is not glibc's.
void settle_allocator();

}  // namespace lakegate::cli
