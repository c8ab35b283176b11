#include "formats/json/json_chunk.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>

#include "formats/arrow_bridge.h"
#include "formats/json/column_builder.h"
#include "formats/json/observer.h"
#include "lake/utf8.h"

namespace lakegate::json {
namespace {

constexpr std::int64_t kRowsThatTell = 32;

// One a thread, so that its buffers are made once.
ondemand::parser& thread_parser() {
  thread_local ondemand::parser parser;
  // What one huge record needed is not kept for the small ones behind it.
  if (parser.capacity() > 2 * kChunkBytes) parser = ondemand::parser();
  return parser;
}

Failure out_of_memory(const std::string& file) {
  return fail(ErrorKind::kPermanent, "out of memory", {.file = file});
}

std::shared_ptr<arrow::Schema> schema_of(const DecodePlan& plan) {
  arrow::FieldVector fields;
  for (const ColumnPlan& column : plan.columns) fields.push_back(to_arrow(column.field));
  return arrow::schema(std::move(fields));
}

}  // namespace

Error problem_error(const Problem& problem, const Record& record, std::string_view text,
                    const std::string& file) {
  const std::string_view before = text.substr(0, problem.at);
  const auto lines = static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
  const std::uint64_t line = record.line + lines;
  const std::uint64_t column =
      lines == 0 ? record.column + problem.at : problem.at - before.rfind('\n');
  return {ErrorKind::kInvalidInput,
          fmt::format("{} (line {}, byte offset {}){}{}", problem.what, line,
                      record.offset + problem.at, problem.cure.empty() ? "" : ": ", problem.cure),
          {.file = file, .line = line, .column = column}};
}

JsonChunk::JsonChunk(std::shared_ptr<const std::string> file, Layout layout, Block block)
    : file_(std::move(file)), layout_(layout), block_(std::move(block)) {
  records = block_.records.size();
  block_.bytes.append(simdjson::SIMDJSON_PADDING, '\n');
}

bool JsonChunk::start(const Record& record, ondemand::parser& parser, ondemand::document& document,
                      ondemand::object& object) const {
  if (record.is_too_long) return false;
  const char* const text = block_.bytes.data() + record.begin;
  // The parser would pass over it.
  if (block_.text(record).starts_with(kByteOrderMark)) return false;
  if (parser.iterate(text, record.size, block_.bytes.size() - record.begin).get(document))
    return false;
  return !document.get_object().get(object);
}

Reject JsonChunk::reject(std::size_t index, RejectReason reason, std::string message) const {
  const Record& record = block_.records[index];
  const std::string_view text = block_.text(record);
  Reject reject{.row = first_row + index,
                .line = record.line,
                .offset = record.offset,
                .reason = reason,
                .message = std::move(message)};
  reject.raw_was_cut = record.is_too_long || text.size() > kMaxRawBytes;
  reject.raw = text.substr(0, kMaxRawBytes);
  if (reject.raw_was_cut) reject.raw = without_cut_character(reject.raw);
  return reject;
}

Result<std::optional<Reject>> JsonChunk::judge(std::size_t index) const {
  const Record& record = block_.records[index];
  if (record.is_too_long)
    return reject(index, RejectReason::kRecordTooLong,
                  fmt::format("the record is longer than {} MiB", kMaxRecordBytes >> 20));
  const std::string_view text = block_.text(record);
  if (const auto problem = find_problem(text)) {
    Error error = problem_error(*problem, record, text, *file_);
    const bool is_files_fault = problem->kind == Problem::Kind::kNonFinite ||
                                (layout_ != Layout::kLines && !problem->is_soft());
    if (is_files_fault) return tl::unexpected<Error>(std::move(error));
    const RejectReason reason = problem->kind == Problem::Kind::kDuplicateKey
                                    ? RejectReason::kDuplicateKey
                                : problem->kind == Problem::Kind::kInvalidUtf8 ||
                                        problem->kind == Problem::Kind::kLoneSurrogate
                                    ? RejectReason::kInvalidUtf8
                                    : RejectReason::kMalformedJson;
    return reject(index, reason, std::move(error.message));
  }
  if (!text.starts_with('{'))
    return reject(index, RejectReason::kNotAnObject,
                  fmt::format("{} is not an object: each record needs its values under keys",
                              text.starts_with('[') ? "an array" : shown(text)));
  return std::nullopt;
}

// Lists of the records to come are as long as those up to `index`, byte for byte: never more
// elements than there are bytes.
void JsonChunk::reserve_elements(MemberBuilder& builder, std::size_t index) const {
  const Record& last = block_.records[index];
  const double factor =
      static_cast<double>(block_.bytes.size()) / static_cast<double>(last.begin + last.size);
  for (ColumnBuilder& column : builder.columns()) column.reserve_elements(factor);
}

Result<DecodedChunk> JsonChunk::decode(const DecodePlan& plan) const try {
  ondemand::parser& parser = thread_parser();
  MemberBuilder builder(plan.columns);
  for (ColumnBuilder& column : builder.columns())
    column.reserve(static_cast<std::int64_t>(block_.records.size()));
  RowState state{.new_columns = plan.new_columns};
  DecodedChunk decoded;
  std::int64_t rows = 0;
  for (std::size_t i = 0; i < block_.records.size(); ++i) {
    state.keys.reset();
    state.has_noted = false;
    ondemand::document document;
    ondemand::object object;
    Outcome outcome = Outcome::kNotJson;
    if (start(block_.records[i], parser, document, object)) {
      outcome = builder.append(object, state, 1);
      if (outcome == Outcome::kOk && !document.at_end()) outcome = Outcome::kNotJson;
    }
    if (outcome == Outcome::kOk) [[likely]] {
      if (++rows == kRowsThatTell) reserve_elements(builder, i);
      continue;
    }
    builder.truncate(rows);
    // What is wrong with the record as JSON comes before what the schema holds against it.
    LAKEGATE_TRY(auto judged, judge(i));
    if (judged) {
      decoded.rejects.push_back(std::move(*judged));
      // A bad record tells no types: if it was the first to hold something, observing leaves it
      // out.
      decoded.contradicted = state.has_noted;
    } else if (outcome == Outcome::kContradiction) {
      decoded.contradicted = true;
    } else if (outcome == Outcome::kFault) {
      Reject& at = decoded.rejects.emplace_back(
          reject(i, state.fault.reason, std::move(state.fault.message)));
      at.column = std::move(state.fault.path);
      state.fault = {};
    } else {
      decoded.rejects.push_back(reject(i, RejectReason::kMalformedJson, "this is not JSON"));
    }
    if (decoded.contradicted) return decoded;
  }

  const bool is_guess = plan.new_columns == NewColumns::kAdd ||
                        std::ranges::any_of(plan.columns, &ColumnPlan::inferred);
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  for (ColumnBuilder& column : builder.columns()) {
    if (is_guess) column.add_seen(decoded.seen.emplace_back());
    columns.push_back(column.finish());
  }
  decoded.rows = arrow::RecordBatch::Make(schema_of(plan), rows, std::move(columns));
  return decoded;
} catch (const std::bad_alloc&) {
  return out_of_memory(*file_);
}

// False: records that were not known to be bad are; they are now, and `root` is of no use.
Result<bool> JsonChunk::observe_all(Observed& root, std::vector<bool>& bad) const {
  ondemand::parser& parser = thread_parser();
  OpenKeys keys;
  std::string scratch;
  bool is_clean = true;
  for (std::size_t i = 0; i < block_.records.size(); ++i) {
    if (bad[i]) continue;
    keys.reset();
    ondemand::document document;
    ondemand::object object;
    if (start(block_.records[i], parser, document, object) &&
        observe_members(object, root, keys, scratch) && document.at_end())
      continue;
    LAKEGATE_TRY(auto judged, judge(i));
    bad[i] = true;
    is_clean = false;
  }
  return is_clean;
}

Result<bool> JsonChunk::observe_names(std::uint64_t bytes, Observed& root) const try {
  ondemand::parser& parser = thread_parser();
  OpenKeys keys;
  for (const Record& record : block_.records) {
    if (record.begin >= bytes) break;
    keys.reset();
    ondemand::document document;
    ondemand::object object;
    if (!start(record, parser, document, object) || !json::observe_names(object, root, keys) ||
        !document.at_end())
      return false;
  }
  return true;
} catch (const std::bad_alloc&) {
  return out_of_memory(*file_);
}

Result<void> JsonChunk::observe(Observed& root) const try {
  std::vector<bool> bad(block_.records.size());
  // Bad records leave traces; once they are known, they are left out.
  while (true) {
    Observed observed;
    LAKEGATE_TRY(const bool is_clean, observe_all(observed, bad));
    if (!is_clean) continue;
    root.join(observed);
    return {};
  }
} catch (const std::bad_alloc&) {
  return out_of_memory(*file_);
}

}  // namespace lakegate::json
