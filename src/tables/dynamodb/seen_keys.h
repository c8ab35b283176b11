// Which keys a load has written before, in memory that is bounded: Bloom filters in blocks of a
// cache line (Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters"). The
// first is small enough for a CPU's cache; fuller loads add a larger one, twice (Almeida et al.,
// "Scalable Bloom Filters").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lakegate::dynamodb {

class SeenKeys {
 public:
  // `hash` of the key, all 64 bits of it. False: surely not seen before. True: seen, or one of the
  // few (one in a thousand among ten million keys) that look like it. Seen from now on.
  bool test_and_set(std::uint64_t hash) {
    for (std::size_t i = 0; i + 1 < filters_.size(); ++i)
      if (filters_[i].test(hash)) return true;
    if (filters_.empty() || (filters_.back().is_full() && filters_.size() < kBlocks.size()))
      filters_.emplace_back(kBlocks[filters_.size()]);
    return filters_.back().test_and_set(hash);
  }

 private:
  static constexpr int kBitsPerKey = 6;
  static constexpr std::size_t kKeysPerBlock = 32;  // of a filter that is full
  static constexpr std::array<std::size_t, 3> kBlocks = {1 << 14, 1 << 16,
                                                         1 << 18};  // 1, 4, 16 MiB

  class Filter {
   public:
    explicit Filter(std::size_t blocks) : blocks_(blocks) {}  // a power of two
    bool is_full() const { return keys_ >= blocks_.size() * kKeysPerBlock; }

    bool test(std::uint64_t hash) const {
      const Block& block = blocks_[hash & (blocks_.size() - 1)];
      std::uint64_t bits = bits_of(hash);
      for (int i = 0; i < kBitsPerKey; ++i, bits >>= 9)
        if ((block[bits >> 6 & 7] >> (bits & 63) & 1) == 0) return false;
      return true;
    }
    bool test_and_set(std::uint64_t hash) {
      Block& block = blocks_[hash & (blocks_.size() - 1)];
      std::uint64_t bits = bits_of(hash);
      bool seen = true;
      for (int i = 0; i < kBitsPerKey; ++i, bits >>= 9) {
        std::uint64_t& word = block[bits >> 6 & 7];
        const std::uint64_t bit = std::uint64_t{1} << (bits & 63);
        seen = seen && (word & bit) != 0;
        word |= bit;
      }
      if (!seen) ++keys_;
      return seen;
    }

   private:
    using Block = std::array<std::uint64_t, 8>;
    // The bits come from another mixture of the hash than the block does.
    static std::uint64_t bits_of(std::uint64_t hash) {
      return (hash ^ (hash >> 32)) * 0x9E3779B97F4A7C15u;
    }

    std::vector<Block> blocks_;
    std::size_t keys_ = 0;
  };

  std::vector<Filter> filters_;
};

}  // namespace lakegate::dynamodb
