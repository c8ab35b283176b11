#pragma once

#include <memory>

#include "tables/table.h"

namespace lakegate {

// For tests: rows as JSON text by key.
std::unique_ptr<TableServer> make_memory_tables();

}  // namespace lakegate
