#include "net/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace lakegate {
namespace {

// For what is opened while connections are: files of the lake, spools, further event loops.
constexpr std::size_t kForFiles = 64;
// More would be no gain, and a limit may be "unlimited".
constexpr std::size_t kMost = 20'000;
constexpr std::size_t kGuessOpen = 32;

std::size_t open_descriptors() {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return kGuessOpen;
  std::size_t count = 0;
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;  // two too many (. and ..) and the folder itself
}

// The limit, raised as far as the system lets it; none if it cannot be told.
std::optional<rlim_t> raised_limit() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = std::min<rlim_t>(limit.rlim_max, kMost + 2 * kForFiles);
    if (raised.rlim_cur > limit.rlim_cur && ::setrlimit(RLIMIT_NOFILE, &raised) == 0)
      limit = raised;
  }
  return limit.rlim_cur;
}

}  // namespace

std::size_t most_connections() {
  const auto limit = raised_limit();
  if (!limit) return kForFiles;
  const std::size_t allowed = *limit == RLIM_INFINITY ? kMost : static_cast<std::size_t>(*limit);
  const std::size_t used = open_descriptors() + kForFiles;
  return std::clamp<std::size_t>(allowed > used ? allowed - used : 1, 1, kMost);
}

void make_room_for_connections(std::size_t count) {
  const int any = ::open("/", O_PATH | O_CLOEXEC);
  if (any < 0) return;
  if (const auto limit = raised_limit(); limit && *limit > 0) {
    const rlim_t most = std::min<rlim_t>(*limit, std::min(count, kMost) + kForFiles);
    const int last = ::fcntl(any, F_DUPFD_CLOEXEC, static_cast<int>(most - 1));
    if (last >= 0) ::close(last);
  }
  ::close(any);
}

}  // namespace lakegate
