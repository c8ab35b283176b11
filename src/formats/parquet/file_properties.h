// What of a Parquet file does not depend on its rows: schema, properties, key-value metadata.
#pragma once

#include <arrow/type_fwd.h>
#include <arrow/util/compression.h>
#include <parquet/properties.h>
#include <parquet/schema.h>

#include <memory>
#include <string>
#include <vector>

#include "formats/parquet/encoding_choice.h"
#include "formats/parquet/writer.h"

namespace lakegate {

// Refuses types that Parquet, or the engines that are to read it, do not have.
Result<void> check_writable(const arrow::Schema& schema);

Result<std::shared_ptr<parquet::SchemaDescriptor>> parquet_schema(const arrow::Schema& schema);

// What compresses pages; null for none.
std::unique_ptr<arrow::util::Codec> page_codec(ParquetCompression compression);

struct LeafStorage {
  ColumnEncoding encoding = ColumnEncoding::kPlain;
  bool is_compressed = true;
};

// `leaves` has one entry a leaf of `schema`.
std::shared_ptr<parquet::WriterProperties> writer_properties(
    const ParquetOptions& options, const parquet::SchemaDescriptor& schema,
    const std::vector<LeafStorage>& leaves);

// Options' metadata, and the original names of columns that have one.
Result<std::shared_ptr<const arrow::KeyValueMetadata>> file_metadata(const ParquetOptions& options,
                                                                     const arrow::Schema& schema);

// Shared out among the leaves, so that wide tables do not need more memory than narrow ones.
std::int64_t page_bytes(int leaves);

}  // namespace lakegate
