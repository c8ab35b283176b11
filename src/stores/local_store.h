// A directory as a lake. Objects are files; publishing is fsync, rename, fsync of the directory.
// Pending objects and conditional writes use _lake/tmp/<process>/ (held by a lock, so that a later
// process can tell the leavings of a dead one). Keys that would leave the directory ("..",
// absolute, through a symbolic link) are refused. tag = SHA-256 of the content.
#pragma once

#include <memory>
#include <string>

#include "stores/object_store.h"

namespace lakegate {

// `root` must exist and be a directory.
Result<std::unique_ptr<ObjectStore>> open_local_store(const std::string& root);

}  // namespace lakegate
