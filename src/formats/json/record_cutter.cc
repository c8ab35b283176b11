#include "formats/json/record_cutter.h"

#include <fmt/format.h>
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "formats/json/scalar.h"
#include "formats/json/syntax.h"
#include "formats/records.h"
#include "lake/reject.h"

namespace lakegate::json {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kStep = 64;

// Where the bytes that matter stand among 64, a bit each.
struct Marks {
  std::uint64_t quotes, backslashes, opening, closing, line_feeds;
};

Marks find_marks(const char* bytes) {
  const hn::CappedTag<std::uint8_t, 32> d;
  const std::size_t lanes = hn::Lanes(d);
  const auto quote = hn::Set(d, std::uint8_t{'"'});
  const auto backslash = hn::Set(d, std::uint8_t{'\\'});
  const auto line_feed = hn::Set(d, std::uint8_t{'\n'});
  // [ and {, ] and } differ in this bit only.
  const auto bit = hn::Set(d, std::uint8_t{0x20});
  const auto open = hn::Set(d, std::uint8_t{'{'});
  const auto close = hn::Set(d, std::uint8_t{'}'});
  std::array<std::array<std::uint8_t, 8>, 5> bits{};
  for (std::size_t i = 0; i < kStep; i += lanes) {
    const auto v = hn::LoadU(d, reinterpret_cast<const std::uint8_t*>(bytes) + i);
    const auto folded = hn::Or(v, bit);
    hn::StoreMaskBits(d, hn::Eq(v, quote), &bits[0][i / 8]);
    hn::StoreMaskBits(d, hn::Eq(v, backslash), &bits[1][i / 8]);
    hn::StoreMaskBits(d, hn::Eq(folded, open), &bits[2][i / 8]);
    hn::StoreMaskBits(d, hn::Eq(folded, close), &bits[3][i / 8]);
    hn::StoreMaskBits(d, hn::Eq(v, line_feed), &bits[4][i / 8]);
  }
  Marks marks{};
  std::memcpy(&marks, bits.data(), sizeof marks);
  return marks;
}

// Bit i is set if an odd number of bits up to and with i are.
std::uint64_t parity(std::uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

// The bytes that stand behind a backslash which is not itself behind one.
std::uint64_t escaped_bytes(std::uint64_t backslashes, bool& carry) {
  std::uint64_t escaped = carry ? 1 : 0;
  backslashes &= ~escaped;
  carry = false;
  while (backslashes != 0) {
    const int at = std::countr_zero(backslashes);
    if (at == 63) {
      carry = true;
      break;
    }
    escaped |= std::uint64_t{2} << at;
    backslashes &= ~(std::uint64_t{3} << at);
  }
  return escaped;
}

}  // namespace

bool RecordCutter::is_full(const Block& block) {
  if (block.records.empty()) return false;
  const Record& last = block.records.back();
  return block.records.size() >= kChunkRecords || last.begin + last.size >= kChunkBytes;
}

Failure RecordCutter::refuse(const char* at, const std::string& what) const {
  return invalid_input(fmt::format("{} (line {}, byte offset {})", what, line_, position(at)),
                       {.file = file_, .line = line_, .column = position(at) - line_start_ + 1});
}

void RecordCutter::begin_record(const char* at, State state, Block& block) {
  record_ = Record{.offset = position(at),
                   .line = line_,
                   .column = position(at) - line_start_ + 1,
                   .begin = static_cast<std::uint32_t>(block.bytes.size())};
  state_ = state;
  any_ = true;
}

void RecordCutter::keep(const char* from, const char* to, Block& block) {
  if (record_.is_too_long) return;
  block.bytes.append(from, to);
  if (block.bytes.size() - record_.begin <= max_record_bytes_) return;
  record_.is_too_long = true;
  block.bytes.resize(record_.begin + kMaxRawBytes);
}

void RecordCutter::end_record(Block& block) {
  record_.size = static_cast<std::uint32_t>(block.bytes.size() - record_.begin);
  // So that no record can be read on into the next.
  block.bytes.push_back('\n');
  block.records.push_back(record_);
  state_ = layout_ == Layout::kArray ? State::kAfterValue : State::kBetween;
}

Result<std::size_t> RecordCutter::cut(std::string_view bytes, Block& block) {
  bytes_ = bytes.data();
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end && !is_full(block)) {
    switch (state_) {
      case State::kLine:
        at = line(at, end, block);
        continue;
      case State::kContainer:
        at = container(at, end, block);
        continue;
      case State::kString:
        at = string(at, end, block);
        continue;
      case State::kScalar:
        at = scalar(at, end, block);
        continue;
      default:
        break;
    }
    if (is_blank(*at)) {
      if (*at == '\n') new_line(at);
      ++at;
      continue;
    }
    const char* const next = between(at, block);
    if (next == nullptr) {
      const std::string token = shown(token_at({at, static_cast<std::size_t>(end - at)}), 20);
      switch (state_) {
        case State::kBetween:
          return refuse(at, fmt::format("{} stands where the next object was expected", token));
        case State::kDone:
          return refuse(at, fmt::format("{} follows the end of the array: a file holds one array, "
                                        "or objects without one around them",
                                        token));
        case State::kAfterValue:
          return refuse(at, fmt::format("{} stands where a comma or ] was expected", token));
        default:
          return refuse(at, fmt::format("{} stands where a value was expected", token));
      }
    }
    at = next;
  }
  const auto taken = static_cast<std::size_t>(at - bytes.data());
  offset_ += taken;
  bytes_ = at;
  return taken;
}

// At a byte that is not blank, outside of any record. Null: it may not stand there.
const char* RecordCutter::between(const char* at, Block& block) {
  if (layout_ == Layout::kLines) return begin_record(at, State::kLine, block), at;
  if (layout_ == Layout::kObjects) {
    if (*at != '{') return nullptr;
    depth_ = 0;
    return begin_record(at, State::kContainer, block), at;
  }
  switch (state_) {
    case State::kStart:
      if (*at != '[') return nullptr;
      state_ = State::kFirst;
      return at + 1;
    case State::kAfterValue:
      if (*at != ',' && *at != ']') return nullptr;
      state_ = *at == ',' ? State::kValue : State::kDone;
      return at + 1;
    case State::kFirst:
      if (*at == ']') return state_ = State::kDone, at + 1;
      break;
    case State::kDone:
      return nullptr;
    default:
      break;
  }
  if (*at == ',' || *at == ']' || *at == '}' || *at == ':') return nullptr;
  if (*at == '{' || *at == '[') {
    depth_ = 0;
    begin_record(at, State::kContainer, block);
  } else if (*at == '"') {
    begin_record(at, State::kString, block);
    keep(at, at + 1, block);
    return at + 1;
  } else {
    begin_record(at, State::kScalar, block);
  }
  return at;
}

const char* RecordCutter::line(const char* at, const char* end, Block& block) {
  const auto size = static_cast<std::size_t>(end - at);
  const auto* line_feed = static_cast<const char*>(std::memchr(at, '\n', size));
  keep(at, line_feed != nullptr ? line_feed : end, block);
  if (line_feed == nullptr) return end;
  while (is_blank(block.bytes.back())) block.bytes.pop_back();
  end_record(block);
  new_line(line_feed);
  return line_feed + 1;
}

const char* RecordCutter::container(const char* at, const char* end, Block& block) {
  const char* const stop = container_bytes(at, end);
  keep(at, stop, block);
  if (depth_ == 0) end_record(block);
  return stop;
}

// Behind the bracket that closes the record, with depth_ 0; else `end`.
const char* RecordCutter::container_bytes(const char* at, const char* end) {
  while (end - at >= static_cast<std::ptrdiff_t>(kStep)) {
    const Marks marks = find_marks(at);
    std::uint64_t quotes = marks.quotes;
    bool escaped = escaped_;
    if ((marks.backslashes != 0) | escaped) quotes &= ~escaped_bytes(marks.backslashes, escaped);
    const std::uint64_t strings = parity(quotes) ^ (in_string_ ? ~std::uint64_t{0} : 0);
    const std::uint64_t opening = marks.opening & ~strings;
    const std::uint64_t closing = marks.closing & ~strings;
    std::uint64_t line_feeds = marks.line_feeds;
    const char* stop = nullptr;
    if (static_cast<std::uint64_t>(std::popcount(closing)) < depth_) {
      depth_ += std::popcount(opening);
      depth_ -= std::popcount(closing);
    } else {
      for (std::uint64_t left = opening | closing; left != 0; left &= left - 1) {
        const int bit = std::countr_zero(left);
        if (((opening >> bit) & 1) != 0) {
          ++depth_;
        } else if (--depth_ == 0) {
          stop = at + bit + 1;
          line_feeds &= (std::uint64_t{2} << bit) - 1;
          break;
        }
      }
    }
    if (line_feeds != 0) {
      line_ += static_cast<std::uint64_t>(std::popcount(line_feeds));
      line_start_ = position(at + 63 - std::countl_zero(line_feeds)) + 1;
    }
    if (stop != nullptr) {
      in_string_ = escaped_ = false;
      return stop;
    }
    in_string_ = (strings >> 63) != 0;
    escaped_ = escaped;
    at += kStep;
  }
  for (; at != end; ++at) {
    const bool escaped = std::exchange(escaped_, false);
    if (*at == '\n') new_line(at);
    if (*at == '\\') {
      escaped_ = !escaped;
    } else if (*at == '"') {
      if (!escaped) in_string_ = !in_string_;
    } else if (in_string_) {
      continue;
    } else if (*at == '{' || *at == '[') {
      ++depth_;
    } else if ((*at == '}' || *at == ']') && --depth_ == 0) {
      return at + 1;
    }
  }
  return end;
}

const char* RecordCutter::string(const char* at, const char* end, Block& block) {
  const char* const first = at;
  for (; at != end; ++at) {
    if (escaped_) {
      escaped_ = false;
    } else if (*at == '\\') {
      escaped_ = true;
    } else if (*at == '"') {
      keep(first, at + 1, block);
      end_record(block);
      return at + 1;
    }
    if (*at == '\n') new_line(at);
  }
  keep(first, end, block);
  return end;
}

const char* RecordCutter::scalar(const char* at, const char* end, Block& block) {
  const char* const first = at;
  constexpr std::string_view kStops = " \t\r\n,]}[{\"";
  while (at != end && kStops.find(*at) == std::string_view::npos) ++at;
  keep(first, at, block);
  if (at != end) end_record(block);
  return at;
}

Result<void> RecordCutter::finish(Block& block) {
  const State last = state_;
  if (last == State::kLine)
    while (is_blank(block.bytes.back())) block.bytes.pop_back();
  const bool in_record = last == State::kLine || last == State::kContainer ||
                         last == State::kString || last == State::kScalar;
  if (in_record) end_record(block);
  if (layout_ == Layout::kArray && last != State::kDone) {
    state_ = State::kDone;
    return refuse(bytes_, "the array is not closed: the file seems to be cut short");
  }
  if (in_record && layout_ == Layout::kObjects && record_.is_too_long)
    return refuse(bytes_, "the last object is not closed: the file seems to be cut short");
  state_ = State::kDone;
  if (!any_ && layout_ != Layout::kArray)
    return invalid_input("the file holds no JSON value", {.file = file_});
  return {};
}

}  // namespace lakegate::json
