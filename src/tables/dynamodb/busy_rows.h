// Rows by key, at most one of each, chained through themselves: a row costs no allocation, and one
// look at its chain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace lakegate::dynamodb {

// Row has item.key(), its `hash_`, and a unique_ptr<Row> `next_`, which is this class's own.
template <class Row>
class BusyRows {
 public:
  Row* find(std::string_view key, std::uint64_t hash) const {
    for (Row* row = chains_[hash % kChains].get(); row != nullptr; row = row->next_.get())
      if (row->hash_ == hash && row->item.key() == key) return row;
    return nullptr;
  }
  // Its key must not be there.
  Row& add(std::unique_ptr<Row> row) {
    std::unique_ptr<Row>& chain = chains_[row->hash_ % kChains];
    row->next_ = std::move(chain);
    chain = std::move(row);
    return *chain;
  }
  // A row that is there.
  std::unique_ptr<Row> take(const Row& row) {
    std::unique_ptr<Row>* link = &chains_[row.hash_ % kChains];
    while (link->get() != &row) link = &(*link)->next_;
    std::unique_ptr<Row> taken = std::move(*link);
    *link = std::move(taken->next_);
    return taken;
  }

 private:
  static constexpr std::size_t kChains = 4'096;
  std::vector<std::unique_ptr<Row>> chains_{kChains};
};

}  // namespace lakegate::dynamodb
