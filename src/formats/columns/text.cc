#include "formats/columns/text.h"

#include <cstring>

#include "formats/columns/array_buffers.h"

namespace lakegate::columns {
namespace {

constexpr std::size_t kStep = 32;

// Copies in steps of 32 bytes, reading and writing up to 31 past the end: most texts are short, and
// a copy of constant size is two instructions.
inline char* copy(std::string_view text, char* out) {
  const char* from = text.data();
  for (std::size_t i = 0; i < text.size(); i += kStep) std::memcpy(out + i, from + i, kStep);
  return out + text.size();
}

char* copy_single_quoted(std::string_view text, char quote, char* out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    *out++ = text[i];
    // The second of a pair; a cell's text has quotes only in pairs.
    i += text[i] == quote;
  }
  return out;
}

template <bool kQuotes>
Result<std::shared_ptr<arrow::Array>> build_cells(const Cells& cells, const Build& to) {
  const auto rows = static_cast<std::int64_t>(cells.rows);
  std::size_t bytes = 0;
  for (std::size_t row = 0; row < cells.rows; ++row) bytes += cells.raw(row).size();
  LAKEGATE_TRY(std::shared_ptr<arrow::Buffer> offsets,
               allocate((rows + 1) * static_cast<std::int64_t>(sizeof(std::int32_t))));
  LAKEGATE_TRY(std::unique_ptr<arrow::ResizableBuffer> data,
               from_arrow(arrow::AllocateResizableBuffer(static_cast<std::int64_t>(bytes + kStep),
                                                         memory_pool())));
  Validity validity(rows);
  auto* ends = reinterpret_cast<std::int32_t*>(offsets->mutable_data());
  char* const begin = reinterpret_cast<char*>(data->mutable_data());
  char* out = begin;
  *ends++ = 0;
  for (std::size_t row = 0; row < cells.rows; ++row) {
    std::string_view text = cells.raw(row);
    if (text.empty()) {
      if (to.plan.field.required)
        to.failures.push_back({static_cast<std::uint32_t>(row), to.column, to.plan.null_reason});
      LAKEGATE_CHECK(validity.set_null(static_cast<std::int64_t>(row)));
    } else if (kQuotes && is_quoted(text, cells.quote)) {
      text = unquoted(text);
      const bool doubled = std::memchr(text.data(), cells.quote, text.size()) != nullptr;
      out = doubled ? copy_single_quoted(text, cells.quote, out) : copy(text, out);
    } else {
      out = copy(text, out);
    }
    *ends++ = static_cast<std::int32_t>(out - begin);
  }
  LAKEGATE_ARROW_CHECK(data->Resize(out - begin, /*shrink_to_fit=*/false));
  data->ZeroPadding();
  if (validity.nulls() > 0) to.seen |= kSeenNull;
  if (validity.nulls() < rows) to.seen |= kSeenText;
  std::shared_ptr<arrow::Buffer> values = std::move(data);
  return validity.finish(to_arrow(to.plan.field.type), {std::move(offsets), std::move(values)});
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> build_text(const Cells& cells, const Build& to) {
  return cells.quotes ? build_cells<true>(cells, to) : build_cells<false>(cells, to);
}

}  // namespace lakegate::columns
