// One cell of text as a value. These functions are the whole truth about what text is which type;
// the CSV reader, JSON strings, declared formats and tests all come here. No allocation, no locale.
#pragma once

#include <arrow/util/decimal.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "schema/observed.h"

namespace lakegate::cell {

// Strict: what inference would call by that type; a leading "+", a leading zero ("007", "-0"),
// blanks around, or anything left over is not it.
bool parse_int64(std::string_view text, std::int64_t& value);
// Canonical digits, optional "-", at most 38 digits.
bool parse_bigint(std::string_view text, arrow::Decimal128& value);
// An inferred double: [-]digits[.digits][e[+-]digits] with no leading zero before another digit, at
// most 17 significant digits that printing gives back, finite. ".5" and "5." are accepted forms.
bool parse_exact_double(std::string_view text, double& value);
// A declared double: any finite decimal (rounded to nearest), and NaN, inf, Infinity of either
// sign.
bool parse_declared_double(std::string_view text, double& value);
bool parse_bool(std::string_view text, bool& value);  // true/false, any case of TRUE True true
// Declared decimal(p,s): exact, else false; no rounding.
bool parse_decimal(std::string_view text, int precision, int scale, arrow::Decimal128& value);
bool parse_date(std::string_view text, std::int32_t& days);  // YYYY-MM-DD, proleptic Gregorian
// YYYY-MM-DD[T or blank]HH:MM[:SS[.f{1,6}]], without and with zone (Z, +HH:MM, +HHMM, +HH; to UTC).
// More than six digits of fraction are accepted only if the rest are zeros.
bool parse_timestamp(std::string_view text, std::int64_t& micros);
bool parse_timestamptz(std::string_view text, std::int64_t& micros);
// A declared format (strptime: %Y %m %d %H %M %S %f %z %y %b %B %e %j %p %I %%). Days for a date,
// microseconds for timestamps (UTC where the format has %z).
bool parse_formatted(std::string_view text, std::string_view format, std::int64_t& micros);
bool is_valid_format(std::string_view format);

bool is_null_token(std::string_view text);  // NA, N/A, NULL, null — not the empty text, not NaN
bool is_nan_token(std::string_view text);   // NaN, nan, NAN

// Which Seen bit an unquoted or quoted CSV cell is. `quoted` matters only to the empty cell (text,
// or null): an empty quoted cell is null in columns that are not text.
Seen classify(std::string_view text, bool quoted);
// Which Seen bit a JSON string is: a date, a timestamp or text.
Seen classify_json_string(std::string_view text);
// Which Seen bit a JSON number is, from its source text.
Seen classify_json_number(std::string_view text);

// Fixed-width ISO, as tables and partitions show them: 2026-11-23, 2026-11-23T04:22:44.123456[Z].
std::string format_date(std::int32_t days);
std::string format_timestamp(std::int64_t micros, bool utc);

}  // namespace lakegate::cell
