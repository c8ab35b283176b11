// Which keys a load has written before, in memory of a fixed size: a Bloom filter in blocks of a
// cache line (Putze, Sanders, Singler, "Cache-, Hash- and Space-Efficient Bloom Filters").
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace lakegate::dynamodb {

class SeenKeys {
 public:
  // False: surely not seen before. True: seen, or one of the few (one in a thousand among ten
  // million keys) that look like it. Seen from now on.
  bool test_and_set(std::string_view key) {
    if (blocks_.empty()) blocks_.resize(kBlocks);
    const std::uint64_t hash = std::hash<std::string_view>{}(key);
    Block& block = blocks_[hash % kBlocks];
    // The bits come from another mixture of the hash than the block does.
    std::uint64_t bits = (hash ^ (hash >> 32)) * 0x9E3779B97F4A7C15u;
    bool seen = true;
    for (int i = 0; i < kBitsPerKey; ++i, bits >>= 9) {
      std::uint64_t& word = block[bits >> 6 & 7];
      const std::uint64_t bit = std::uint64_t{1} << (bits & 63);
      seen = seen && (word & bit) != 0;
      word |= bit;
    }
    return seen;
  }

 private:
  using Block = std::array<std::uint64_t, 8>;
  static constexpr std::size_t kBlocks = std::size_t{1} << 18;  // 16 MiB
  static constexpr int kBitsPerKey = 6;
  std::vector<Block> blocks_;
};

}  // namespace lakegate::dynamodb
