#include "formats/parquet/file_properties.h"

#include <arrow/buffer.h>
#include <arrow/ipc/writer.h>
#include <arrow/type.h>
#include <arrow/util/base64.h>
#include <arrow/util/key_value_metadata.h>
#include <fmt/format.h>
#include <parquet/arrow/schema.h>

#include <algorithm>
#include <map>

#include "formats/arrow_bridge.h"
#include "lake/json_text.h"
#include "schema/types.h"

namespace lakegate {
namespace {

constexpr std::int64_t kMostPageBytes = 1024 * 1024;
constexpr std::int64_t kLeastPageBytes = 64 * 1024;
constexpr std::int64_t kAllPagesBytes = 16 * 1024 * 1024;
constexpr std::int64_t kPageRows = 20'000;
constexpr int kZstdLevel = 1;

constexpr const char* kOriginalNamesKey = "lakegate.original_names";

Result<void> check_type(const arrow::DataType& type, const std::string& column) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
    case arrow::Type::DATE32:
    case arrow::Type::DECIMAL128:
      return {};
    case arrow::Type::TIMESTAMP:
      if (static_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::MICRO)
        return {};
      break;
    case arrow::Type::LIST:
    case arrow::Type::STRUCT:
      if (type.num_fields() == 0)
        return invalid_input(fmt::format(
            "column {}: Parquet has no struct without fields; declare it as text", column));
      for (const auto& field : type.fields())
        LAKEGATE_CHECK(check_type(*field->type(), column + "." + field->name()));
      return {};
    default:
      break;
  }
  return invalid_input(
      fmt::format("column {}: the type {} is not written to Parquet", column, type.ToString()));
}

void collect_names(const arrow::Field& field, const std::string& path, std::string& json) {
  if (field.metadata() != nullptr) {
    if (auto original = field.metadata()->Get(kOriginalNameKey); original.ok()) {
      json += json.empty() ? '{' : ',';
      append_json_string(path, json);
      json += ':';
      append_json_string(*original, json);
    }
  }
  const bool list = field.type()->id() == arrow::Type::LIST;
  for (const auto& child : field.type()->fields())
    collect_names(*child, path + (list ? ".list.element" : "." + child->name()), json);
}

parquet::Compression::type codec(ParquetCompression compression) {
  switch (compression) {
    case ParquetCompression::kSnappy:
      return parquet::Compression::SNAPPY;
    case ParquetCompression::kGzip:
      return parquet::Compression::GZIP;
    case ParquetCompression::kNone:
      return parquet::Compression::UNCOMPRESSED;
    case ParquetCompression::kZstd:
      break;
  }
  return parquet::Compression::ZSTD;
}

parquet::Encoding::type parquet_encoding(ColumnEncoding encoding) {
  switch (encoding) {
    case ColumnEncoding::kDelta:
      return parquet::Encoding::DELTA_BINARY_PACKED;
    case ColumnEncoding::kDeltaLength:
      return parquet::Encoding::DELTA_LENGTH_BYTE_ARRAY;
    case ColumnEncoding::kByteStreamSplit:
      return parquet::Encoding::BYTE_STREAM_SPLIT;
    default:
      return parquet::Encoding::PLAIN;
  }
}

}  // namespace

Result<void> check_writable(const arrow::Schema& schema) {
  if (schema.num_fields() == 0)
    return invalid_input("no column has a value, and Parquet has no table without columns");
  for (const auto& field : schema.fields())
    LAKEGATE_CHECK(check_type(*field->type(), field->name()));
  return {};
}

Result<std::shared_ptr<parquet::SchemaDescriptor>> parquet_schema(const arrow::Schema& schema) {
  const auto properties =
      parquet::WriterProperties::Builder().enable_store_decimal_as_integer()->build();
  std::shared_ptr<parquet::SchemaDescriptor> descriptor;
  LAKEGATE_ARROW_CHECK(parquet::arrow::ToParquetSchema(
      &schema, *properties, *parquet::default_arrow_writer_properties(), &descriptor));
  return descriptor;
}

std::int64_t page_bytes(int leaves) {
  return std::clamp(kAllPagesBytes / std::max(leaves, 1), kLeastPageBytes, kMostPageBytes);
}

std::unique_ptr<arrow::util::Codec> page_codec(ParquetCompression compression) {
  return compression == ParquetCompression::kZstd
             ? parquet::GetCodec(codec(compression), kZstdLevel)
             : parquet::GetCodec(codec(compression));
}

std::shared_ptr<parquet::WriterProperties> writer_properties(
    const ParquetOptions& options, const parquet::SchemaDescriptor& schema,
    const std::vector<LeafStorage>& leaves) {
  const std::int64_t page = page_bytes(schema.num_columns());
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(memory_pool())
      ->version(parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->enable_store_decimal_as_integer()
      ->enable_write_page_index()
      ->enable_statistics()
      ->enable_page_checksum()
      ->data_pagesize(page)
      ->max_rows_per_page(kPageRows)
      ->dictionary_pagesize_limit(page)
      ->max_row_group_length(std::int64_t{1} << 40);  // the writer ends row groups itself
  // A column "a.b" and the member b of a struct a have one path here, and get what suits any.
  std::map<std::string, int> paths;
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf)
    ++paths[schema.Column(leaf)->path()->ToDotString()];
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const auto path = schema.Column(leaf)->path();
    const bool is_alone = paths[path->ToDotString()] == 1;
    const auto [encoding, is_compressed] =
        is_alone ? leaves[static_cast<std::size_t>(leaf)] : LeafStorage{};
    const auto compression = is_compressed ? options.compression : ParquetCompression::kNone;
    builder.compression(path, codec(compression));
    if (compression == ParquetCompression::kZstd) builder.compression_level(path, kZstdLevel);
    if (encoding == ColumnEncoding::kDictionary) {
      builder.enable_dictionary(path);
    } else {
      builder.disable_dictionary(path)->encoding(path, parquet_encoding(encoding));
    }
  }
  return builder.build();
}

Result<std::shared_ptr<const arrow::KeyValueMetadata>> file_metadata(const ParquetOptions& options,
                                                                     const arrow::Schema& schema) {
  auto metadata = std::make_shared<arrow::KeyValueMetadata>();
  for (const auto& [key, value] : options.metadata) metadata->Append(key, value);
  std::string names;
  for (const auto& field : schema.fields()) collect_names(*field, field->name(), names);
  if (!names.empty()) {
    metadata->Append(kOriginalNamesKey, names + "}");
    // Arrow's own place for the metadata of fields; readers that are not Arrow pass it over.
    LAKEGATE_TRY(const auto serialized,
                 from_arrow(arrow::ipc::SerializeSchema(schema, memory_pool())));
    metadata->Append("ARROW:schema", arrow::util::base64_encode(std::string_view(*serialized)));
  }
  if (metadata->size() == 0) metadata.reset();
  return metadata;
}

}  // namespace lakegate
