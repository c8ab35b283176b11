#include "lake/reject.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lake/base64.h"
#include "lake/json_text.h"
#include "lake/utf8.h"

namespace lakegate {
std::string_view to_string(RejectReason reason) {
  switch (reason) {
    case RejectReason::kTypeMismatch:
      return "type_mismatch";
    case RejectReason::kMissingRequired:
      return "missing_required";
    case RejectReason::kTooFewColumns:
      return "too_few_columns";
    case RejectReason::kTooManyColumns:
      return "too_many_columns";
    case RejectReason::kInvalidUtf8:
      return "invalid_utf8";
    case RejectReason::kRecordTooLong:
      return "record_too_long";
    case RejectReason::kUnclosedQuote:
      return "unclosed_quote";
    case RejectReason::kTextAfterQuote:
      return "text_after_quote";
    case RejectReason::kMalformedJson:
      return "malformed_json";
    case RejectReason::kDuplicateKey:
      return "duplicate_key";
    case RejectReason::kNotAnObject:
      return "not_an_object";
    case RejectReason::kUnknownColumn:
      return "unknown_column";
    case RejectReason::kPartitionNull:
      return "partition_null";
    case RejectReason::kKeyNull:
      return "key_null";
    case RejectReason::kKeyExists:
      return "key_exists";
    case RejectReason::kKeyTooLong:
      return "key_too_long";
    case RejectReason::kItemTooLarge:
      return "item_too_large";
    case RejectReason::kNumberOutOfRange:
      return "number_out_of_range";
  }
  return "type_mismatch";
}

std::string to_ndjson(const Reject& reject) {
  nlohmann::ordered_json line;
  line["row"] = reject.row;
  line["line"] = reject.line;
  line["offset"] = reject.offset;
  line["column"] = reject.column.empty() ? nlohmann::ordered_json(nullptr)
                                         : nlohmann::ordered_json(reject.column);
  line["reason"] = to_string(reject.reason);
  line["message"] = reject.message;
  if (reject.reply) {
    line["request"] = reject.reply->request;
    line["status"] = reject.reply->status;
    line["pointer"] = reject.reply->pointer;
  }
  std::string_view raw = reject.raw;
  // A cut in the middle of a character does not make the record something else than text.
  if (reject.raw_was_cut) raw = without_cut_character(raw);
  if (is_utf8(raw))
    line["raw"] = raw;
  else
    line["raw_base64"] = base64(reject.raw);
  if (reject.raw_was_cut) line["raw_was_cut"] = true;
  // Bytes that are no text can only be in names and messages that quote them; `raw` has them whole.
  return json_line(line);
}

namespace {
constexpr std::string_view kWiden = "`lakegate widen DATASET COLUMN ";
}  // namespace

std::string widen_cure(std::string_view type) {
  return fmt::format("correct the value, or {}{}`", kWiden, type);
}

void name_dataset(Reject& reject, std::string_view dataset) {
  const std::size_t at = reject.message.find(kWiden);
  if (at == std::string::npos) return;
  reject.message.replace(at, kWiden.size(),
                         fmt::format("`lakegate widen {} {} ", dataset, reject.column));
}

void without_lake(Reject& reject) {
  const std::size_t at = reject.message.find(kWiden);
  if (at == std::string::npos) return;
  reject.message.replace(at, kWiden.size(), "declare the column as `");
}

}  // namespace lakegate
