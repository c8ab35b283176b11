#include "tables/memory_tables.h"

#include <fmt/format.h>

#include <set>

#include "formats/text_value.h"
#include "lake/json_text.h"
#include "tables/offered_rows.h"

namespace lakegate {
namespace {

struct MemoryRow {
  std::string json;
  std::string order;
  std::string source;
  std::int64_t place = 0;
};

struct Contents {
  std::vector<std::string> key;
  std::map<std::string, MemoryRow> rows;
  std::map<std::string, std::string> newest_of_source;
};

class MemoryLoad : public TableLoad {
 public:
  MemoryLoad(const TableDefinition& definition, LoadStart start, Contents& table)
      : definition_(definition),
        start_(std::move(start)),
        table_(table),
        fields_(served_fields(definition)),
        base_(RowOrder::of(start_.arrival)),
        order_(RowOrder::of(start_.arrival, start_.generation)),
        rows_(table.rows) {
    const auto newest = table_.newest_of_source.find(start_.arrival.key.str());
    superseded_as_whole_ = start_.replaces == Replaces::kLandingKey &&
                           newest != table_.newest_of_source.end() && newest->second > order_;
  }

  Result<void> write(const arrow::RecordBatch& batch) override {
    LAKEGATE_TRY(const OfferedRows offered,
                 OfferedRows::of(definition_, batch, counts_.offered + 1));
    for (std::int64_t row = 0; row < offered.size(); ++row) write_row(offered, row);
    return {};
  }

  Result<std::uint64_t> remove_missing() override {
    if (superseded_as_whole_) return 0;
    const bool all = start_.replaces == Replaces::kLandingKey;
    if (all) removed_at_ = order_;
    return std::erase_if(rows_, [&](const auto& entry) {
      const MemoryRow& row = entry.second;
      return row.source == start_.arrival.key.str() && row.order < order_ &&
             (all || row.order >= base_);
    });
  }

  Result<WriteCounts> commit() override {
    table_.rows = std::move(rows_);
    if (!removed_at_.empty()) table_.newest_of_source[start_.arrival.key.str()] = removed_at_;
    return counts_;
  }

  const std::vector<Reject>& rejects() const override { return rejects_.kept(); }

 private:
  void write_row(const OfferedRows& offered, std::int64_t row) {
    ++counts_.offered;
    if (const auto column = offered.unusable_key(row)) {
      ++counts_.rejected;
      rejects_.add([&] { return offered.key_null(row, *column); });
      return;
    }
    if (superseded_as_whole_) {
      ++counts_.superseded;
      return;
    }
    const std::set<std::string> key_columns(definition_.key.begin(), definition_.key.end());
    std::string key, json;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const arrow::Array* column = offered.column(i);
      if (column == nullptr || column->IsNull(row)) continue;
      append_member(fields_[i].name, *column, row, json);
      if (key_columns.contains(fields_[i].name)) append_member(fields_[i].name, *column, row, key);
    }
    MemoryRow made{.json = "{" + json + "}",
                   .order = order_,
                   .source = start_.arrival.key.str(),
                   .place = offered.place(row)};
    const auto [there, is_new] = rows_.try_emplace("{" + key + "}", made);
    if (is_new) {
      ++counts_.written;
      return;
    }
    MemoryRow& old = there->second;
    const bool same_load = old.order == order_;
    const bool same_arrival = old.order >= base_ && old.order < base_ + "0";
    if (start_.write == WriteMode::kInsert && !same_arrival) {
      ++counts_.rejected;
      rejects_.add([&] { return offered.key_exists(row); });
      return;
    }
    const bool wins = same_load ? made.place >= old.place
                                : start_.write == WriteMode::kUpsert || made.order > old.order;
    if (!wins || (same_load && made.place != old.place)) ++counts_.superseded;
    if (wins && !(same_load && made.place != old.place)) ++counts_.written;
    if (wins) old = std::move(made);
  }

  static void append_member(const std::string& name, const arrow::Array& column, std::int64_t row,
                            std::string& json) {
    if (!json.empty()) json += ",";
    append_json_string(name, json);
    json += ":";
    append_json(column, row, json);
  }

  const TableDefinition& definition_;
  LoadStart start_;
  Contents& table_;
  std::vector<Field> fields_;
  std::string base_;
  std::string order_;
  std::string removed_at_;
  std::map<std::string, MemoryRow> rows_;  // as they will be
  bool superseded_as_whole_ = false;
  WriteCounts counts_;
  KeptRejects rejects_;
};

class MemoryTable : public Table {
 public:
  MemoryTable(TableDefinition definition, Contents& contents)
      : definition_(std::move(definition)), contents_(contents) {}
  const TableDefinition& definition() const override { return definition_; }
  Result<std::unique_ptr<TableLoad>> begin(const LoadStart& start) override {
    return std::make_unique<MemoryLoad>(definition_, start, contents_);
  }

 private:
  TableDefinition definition_;
  Contents& contents_;
};

class Server : public MemoryTables {
 public:
  std::string describe() const override { return "memory"; }
  Result<std::unique_ptr<Table>> open(const TableDefinition& definition) override {
    LAKEGATE_CHECK(check_definition(definition));
    const auto [there, is_new] = tables_.try_emplace(definition.name.str());
    if (is_new) there->second.key = definition.key;
    const std::set<std::string> old(there->second.key.begin(), there->second.key.end());
    if (old != std::set<std::string>(definition.key.begin(), definition.key.end()))
      return invalid_input(fmt::format("the table {} has another key than {}",
                                       definition.name.str(), fmt::join(definition.key, ", ")));
    return std::make_unique<MemoryTable>(definition, there->second);
  }
  std::map<std::string, std::string> rows(const TableName& table) const override {
    std::map<std::string, std::string> rows;
    const auto found = tables_.find(table.str());
    if (found == tables_.end()) return rows;
    for (const auto& [key, row] : found->second.rows) rows[key] = row.json;
    return rows;
  }

 private:
  std::map<std::string, Contents> tables_;
};

}  // namespace

std::unique_ptr<MemoryTables> make_memory_tables() {
  return std::make_unique<Server>();
}

}  // namespace lakegate
