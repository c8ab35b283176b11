// The command line: everything that main() calls.
#pragma once

namespace lakegate::cli {

// The exit code: 0 done, 1 something failed and was said, 2 wrong usage or configuration, 130
// interrupted.
int run(int argc, char** argv);

}  // namespace lakegate::cli
