// How far a conversion has come, for whoever shows it.
#pragma once

#include <atomic>
#include <cstdint>

namespace lakegate {

// Written by the conversion's threads, read by any.
struct Progress {
  std::atomic<std::uint64_t> input_bytes{0};  // of the landed file, as stored
  std::atomic<std::uint64_t> total_bytes{0};
  std::atomic<std::uint64_t> rows{0};
  std::atomic<int> pass{0};  // 1, or 2 when the types were settled only at the end of the first
};

// What a conversion may use.
struct Resources {
  int threads = 0;                          // 0: as many as the machine has
  std::uint64_t memory = 64 * 1024 * 1024;  // working memory, on top of the program
  Progress* progress = nullptr;             // may be null

  int thread_count() const;
};

}  // namespace lakegate
