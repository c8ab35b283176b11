// The lake's directory, walked one component at a time without ever following a symbolic link, so
// that no key reaches a file outside it. Adapter's own; stages see object_store.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/file_descriptor.h"
#include "lake/error.h"
#include "lake/ids.h"

namespace lakegate {

// Thread-safe: it holds nothing but the descriptor of the root.
class LakeDirectory {
 public:
  // Where a key's file stands: its folder, open, and its name in there.
  struct Place {
    FileDescriptor folder;
    std::string name;
  };

  static Result<LakeDirectory> open(const std::string& root);

  const std::string& root() const { return root_; }
  int descriptor() const { return descriptor_.get(); }
  std::string path(std::string_view key) const;  // for messages

  // kNotFound where a folder on the way is missing; kInvalidInput where the key is no clean
  // relative path or goes through a symbolic link.
  Result<Place> find(const ObjectKey& key) const;
  // The same, and makes the folders that are missing, durably.
  Result<Place> make(const ObjectKey& key) const;
  // Opens the file for reading. kNotFound where there is none, or something else than a file.
  Result<FileDescriptor> open_file(const ObjectKey& key) const;
  // The folder of that name, "a/b"; the root for an empty one.
  Result<FileDescriptor> open_folder(std::string_view folder) const;
  Result<FileDescriptor> make_folder(std::string_view folder) const;

 private:
  enum class IfMissing { kFail, kMake };
  Result<FileDescriptor> walk(const std::vector<std::string_view>& folders, std::string_view key,
                              IfMissing if_missing) const;

  std::string root_;
  FileDescriptor descriptor_;
};

// The components of a key; kInvalidInput for "", "/a", "a//b", "a/", "a/../b", a NUL.
Result<std::vector<std::string_view>> split_key(std::string_view key);

Result<void> write_fully(int descriptor, std::string_view bytes, std::string_view path);
Result<std::string> read_fully(int descriptor, std::string_view path);
// The names in a folder, unsorted, without "." and "..".
Result<std::vector<std::string>> list_folder(int descriptor, std::string_view path);
// What a directory lists survives a power cut only after this.
Result<void> sync_folder(int descriptor, std::string_view path);

}  // namespace lakegate
