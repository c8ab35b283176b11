#include "formats/file_descriptor.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdlib>

namespace lakegate {

Result<FileDescriptor> open_temporary_file() {
  const char* variable = std::getenv("TMPDIR");
  const std::string folder = variable != nullptr && *variable != '\0' ? variable : "/tmp";
#ifdef O_TMPFILE
  if (const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); fd >= 0)
    return FileDescriptor(fd);
#endif
  // Not every file system knows files without a name.
  std::string path = folder + "/lakegate-XXXXXX";
  const int fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return system_failure(errno, "create a temporary file in", folder);
  ::unlink(path.c_str());
  return FileDescriptor(fd);
}

Result<void> write_fully(const FileDescriptor& file, std::span<const std::byte> bytes,
                         const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failure(errno, "write", name);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

}  // namespace lakegate
