#pragma once

#include <map>
#include <memory>
#include <string>

#include "tables/table.h"

namespace lakegate {

// For tests: rows as JSON text by key.
class MemoryTables : public TableServer {
 public:
  // {"id":1,"v":"a"} by the same of the key columns; columns without a value are left out. Empty
  // where there is no such table.
  virtual std::map<std::string, std::string> rows(const TableName& table) const = 0;
};

std::unique_ptr<MemoryTables> make_memory_tables();

}  // namespace lakegate
