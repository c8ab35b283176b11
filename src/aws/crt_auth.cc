#include "aws/crt_auth.h"

#include <aws/auth/auth.h>

namespace lakegate {

void start_crt_auth() {
  static const bool kStarted = [] {
    aws_auth_library_init(aws_default_allocator());
    return true;
  }();
  (void)kStarted;
}

}  // namespace lakegate
