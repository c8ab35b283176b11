// What a column's cells are, and how messages show them.
#include <fmt/format.h>

#include <algorithm>

#include "formats/columns/build.h"
#include "formats/columns/fast_cell.h"
#include "lake/reject.h"
#include "schema/cell.h"
#include "schema/observed.h"

namespace lakegate::columns {
namespace {

constexpr std::size_t kShownBytes = 60;

// The usual shapes first; the others are cell::classify's.
class Classifier {
 public:
  Seen classify(std::string_view text, bool quoted) {
    if (text.empty()) return kSeenNull;
    std::int64_t integer = 0;
    double number = 0;
    const bool numeric = static_cast<unsigned char>(text[0] - '0') < 10 || text[0] == '-';
    if (!numeric) return cell::classify(text, quoted);
    if (text.size() <= 15 && fast::parse_int64(text, integer)) return kSeenInt;
    if (fast::parse_short_double(text, number)) return kSeenDouble;
    if (text.size() > 15 && fast::parse_full_double(text, number)) return kSeenDouble;
    if (text.size() == 10 && times_.parse_date(text, days_)) return kSeenDate;
    if (text.size() >= 19 && text[4] == '-') {
      if (text.back() == 'Z' ? times_.parse_timestamptz(text, integer)
                             : times_.parse_timestamp(text, integer))
        return text.back() == 'Z' ? kSeenTimestampTz : kSeenTimestamp;
    }
    return cell::classify(text, quoted);
  }

 private:
  fast::Times times_;
  std::int32_t days_ = 0;
};

std::string_view article(std::string_view type) {
  return type.starts_with('i') ? "an " : "a ";
}

}  // namespace

void observe(const Cells& cells, const std::vector<std::string>& nulls, std::uint16_t& seen) {
  Classifier classifier;
  for (std::size_t row = 0; row < cells.rows; ++row) {
    std::string_view text = cells.raw(row);
    const bool quoted = cells.quotes && is_quoted(text, cells.quote);
    if (quoted) text = unquoted(text);
    if (!nulls.empty() && is_one_of(nulls, text)) {
      seen |= kSeenNull;
      continue;
    }
    seen |= classifier.classify(text, quoted);
    // Text holds whatever else there is.
    if ((seen & kSeenText) != 0) return;
  }
}

bool is_one_of(const std::vector<std::string>& nulls, std::string_view text) {
  return std::find(nulls.begin(), nulls.end(), text) != nulls.end();
}

void append_cell_text(std::string_view raw, char quote, std::string& out) {
  if (quote == '\0' || !is_quoted(raw, quote)) {
    out += raw;
    return;
  }
  bool open = true;
  for (std::size_t i = 1; i < raw.size(); ++i) {
    if (!open || raw[i] != quote) {
      out += raw[i];
    } else if (i + 1 < raw.size() && raw[i + 1] == quote) {
      out += raw[i++];
    } else {
      open = false;  // what follows a closing quote stands as it is
    }
  }
}

std::string shown(std::string_view text) {
  std::string out = "\"";
  std::size_t size = std::min(text.size(), kShownBytes);
  // Not in the middle of a character.
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    --size;
  for (char c : text.substr(0, size)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + (size < text.size() ? "…\"" : "\"");
}

std::string describe_mismatch(std::string_view text, const ColumnPlan& plan) {
  const Field& field = plan.field;
  const std::string type = to_string(field.type);
  std::string message = fmt::format("{} is not {}{}", shown(text), article(type), type);
  if (!field.format.empty()) message += fmt::format(" of the format {}", field.format);
  // The type that holds what the column's type does and this value.
  Observed both = observed_from(field.type);
  both.seen |= cell::classify(text, false);
  return message + ": " + widen_cure(to_string(resolve(both)));
}

}  // namespace lakegate::columns
