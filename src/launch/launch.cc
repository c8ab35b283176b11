// The first thing that runs of an installed folder, as `bootstrap` or as `lakegate`: it becomes
// lib/lakegate, started by the dynamic loader of the folder with the libraries of the folder. So
// the program runs on any Linux of its architecture, whatever C library that has. This itself is
// linked statically, to a small C library, and goes without /proc: it must start where nothing else
// is.
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

namespace {

constexpr int kCannotStart = 126;  // as shells have it

void say(const char* text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, strlen(text));
}

int give_up(const char* where, const char* why) {
  say("lakegate: ");
  say(where);
  say(why);
  return kCannotStart;
}

// A path in `folder`, which ends at `end`.
struct InFolder {
  InFolder(const char* folder, const char* end, const char* name) {
    memcpy(path, folder, static_cast<size_t>(end - folder));
    strcpy(path + (end - folder), name);
  }
  char path[PATH_MAX + 64];
};

}  // namespace

int main(int argc, char** argv) {
  // The path that the kernel was given; argv[0] is whatever the caller says. Links are followed, so
  // that one may stand in a folder of the PATH.
  const auto* started = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  char self[PATH_MAX];
  if (started == nullptr || realpath(started, self) == nullptr)
    return give_up(argv[0], ": the folder that it stands in cannot be found\n");
  const char* const end = strrchr(self, '/');
  InFolder libraries(self, end, "/lib");
  InFolder loader(self, end, "/lib/" LAKEGATE_LOADER);
  InFolder program(self, end, "/lib/lakegate");

  char no_cache[] = "--inhibit-cache";  // the machine's libraries belong to another C library
  char path[] = "--library-path", name[] = "--argv0";
  char* const first[] = {loader.path, no_cache, path, libraries.path, name, argv[0], program.path};
  const size_t more = static_cast<size_t>(argc > 0 ? argc - 1 : 0);
  auto** words =
      static_cast<char**>(calloc(sizeof first / sizeof *first + more + 1, sizeof *first));
  if (words == nullptr) return give_up(argv[0], ": there is not enough memory\n");
  memcpy(words, first, sizeof first);
  if (more > 0) memcpy(words + sizeof first / sizeof *first, argv + 1, more * sizeof *argv);
  execv(loader.path, words);
  return give_up(loader.path,
                 " cannot be executed: is the folder whole, and made for this machine?\n");
}
