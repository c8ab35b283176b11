#include "stores/watcher.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <set>

#include "stores/local_directory.h"

namespace lakegate {
namespace {

constexpr std::uint32_t kFolderEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                        IN_MODIFY | IN_DELETE | IN_ONLYDIR | IN_DONT_FOLLOW |
                                        IN_EXCL_UNLINK;
using Clock = std::chrono::steady_clock;

class InotifyWatcher : public LandingWatcher {
 public:
  InotifyWatcher(std::string root, FileDescriptor events, FileDescriptor interrupts)
      : root_(std::move(root)), events_(std::move(events)), interrupts_(std::move(interrupts)) {}

  Result<Woken> wait(std::chrono::milliseconds timeout) override;

  void interrupt() override {
    const std::uint64_t one = 1;
    // It can fail only when as many interrupts wait already.
    [[maybe_unused]] const ssize_t written = ::write(interrupts_.get(), &one, sizeof one);
  }

  bool is_being_written(const ObjectKey& key) const override {
    return being_written_.contains(key.str());
  }

  // Watches a folder ("landing") and those in it; says whether there is a file among them.
  Result<bool> watch(const std::string& folder);

 private:
  Result<bool> read_events();
  Result<bool> take(const inotify_event& event);
  std::string path(const std::string& key) const { return fmt::format("{}/{}", root_, key); }

  std::string root_;
  FileDescriptor events_;
  FileDescriptor interrupts_;
  std::map<int, std::string> folders_;   // by watch
  std::set<std::string> being_written_;  // keys
};

Result<bool> InotifyWatcher::watch(const std::string& folder) {
  // The watch comes first, the listing second: what appears in between is seen by both.
  const int number = ::inotify_add_watch(events_.get(), path(folder).c_str(), kFolderEvents);
  if (number < 0) {
    if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return false;  // gone, or a link
    if (errno == ENOSPC)
      return fail(ErrorKind::kPermanent,
                  fmt::format("cannot watch {}: the system's limit of watched folders is reached; "
                              "raise it with `sysctl fs.inotify.max_user_watches=1048576`, or run "
                              "without --watch from a timer",
                              path(folder)));
    return system_failure(errno, "watch", path(folder));
  }
  folders_[number] = folder;
  DIR* listing = ::opendir(path(folder).c_str());
  if (listing == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return system_failure(errno, "list", path(folder));
  }
  bool has_file = false;
  std::vector<std::string> subfolders;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    struct stat status{};
    if (::fstatat(::dirfd(listing), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(status.st_mode)) subfolders.push_back(fmt::format("{}/{}", folder, name));
    has_file = has_file || S_ISREG(status.st_mode);
  }
  ::closedir(listing);
  for (const std::string& subfolder : subfolders) {
    LAKEGATE_TRY(const bool found, watch(subfolder));
    has_file = has_file || found;
  }
  return has_file;
}

// Says whether the event means that something has landed.
Result<bool> InotifyWatcher::take(const inotify_event& event) {
  if (event.mask & IN_Q_OVERFLOW) {
    // Anything may have happened: look at everything again.
    being_written_.clear();
    LAKEGATE_CHECK(watch("landing"));
    return true;
  }
  const auto folder = folders_.find(event.wd);
  if (folder == folders_.end()) return false;
  if (event.mask & IN_IGNORED) {
    folders_.erase(folder);
    return false;
  }
  if (event.len == 0) return false;
  const std::string key = folder->second + "/" + event.name;
  if (event.mask & IN_ISDIR) {
    // Files may have landed in a new folder before it was watched.
    if (event.mask & (IN_CREATE | IN_MOVED_TO)) return watch(key);
    return false;
  }
  if (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)) {
    being_written_.erase(key);
    return (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0;
  }
  if (event.mask & IN_CREATE) {
    struct stat status{};
    if (::lstat(path(key).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
    // A second name of a file that exists: nobody is going to write and close it.
    if (status.st_nlink > 1) return true;
  }
  being_written_.insert(key);
  return false;
}

Result<bool> InotifyWatcher::read_events() {
  bool landed = false;
  alignas(inotify_event) std::array<char, 64 * 1024> block{};
  while (true) {
    const ssize_t count = ::read(events_.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return landed;
    if (count < 0) return system_failure(errno, "watch", path("landing"));
    for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
      const auto* event = reinterpret_cast<const inotify_event*>(block.data() + at);
      LAKEGATE_TRY(const bool one, take(*event));
      landed = landed || one;
      at += sizeof(inotify_event) + event->len;
    }
  }
}

Result<LandingWatcher::Woken> InotifyWatcher::wait(std::chrono::milliseconds timeout) {
  const Clock::time_point end = Clock::now() + timeout;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    std::array<pollfd, 2> waiting = {
        pollfd{.fd = interrupts_.get(), .events = POLLIN, .revents = 0},
        pollfd{.fd = events_.get(), .events = POLLIN, .revents = 0}};
    const int ready = ::poll(waiting.data(), waiting.size(),
                             static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1 << 30)));
    if (ready < 0 && errno != EINTR) return system_failure(errno, "watch", path("landing"));
    if (ready > 0 && waiting[0].revents != 0) {
      std::uint64_t interrupts = 0;
      [[maybe_unused]] const ssize_t count =
          ::read(interrupts_.get(), &interrupts, sizeof interrupts);
      return Woken::kInterrupted;
    }
    if (ready > 0 && waiting[1].revents != 0) {
      LAKEGATE_TRY(const bool landed, read_events());
      if (landed) return Woken::kSomethingLanded;
    }
    if (Clock::now() >= end) return Woken::kTimeout;
  }
}

}  // namespace

Result<std::unique_ptr<LandingWatcher>> LandingWatcher::open(const std::string& root) {
  const std::string landing = root + "/landing";
  if (::mkdir(landing.c_str(), 0777) != 0 && errno != EEXIST)
    return system_failure(errno, "make", landing);
  FileDescriptor events(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!events && errno == EMFILE)
    return fail(ErrorKind::kPermanent,
                "cannot watch landing/: too many programs of this user watch files; raise it with "
                "`sysctl fs.inotify.max_user_instances=1024`, or run without --watch from a timer");
  if (!events) return system_failure(errno, "watch", landing);
  FileDescriptor interrupts(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!interrupts) return system_failure(errno, "watch", landing);
  auto watcher = std::make_unique<InotifyWatcher>(root, std::move(events), std::move(interrupts));
  LAKEGATE_CHECK(watcher->watch("landing"));
  return watcher;
}

}  // namespace lakegate
