// Tables whose names have a prefix (a decorator): the contract suite calls its tables "T", and each
// of its tests wants a server without any.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "tables/table.h"

namespace lakegate {

class PrefixedTables : public TableServer {
 public:
  PrefixedTables(std::unique_ptr<TableServer> under, std::string prefix)
      : under_(std::move(under)), prefix_(std::move(prefix)) {}

  std::string describe() const override { return under_->describe(); }
  Result<std::unique_ptr<Table>> open(const TableDefinition& definition) override {
    TableDefinition renamed = definition;
    renamed.name = TableName(prefix_ + definition.name.str());
    return under_->open(renamed);
  }

 private:
  std::unique_ptr<TableServer> under_;
  std::string prefix_;
};

}  // namespace lakegate
