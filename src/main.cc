#include "cli/cli.h"

int main(int argc, char** argv) {
  return lakegate::cli::run(argc, argv);
}
