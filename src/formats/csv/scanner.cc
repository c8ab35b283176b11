#include "formats/csv/scanner.h"

#include <algorithm>
#include <bit>
#include <new>

#if defined(__AVX2__) && defined(__PCLMUL__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace lakegate::csv {
namespace {

constexpr std::size_t kBlock = 64;

// One bit a byte of a block, for up to four byte values at once.
struct Masks {
  std::uint64_t delimiter, quote, lf, cr;
};

#if defined(__AVX2__) && defined(__PCLMUL__)

struct Needles {
  __m256i delimiter, quote, lf, cr;
  explicit Needles(const Dialect& dialect)
      : delimiter(_mm256_set1_epi8(dialect.delimiter)),
        quote(_mm256_set1_epi8(dialect.quote)),
        lf(_mm256_set1_epi8('\n')),
        cr(_mm256_set1_epi8('\r')) {}
};

inline std::uint64_t equal(__m256i low, __m256i high, __m256i needle) {
  const auto a = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, needle)));
  const auto b = static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, needle)));
  return a | (static_cast<std::uint64_t>(b) << 32);
}

inline Masks read_block(const char* p, const Needles& needles) {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32));
  return {equal(low, high, needles.delimiter), equal(low, high, needles.quote),
          equal(low, high, needles.lf), equal(low, high, needles.cr)};
}

#elif defined(__ARM_NEON)

struct Needles {
  uint8x16_t delimiter, quote, lf, cr;
  explicit Needles(const Dialect& dialect)
      : delimiter(vdupq_n_u8(static_cast<std::uint8_t>(dialect.delimiter))),
        quote(vdupq_n_u8(static_cast<std::uint8_t>(dialect.quote))),
        lf(vdupq_n_u8('\n')),
        cr(vdupq_n_u8('\r')) {}
};

inline std::uint64_t equal(const uint8x16x4_t& block, uint8x16_t needle) {
  const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t a = vandq_u8(vceqq_u8(block.val[0], needle), bit);
  const uint8x16_t b = vandq_u8(vceqq_u8(block.val[1], needle), bit);
  const uint8x16_t c = vandq_u8(vceqq_u8(block.val[2], needle), bit);
  const uint8x16_t d = vandq_u8(vceqq_u8(block.val[3], needle), bit);
  uint8x16_t sum = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
  sum = vpaddq_u8(sum, sum);
  return vgetq_lane_u64(vreinterpretq_u64_u8(sum), 0);
}

inline Masks read_block(const char* p, const Needles& needles) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(p);
  const uint8x16x4_t block = {
      {vld1q_u8(bytes), vld1q_u8(bytes + 16), vld1q_u8(bytes + 32), vld1q_u8(bytes + 48)}};
  return {equal(block, needles.delimiter), equal(block, needles.quote), equal(block, needles.lf),
          equal(block, needles.cr)};
}

#else

struct Needles {
  Dialect dialect;
  explicit Needles(const Dialect& d) : dialect(d) {}
};

inline Masks read_block(const char* p, const Needles& needles) {
  Masks masks{};
  for (std::size_t i = 0; i < kBlock; ++i) {
    masks.delimiter |= static_cast<std::uint64_t>(p[i] == needles.dialect.delimiter) << i;
    masks.quote |= static_cast<std::uint64_t>(p[i] == needles.dialect.quote) << i;
    masks.lf |= static_cast<std::uint64_t>(p[i] == '\n') << i;
    masks.cr |= static_cast<std::uint64_t>(p[i] == '\r') << i;
  }
  return masks;
}

#endif

// Bit i is the parity of bits 0 to i: set from each opening quote up to before its closing one.
inline std::uint64_t prefix_xor(std::uint64_t bits) {
#if defined(__AVX2__) && defined(__PCLMUL__)
  const __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)),
                                               _mm_set1_epi8('\xFF'), 0);
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
#else
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
#endif
}

// std::countr_zero asks whether there is any bit, with a branch in g++ 12; here 64 will do.
inline std::uint32_t lowest_bit(std::uint64_t bits) {
#if defined(__AVX2__) && defined(__PCLMUL__)
  return static_cast<std::uint32_t>(_tzcnt_u64(bits));
#else
  return static_cast<std::uint32_t>(std::countr_zero(bits));
#endif
}

// Writes the position of each set bit. Twelve at a time without asking, because few blocks have
// more, and a wrong guess costs more than writes do: `out` needs room for kBlock more.
inline std::uint32_t* write_positions(std::uint64_t bits, std::uint32_t base, std::uint32_t* out) {
  const int count = std::popcount(bits);
  const auto next = [&] {
    const std::uint32_t position = base + lowest_bit(bits);
    bits &= bits - 1;
    return position;
  };
  for (int i = 0; i < 12; ++i) out[i] = next();
  if (count > 12) [[unlikely]] {
    for (int i = 12; i < count; ++i) out[i] = next();
  }
  return out + count;
}

// The same for lines: how many `cells` there are up to each.
inline std::uint32_t* write_ranks(std::uint64_t bits, std::uint64_t cells, std::uint32_t base,
                                  std::uint32_t* out) {
  const int count = std::popcount(bits);
  const auto next = [&] {
    const std::uint64_t below = (bits & (0 - bits)) - 1;
    bits &= bits - 1;
    return base + static_cast<std::uint32_t>(std::popcount(cells & below));
  };
  for (int i = 0; i < 2; ++i) out[i] = next();
  if (count > 2) [[unlikely]] {
    for (int i = 2; i < count; ++i) out[i] = next();
  }
  return out + count;
}

// A ScanState as the bits that blocks hand on to one another: all bits, or the first.
struct Carry {
  std::uint64_t quoted, cell_start, after_quote, after_cr;

  explicit Carry(ScanState state)
      : quoted(state == ScanState::kQuoted ? ~std::uint64_t{0} : 0),
        cell_start(state == ScanState::kCellStart || state == ScanState::kCellStartAfterCr),
        after_quote(state == ScanState::kAfterQuote),
        after_cr(state == ScanState::kCellStartAfterCr) {}
  ScanState state() const {
    if (quoted != 0) return ScanState::kQuoted;
    if (after_quote != 0) return ScanState::kAfterQuote;
    if (after_cr != 0) return ScanState::kCellStartAfterCr;
    return cell_start != 0 ? ScanState::kCellStart : ScanState::kUnquoted;
  }
};

ScanState scan_bytes(const Dialect& dialect, const char* bytes, std::size_t begin, std::size_t end,
                     ScanState state, Index& index) {
  const bool quoting = dialect.quote != '\0';
  for (std::size_t i = begin; i < end; ++i) {
    const char c = bytes[i];
    const auto position = static_cast<std::uint32_t>(i);
    const bool is_quote = quoting && c == dialect.quote;
    index.quotes |= is_quote;
    if (state == ScanState::kQuoted) {
      if (is_quote) state = ScanState::kAfterQuote;
    } else if (is_quote && state == ScanState::kAfterQuote) {
      state = ScanState::kQuoted;
    } else if (is_quote && state != ScanState::kUnquoted) {
      state = ScanState::kQuoted;
    } else if (c == dialect.delimiter) {
      index.cells.push_back(position);
      state = ScanState::kCellStart;
    } else if (c == '\n' && state == ScanState::kCellStartAfterCr) {
      state = ScanState::kCellStart;
    } else if (c == '\n' || c == '\r') {
      index.lines.push_back(static_cast<std::uint32_t>(index.cells.size()));
      index.cells.push_back(position);
      state = c == '\r' ? ScanState::kCellStartAfterCr : ScanState::kCellStart;
    } else {
      if (state == ScanState::kAfterQuote) index.text_after_quote.push_back(position);
      state = ScanState::kUnquoted;
    }
  }
  return state;
}

}  // namespace

void Positions::grow(std::size_t capacity) {
  capacity = std::max(capacity, capacity_ * 2);
  void* grown = std::realloc(data_.get(), capacity * sizeof(std::uint32_t));
  if (grown == nullptr) throw std::bad_alloc();
  static_cast<void>(data_.release());
  data_.reset(static_cast<std::uint32_t*>(grown));
  capacity_ = capacity;
}

ScanState scan_scalar(const Dialect& dialect, const char* bytes, std::size_t begin, std::size_t end,
                      ScanState state, Index& index) {
  return scan_bytes(dialect, bytes, begin, end, state, index);
}

ScanState scan(const Dialect& dialect, const char* bytes, std::size_t begin, std::size_t end,
               ScanState state, Index& index) {
  const Needles needles(dialect);
  const std::uint64_t quoting = dialect.quote == '\0' ? 0 : ~std::uint64_t{0};
  Carry carry(state);
  std::uint64_t any_quote = 0;
  std::size_t i = begin;
  for (; end - i >= kBlock; i += kBlock) {
    const auto base = static_cast<std::uint32_t>(i);
    Masks masks = read_block(bytes + i, needles);
    masks.quote &= quoting;
    any_quote |= masks.quote;
    const std::uint64_t inside = prefix_xor(masks.quote) ^ carry.quoted;
    const std::uint64_t cr = masks.cr & ~inside;
    const std::uint64_t lf_or_cr = (masks.lf | masks.cr) & ~inside;
    const std::uint64_t ends = lf_or_cr | (masks.delimiter & ~inside);

    // Parity is the truth about quotes only if each opening one stands at the start of a cell or
    // behind a closing one (a doubled quote), and each closing one is followed by the end of the
    // cell or by a quote. Blocks that differ (5'10" in unquoted text) are read byte by byte.
    const std::uint64_t opening = masks.quote & inside;
    const std::uint64_t closing = masks.quote & ~inside;
    const std::uint64_t may_open = ((ends | closing) << 1) | carry.cell_start | carry.after_quote;
    const std::uint64_t must_end = (closing << 1) | carry.after_quote;
    if (((opening & ~may_open) | (must_end & ~(ends | masks.quote))) != 0) [[unlikely]] {
      carry = Carry(scan_bytes(dialect, bytes, i, i + kBlock, carry.state(), index));
      continue;
    }

    const std::uint64_t second_halves = masks.lf & ((cr << 1) | carry.after_cr);
    const std::uint64_t lines = lf_or_cr & ~second_halves;
    const std::uint64_t cells = ends & ~second_halves;
    const auto cells_before = static_cast<std::uint32_t>(index.cells.size());
    index.cells.reserve(index.cells.size() + kBlock);
    index.lines.reserve(index.lines.size() + kBlock);
    index.lines.set_end(write_ranks(lines, cells, cells_before, index.lines.end()));
    index.cells.set_end(write_positions(cells, base, index.cells.end()));

    carry.quoted = 0 - (inside >> 63);
    carry.cell_start = ends >> 63;
    carry.after_quote = closing >> 63;
    carry.after_cr = cr >> 63;
  }
  state = carry.state();
  index.quotes |= any_quote != 0;
  return scan_bytes(dialect, bytes, i, end, state, index);
}

}  // namespace lakegate::csv
