#include "net/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

namespace lakegate {
namespace {

// For what is opened while connections are: files of the lake, spools, further event loops.
constexpr std::size_t kForFiles = 64;
// More would be no gain, and a limit may be "unlimited".
constexpr std::size_t kMost = 20'000;
constexpr std::size_t kGuessOpen = 32;
constexpr rlim_t kRoom = 2'048;  // 16 KiB of the kernel's memory

std::size_t open_descriptors() {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return kGuessOpen;
  std::size_t count = 0;
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;  // two too many (. and ..) and the folder itself
}

}  // namespace

std::size_t most_connections() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kForFiles;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = std::min<rlim_t>(limit.rlim_max, kMost + 2 * kForFiles);
    if (raised.rlim_cur > limit.rlim_cur && ::setrlimit(RLIMIT_NOFILE, &raised) == 0)
      limit = raised;
  }
  const std::size_t allowed =
      limit.rlim_cur == RLIM_INFINITY ? kMost : static_cast<std::size_t>(limit.rlim_cur);
  const std::size_t used = open_descriptors() + kForFiles;
  return std::clamp<std::size_t>(allowed > used ? allowed - used : 1, 1, kMost);
}

void make_room_for_descriptors() {
  rlimit limit = {};
  const int any = ::open("/", O_PATH | O_CLOEXEC);
  if (any < 0) return;
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 0)
    ::close(::fcntl(any, F_DUPFD_CLOEXEC, static_cast<int>(std::min(limit.rlim_cur, kRoom) - 1)));
  ::close(any);
}

}  // namespace lakegate
