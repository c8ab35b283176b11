// Locks between processes (and threads): flock on files, which the system lets go of when a process
// dies, however it dies.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "stores/local_directory.h"
#include "stores/object_store.h"

namespace lakegate {

// The file made if need be and locked, or nothing where somebody holds it. The name still stands
// for the locked file when this returns; remove it only while holding the lock.
Result<std::optional<FileDescriptor>> try_lock_file(int folder, const std::string& name,
                                                    std::string_view path);

// Leases are files in _lake/locks/, removed when given back.
enum class IfHeld { kWait, kReturnNull };
Result<std::unique_ptr<Lease>> take_lease(const LakeDirectory& lake, std::string_view name,
                                          IfHeld if_held);

// Conditional updates exclude each other and every other small write of the lake.
enum class WriteLock { kShared, kExclusive };
Result<FileDescriptor> lock_writes(const LakeDirectory& lake, WriteLock kind);

}  // namespace lakegate
