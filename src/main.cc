#include <cstdio>

#include "build_info.h"

int main() {
  std::printf("lakegate %s\n", lakegate::kVersion.data());
  return 0;
}
