// Any bytes through the JSON reader: nothing crashes, every record is a row or a reject, and the
// fast parser accepts exactly what the strict one does.
#include <arrow/api.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "formats/json/json_chunk.h"
#include "formats/json/plain.h"
#include "formats/json/scalar.h"
#include "formats/json/syntax.h"
#include "formats/open.h"
#include "lake/utf8.h"

namespace lakegate {
namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void check_utf8(const arrow::RecordBatch& rows) {
  require(rows.ValidateFull().ok(), "arrays are valid");
}

// The first pass's plan from what a whole file holds, or the second's (make_plan).
DecodePlan plan_from(const Observed& root, bool settled) {
  DecodePlan plan;
  plan.new_columns = settled ? NewColumns::kIgnore : NewColumns::kAdd;
  for (const auto& [name, observed] : root.fields)
    plan.columns.push_back(
        {.field = {.name = name, .type = resolve(observed)}, .inferred = !settled, .exact = true});
  return plan;
}

DecodedChunk decode(const Chunk& chunk, const DecodePlan& plan) {
  auto decoded = chunk.decode(plan);
  require(decoded.has_value(), "what could be observed can be decoded");
  if (decoded->contradicted) return std::move(*decoded);
  check_utf8(*decoded->rows);
  require(static_cast<std::uint64_t>(decoded->rows->num_rows()) + decoded->rejects.size() ==
              chunk.records,
          "each record is a row or a reject");
  return std::move(*decoded);
}

// Infers, then decodes: nothing is lost, types from all that was observed take every value, and
// where a guess holds, its rows are the same.
void read_records(const std::string& bytes) {
  const auto file = open_json(memory_input("fuzz", bytes), {});
  if (!file) return;
  Observed root;
  {
    const auto reader = (*file)->open();
    if (!reader) return;
    while (true) {
      auto chunk = (*reader)->next();
      if (!chunk) return;
      if (!*chunk) break;
      if (!(*chunk)->observe(root)) return;
    }
  }
  const auto reader = (*file)->open();
  require(reader.has_value(), "a file opens twice");
  while (true) {
    auto chunk = (*reader)->next();
    require(chunk.has_value(), "what could be observed can be read again");
    if (!*chunk) break;
    const DecodedChunk settled = decode(**chunk, plan_from(root, true));
    require(!settled.contradicted, "what was observed does not contradict");
    const DecodedChunk guessed = decode(**chunk, plan_from(root, false));
    if (guessed.contradicted) continue;
    require(guessed.rows->Equals(*settled.rows), "a guess that holds gives the same rows");
    require(guessed.rejects.size() == settled.rejects.size(), "and the same rejects");
    Observed seen;
    for (std::size_t i = 0; i < guessed.seen.size(); ++i) {
      Observed& column = seen.field(root.fields[i].first);
      column = observed_from(resolve(root.fields[i].second));
      column.join(guessed.seen[i]);
      require(resolve(column) == resolve(root.fields[i].second), "what it saw is of its types");
    }
  }
}

void compare_parsers(const std::string& bytes) {
  json::Block block;
  block.bytes = bytes;
  block.records.push_back({.size = static_cast<std::uint32_t>(bytes.size())});
  const bool is_json = !json::find_problem(bytes);
  const json::JsonChunk chunk(std::make_shared<const std::string>("fuzz"), json::Layout::kLines,
                              std::move(block));
  const std::string padded = bytes + std::string(8, ' ');
  const bool is_plain = json::is_plain_object(std::string_view(padded).substr(0, bytes.size()));
  const auto problem = json::find_problem(bytes);
  require(!is_plain || !problem || problem->is_soft(), "what is plain is JSON");
  DecodePlan text;
  text.new_columns = NewColumns::kIgnore;
  text.columns.push_back({.field = {.name = "a", .type = {LogicalType::Kind::kText}}});
  const auto decoded = chunk.decode(text);
  if (!decoded) return require(!is_json, "JSON is not refused");
  if (is_json && bytes.starts_with('{'))
    require(decoded->rows->num_rows() == 1, "the fast parser accepts what is JSON");
  else
    require(decoded->rows->num_rows() == 0, "the fast parser refuses what is not JSON");
  check_utf8(*decoded->rows);
}

void read_text(const std::string& bytes) {
  const auto records = open_json_text(memory_input("fuzz", bytes));
  if (!records) return;
  while (true) {
    const auto record = (*records)->next();
    require(record.has_value(), "text that was read once can be read again");
    if (!*record) return;
    for (const auto& cell : (*record)->cells) require(!cell || is_utf8(*cell), "a cell is UTF-8");
  }
}

}  // namespace
}  // namespace lakegate

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  lakegate::read_records(bytes);
  lakegate::read_text(bytes);
  std::string trimmed(lakegate::json::without_blanks_at_end(bytes));
  trimmed.erase(0, std::min(trimmed.find_first_not_of(" \t\r\n"), trimmed.size()));
  if (!trimmed.empty()) lakegate::compare_parsers(trimmed);
  return 0;
}
