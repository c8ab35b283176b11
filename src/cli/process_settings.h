// What is settled for the whole process.
#pragma once

namespace lakegate::cli {

// Call before the first thread starts. The allocator: large blocks (chunks, pages, columns) go back
// to the system when they are freed, and threads share two arenas; else freed memory stays with
// whichever thread had it, and a 1 GB conversion was seen to peak at 177 MB in place of 111 MB
// (nothing is done where the allocator is not glibc's). Descriptors: see
// make_room_for_descriptors().
void settle_process();

}  // namespace lakegate::cli
