#include "cli/cli.h"
#include "cli/process_settings.h"

int main(int argc, char** argv) {
  lakegate::cli::settle_process();
  return lakegate::cli::run(argc, argv);
}
