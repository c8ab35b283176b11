#pragma once

#include <memory>
#include <string>

#include "tables/table.h"

namespace lakegate {

// `path` is the database file, made if absent. WAL; a load is one transaction; a busy database is
// waited for (30 s), then kRetryable.
Result<std::unique_ptr<TableServer>> open_sqlite_tables(const std::string& path);

}  // namespace lakegate
