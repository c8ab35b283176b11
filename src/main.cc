#include "cli/allocator.h"
#include "cli/cli.h"

int main(int argc, char** argv) {
  lakegate::cli::settle_allocator();
  return lakegate::cli::run(argc, argv);
}
