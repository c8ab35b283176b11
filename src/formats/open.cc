#include "formats/open.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace lakegate {
namespace {

// The name without .gz, .zst and the like, in lower case.
std::string bare_name(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  for (std::string_view suffix : {".gz", ".gzip", ".zst", ".zstd"})
    if (lower.ends_with(suffix)) lower.resize(lower.size() - suffix.size());
  return lower;
}

bool is_named_as_text(std::string_view name) {
  const std::string bare = bare_name(name);
  return bare.ends_with(".csv") || bare.ends_with(".tsv") || bare.ends_with(".txt");
}

Result<FileFormat> recognise(const Input& input) {
  LAKEGATE_TRY(std::unique_ptr<ByteStream> stream, open_decompressed(input));
  std::string beginning(64 * 1024, '\0');
  LAKEGATE_TRY(const std::size_t size, stream->read(std::as_writable_bytes(std::span(beginning))));
  if (size == 0) {
    return invalid_input("the file is empty (0 bytes): it was probably not completely written",
                         {.file = input.name()});
  }
  std::string_view bytes = std::string_view(beginning).substr(0, size);
  if (bytes.starts_with("PAR1")) {
    std::array<char, 4> stored{};
    LAKEGATE_CHECK(input.read_at(0, std::as_writable_bytes(std::span(stored))));
    if (std::string_view(stored.data(), stored.size()) != "PAR1") {
      return invalid_input("a Parquet file that is compressed as a whole: decompress it first",
                           {.file = input.name()});
    }
    return FileFormat::kParquet;
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool opens =
      first != std::string_view::npos && (bytes[first] == '{' || bytes[first] == '[');
  return opens && !is_named_as_text(input.name()) ? FileFormat::kJson : FileFormat::kCsv;
}

}  // namespace

Result<std::shared_ptr<RecordFile>> open_records(std::shared_ptr<const Input> input,
                                                 const OpenOptions& options) {
  if (options.replies) return open_replies(std::move(input), *options.replies);
  FileFormat format = FileFormat::kCsv;
  if (options.format) {
    format = *options.format;
  } else {
    LAKEGATE_TRY(format, recognise(*input));
  }
  switch (format) {
    case FileFormat::kParquet:
      return open_parquet(std::move(input), options);
    case FileFormat::kJson:
      return open_json(std::move(input), options);
    case FileFormat::kCsv:
      break;
  }
  return open_csv(std::move(input), options);
}

}  // namespace lakegate
