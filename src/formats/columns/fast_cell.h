// The usual shapes of cells, read in a few instructions. Each function agrees with its namesake in
// schema/cell.h, to which it leaves everything unusual. They may read up to 16 bytes past the end
// of the text, which must be readable.
#pragma once

#include <fast_float/fast_float.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "schema/calendar.h"
#include "schema/cell.h"

namespace lakegate::columns::fast {

static_assert(std::endian::native == std::endian::little, "cells are read as little-endian words");

inline constexpr std::uint64_t kZeros = 0x3030303030303030;

template <class T>
inline T load(const char* p) {
  T word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// 1 to 8 characters at `p` as a word whose last byte is the last character, filled up with '0'.
inline std::uint64_t digits_word(const char* p, std::size_t n) {
  const std::uint64_t word = load<std::uint64_t>(p);
  return n == 8 ? word : (word << (64 - 8 * n)) | (kZeros >> (8 * n));
}

inline bool all_digits(std::uint64_t word) {
  return ((word & 0xF0F0F0F0F0F0F0F0) |
          (((word + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) >> 4)) == 0x3333333333333333;
}

inline std::uint64_t eight_digits(std::uint64_t word) {
  word -= kZeros;
  word = word * 10 + (word >> 8);
  return ((word & 0x000000FF000000FF) * 0x000F424000000064 +
          ((word >> 16) & 0x000000FF000000FF) * 0x0000271000000001) >>
         32;
}

inline bool parse_int64(std::string_view text, std::int64_t& value) {
  const char* p = text.data();
  std::size_t n = text.size();
  const bool negative = n > 0 && *p == '-';
  p += negative;
  n -= negative;
  // Leading zeros and "-0" are left to the other as well.
  if (n - 1 > 15 || (*p == '0' && (n > 1 || negative))) [[unlikely]]
    return cell::parse_int64(text, value);
  std::uint64_t magnitude = 0;
  if (n <= 8) {
    const std::uint64_t word = digits_word(p, n);
    if (!all_digits(word)) return false;
    magnitude = eight_digits(word);
  } else {
    const std::uint64_t high = digits_word(p, n - 8);
    const std::uint64_t low = load<std::uint64_t>(p + n - 8);
    if (!all_digits(high) || !all_digits(low)) return false;
    magnitude = eight_digits(high) * 100'000'000 + eight_digits(low);
  }
  value = negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
  return true;
}

// digits.digits with at most 8 on either side and 15 in all, without a leading zero before another
// digit: mantissa and power of ten are exact, so that one division rounds correctly, and 15 digits
// always come back.
inline bool parse_short_double(std::string_view text, double& value) {
  static constexpr std::array<std::uint64_t, 9> kPowers = {
      1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
  static constexpr std::array<double, 9> kDivisors = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
  const char* p = text.data();
  std::size_t n = text.size();
  const bool negative = n > 0 && *p == '-';
  p += negative;
  n -= negative;
  if (n - 3 > 13) return false;  // 3 to 16 characters: at most 15 digits and the point
  const std::uint64_t word = load<std::uint64_t>(p);
  const std::uint64_t points = word ^ 0x2E2E2E2E2E2E2E2E;
  const std::uint64_t found = (points - 0x0101010101010101) & ~points & 0x8080808080808080;
  std::size_t integer_digits = static_cast<std::size_t>(std::countr_zero(found)) / 8;
  if (integer_digits == 8 && p[8] != '.') return false;
  if (integer_digits - 1 > 7 || (*p == '0' && integer_digits > 1)) return false;
  const std::size_t places = n - integer_digits - 1;
  if (places - 1 > 7) return false;
  const std::uint64_t integer = digits_word(p, integer_digits);
  const std::uint64_t fraction = digits_word(p + integer_digits + 1, places);
  if (!all_digits(integer) || !all_digits(fraction)) return false;
  const std::uint64_t mantissa = eight_digits(integer) * kPowers[places] + eight_digits(fraction);
  const double magnitude = static_cast<double>(mantissa) / kDivisors[places];
  value = negative ? -magnitude : magnitude;
  return true;
}

// A whole number in a double column, up to 15 digits.
inline bool parse_short_whole(std::string_view text, double& value) {
  if (text.size() - 1 > 14) return false;
  std::int64_t whole = 0;
  if (text[0] == '-' || !fast::parse_int64(text, whole)) return false;
  value = static_cast<double>(whole);
  return true;
}

// digits.digits of up to 17 significant digits, as programs print doubles in full. Printing gives
// the digits D·10^-p back if the double m·2^-t nearest to them is less than half a unit of their
// last place away: |m·5^p - D·2^s| < 2^(s-1), s = t - p, which 128 bits hold.
inline bool parse_full_double(std::string_view text, double& value) {
  __extension__ using Uint128 = unsigned __int128;
  static constexpr std::array<std::uint64_t, 28> kPowersOfFive = [] {
    std::array<std::uint64_t, 28> powers{1};
    for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 5;
    return powers;
  }();
  const char* p = text.data();
  const char* const end = p + text.size();
  p += p != end && *p == '-';
  if (end - p < 3 || end - p > 20 || (p[0] == '0' && p[1] != '.')) return false;
  std::uint64_t digits = 0;
  const char* point = nullptr;
  for (; p != end; ++p) {
    const auto digit = static_cast<unsigned char>(*p - '0');
    if (digit <= 9) {
      digits = digits * 10 + digit;
    } else if (*p == '.' && point == nullptr) {
      point = p;
    } else {
      return false;
    }
  }
  if (point == nullptr || digits == 0 || digits >= 100'000'000'000'000'000) return false;
  const auto places = static_cast<int>(end - point - 1);
  if (fast_float::from_chars(text.data(), end, value).ec != std::errc()) return false;
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const int exponent = static_cast<int>((bits >> 52) & 0x7FF);
  const int shift = 1075 - exponent - places;  // s
  if (exponent == 0 || shift < 1 || shift > 120) return false;
  const std::uint64_t mantissa = (bits & 0xFFFFFFFFFFFFF) | 0x10000000000000;
  const Uint128 exact =
      static_cast<Uint128>(mantissa) * kPowersOfFive[static_cast<std::size_t>(places)];
  if ((exact >> shift) > digits) return false;  // the shift below loses nothing
  const Uint128 wanted = static_cast<Uint128>(digits) << shift;
  const Uint128 distance = exact > wanted ? exact - wanted : wanted - exact;
  return distance < static_cast<Uint128>(1) << (shift - 1);
}

inline bool parse_exact_double(std::string_view text, double& value) {
  return parse_short_double(text, value) || parse_short_whole(text, value) ||
         parse_full_double(text, value) || cell::parse_exact_double(text, value);
}

inline bool parse_declared_double(std::string_view text, double& value) {
  return parse_short_double(text, value) || parse_short_whole(text, value) ||
         cell::parse_declared_double(text, value);
}

// Dates and timestamps. Neighbouring rows tend to have the same date: it is kept.
class Times {
 public:
  bool parse_date(std::string_view text, std::int32_t& days) {
    return text.size() == 10 && date_at(text.data(), days);
  }

  // Without a zone, or a date, which is its midnight.
  bool parse_timestamp(std::string_view text, std::int64_t& micros) {
    std::string_view rest;
    if (clock(text, micros, rest)) return rest.empty() || cell::parse_timestamp(text, micros);
    if (cell::parse_timestamp(text, micros)) return true;
    std::int32_t days = 0;
    if (!parse_date(text, days)) return false;
    micros = days * kMicrosPerDay;
    return true;
  }

  bool parse_timestamptz(std::string_view text, std::int64_t& micros) {
    std::string_view rest;
    if (clock(text, micros, rest) && rest == "Z") return true;
    return cell::parse_timestamptz(text, micros);
  }

 private:
  bool date_at(const char* p, std::int32_t& days) {
    const std::uint64_t head = load<std::uint64_t>(p);
    const std::uint16_t tail = load<std::uint16_t>(p + 8);
    if (head != head_ || tail != tail_) [[unlikely]] {
      if (!cell::parse_date({p, 10}, days_)) {
        head_ = 0;
        return false;
      }
      head_ = head;
      tail_ = tail;
    }
    days = days_;
    return true;
  }

  // YYYY-MM-DD[T or blank]HH:MM:SS[.f{1,6}] at the start of `text`.
  bool clock(std::string_view text, std::int64_t& micros, std::string_view& rest) {
    if (text.size() < 19) return false;
    const char* p = text.data();
    if (p[10] != 'T' && p[10] != ' ') return false;
    const std::uint64_t word = load<std::uint64_t>(p + 11);  // HH:MM:SS
    if ((word & 0x0000FF0000FF0000) != 0x00003A00003A0000) return false;
    const std::uint64_t digits = (word & 0xFFFF00FFFF00FFFF) | 0x0000300000300000;
    if (!all_digits(digits)) return false;
    const std::uint64_t values = digits - kZeros;
    const auto two = [values](int shift) {
      return ((values >> shift) & 0xFF) * 10 + ((values >> (shift + 8)) & 0xFF);
    };
    const std::uint64_t hour = two(0), minute = two(24), second = two(48);
    std::int32_t days = 0;
    if (hour > 23 || minute > 59 || second > 59 || !date_at(p, days)) return false;
    std::uint64_t fraction = 0;
    std::size_t i = 19;
    if (i < text.size() && p[i] == '.') {
      std::uint64_t place = 100'000;
      for (++i; i < text.size() && place > 0; ++i, place /= 10) {
        const auto digit = static_cast<unsigned char>(p[i] - '0');
        if (digit > 9) break;
        fraction += place * digit;
      }
      if (i == 20) return false;
    }
    micros = days * kMicrosPerDay +
             static_cast<std::int64_t>(((hour * 60 + minute) * 60 + second) * 1'000'000 + fraction);
    rest = text.substr(i);
    return true;
  }

  std::uint64_t head_ = 0;
  std::uint16_t tail_ = 0;
  std::int32_t days_ = 0;
};

inline bool parse_bool(std::string_view text, bool& value) {
  if (text.size() == 4) {
    const auto word = load<std::uint32_t>(text.data());
    value = true;
    return word == 0x65757274 || word == 0x45555254 || word == 0x65757254;  // true TRUE True
  }
  if (text.size() == 5 && text[4] == 'e' && load<std::uint32_t>(text.data()) == 0x736C6166) {
    value = false;
    return true;
  }
  return cell::parse_bool(text, value);
}

}  // namespace lakegate::columns::fast
