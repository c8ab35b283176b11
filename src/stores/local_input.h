#pragma once

#include <memory>
#include <string>

#include "formats/input.h"
#include "stores/local_directory.h"

namespace lakegate {

// The file that is open now, whatever its name comes to mean later. If it is written to meanwhile,
// reading fails with kConflict.
Result<std::shared_ptr<Input>> pinned_input(FileDescriptor file, std::string name);

}  // namespace lakegate
