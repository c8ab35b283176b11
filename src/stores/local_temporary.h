// Files that are not objects yet: _lake/tmp/<process>/, beside a lock that says the process lives.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "stores/local_directory.h"
#include "stores/object_store.h"

namespace lakegate {

class TemporaryFolder;

// A temporary file, unlinked when destroyed unless it was renamed into the lake.
class TemporaryFile {
 public:
  TemporaryFile(std::shared_ptr<TemporaryFolder> folder, std::string name, FileDescriptor file)
      : folder_(std::move(folder)), name_(std::move(name)), file_(std::move(file)) {}
  TemporaryFile(TemporaryFile&&) noexcept = default;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile();

  Result<void> write(std::string_view bytes, std::string_view path);
  // Durable and closed.
  Result<void> seal(std::string_view path);
  // Moves it under its key, in place of what is there.
  Result<void> replace(const ObjectKey& key);
  // Moves it under its key; kConflict where there is something already.
  Result<void> place_if_absent(const ObjectKey& key);

 private:
  template <class Move>
  Result<void> move_to(const ObjectKey& key, Move move);

  std::shared_ptr<TemporaryFolder> folder_;
  std::string name_;
  FileDescriptor file_;
  bool moved_ = false;
};

// One a store, made when first needed: reading a lake writes nothing into it. Thread-safe.
class TemporaryFolder : public std::enable_shared_from_this<TemporaryFolder> {
 public:
  explicit TemporaryFolder(std::shared_ptr<const LakeDirectory> lake) : lake_(std::move(lake)) {}
  ~TemporaryFolder();

  Result<TemporaryFile> create();
  int descriptor() const { return folder_.get(); }
  const LakeDirectory& lake() const { return *lake_; }

 private:
  Result<void> open();

  std::shared_ptr<const LakeDirectory> lake_;
  std::mutex mutex_;
  std::string name_;
  FileDescriptor all_;  // _lake/tmp
  FileDescriptor folder_;
  FileDescriptor lock_;
  std::atomic<std::uint64_t> next_ = 0;
};

std::unique_ptr<PendingObject> make_pending_file(ObjectKey key, std::string path,
                                                 TemporaryFile file);

// Removes the temporary folders whose process is gone.
Result<void> sweep_temporary_folders(const LakeDirectory& lake);

}  // namespace lakegate
