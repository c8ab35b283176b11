// A file that a user named to be written: whole, or not at all.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "formats/byte_sink.h"
#include "formats/file_descriptor.h"
#include "formats/input.h"
#include "lake/error.h"

namespace lakegate::cli {

// Written beside its final place without a name, where the file system can (else under a hidden
// one), and given its name by publish(). "-" (stdout) and what is no regular file, such as a pipe
// or /dev/null, are written by publish() from an unlinked temporary file.
class PendingFile : public ByteSink {
 public:
  static Result<std::unique_ptr<PendingFile>> create(const std::string& path);
  // One that never gets a name.
  static Result<std::unique_ptr<PendingFile>> temporary();
  ~PendingFile() override;

  using ByteSink::write;
  Result<void> write(std::span<const std::byte> bytes) override;
  Result<void> write_text(std::string_view text);
  Result<void> restart();                         // drops what was written
  Result<std::shared_ptr<Input>> reopen() const;  // what has been written so far
  Result<void> publish();                         // durable, and in place of what was there

 private:
  PendingFile() = default;
  Result<void> create_beside();
  Result<void> copy_to_target();

  struct NamedFile;
  std::string path_;  // as the user named it
  std::string target_;
  std::unique_ptr<NamedFile> named_;  // where it has a name of its own until publish()
  bool is_spooled_ = false;
  FileDescriptor file_;
};

}  // namespace lakegate::cli
