// Tables whose commits go wrong when a test says so (a decorator).
#pragma once

#include <memory>
#include <utility>

#include "tables/table.h"

namespace lakegate {

class FaultyTables : public TableServer {
 public:
  enum class Fault {
    kNone,
    kCrashBeforeCommit,  // this commit and all that follow do nothing and fail
    kCrashAfterCommit,   // this commit takes effect and fails, all that follow do nothing and fail
  };

  explicit FaultyTables(TableServer& under) : under_(under) {}

  void set_fault(Fault fault, int commit) { *state_ = {.fault = fault, .at = commit}; }
  int commits() const { return state_->commits; }

  std::string describe() const override { return under_.describe(); }
  Result<std::unique_ptr<Table>> open(const TableDefinition& definition) override {
    LAKEGATE_TRY(auto table, under_.open(definition));
    return std::make_unique<FaultyTable>(state_, std::move(table));
  }

 private:
  struct State {
    Fault fault = Fault::kNone;
    int at = 0;
    int commits = 0;
  };

  class FaultyLoad : public TableLoad {
   public:
    FaultyLoad(std::shared_ptr<State> state, std::unique_ptr<TableLoad> under)
        : state_(std::move(state)), under_(std::move(under)) {}
    Result<void> write(const arrow::RecordBatch& rows) override { return under_->write(rows); }
    Result<std::uint64_t> remove_missing() override { return under_->remove_missing(); }
    Result<WriteCounts> commit() override {
      const int number = ++state_->commits;
      const bool crashed = state_->fault != Fault::kNone && number >= state_->at;
      if (crashed && !(state_->fault == Fault::kCrashAfterCommit && number == state_->at))
        return fail(ErrorKind::kPermanent, "crashed before a commit, on purpose");
      auto counts = under_->commit();
      if (crashed) return fail(ErrorKind::kPermanent, "crashed after a commit, on purpose");
      return counts;
    }
    const std::vector<Reject>& rejects() const override { return under_->rejects(); }

   private:
    std::shared_ptr<State> state_;
    std::unique_ptr<TableLoad> under_;
  };

  class FaultyTable : public Table {
   public:
    FaultyTable(std::shared_ptr<State> state, std::unique_ptr<Table> under)
        : state_(std::move(state)), under_(std::move(under)) {}
    const TableDefinition& definition() const override { return under_->definition(); }
    Result<std::unique_ptr<TableLoad>> begin(const LoadStart& start) override {
      LAKEGATE_TRY(auto load, under_->begin(start));
      return std::make_unique<FaultyLoad>(state_, std::move(load));
    }

   private:
    std::shared_ptr<State> state_;
    std::unique_ptr<Table> under_;
  };

  TableServer& under_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace lakegate
