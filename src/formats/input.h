// Bytes coming in, whatever they come from: a file, stdin spooled to a file, an object of a store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "lake/error.h"

namespace lakegate {

// Bytes in order, once. Not thread-safe; may be handed from thread to thread.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills as much of `out` as it can; fewer bytes than asked only at the end, 0 after it.
  virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
  // Bytes of the stored input (compressed, if it is) that this stream has taken so far: progress.
  virtual std::uint64_t input_bytes() const = 0;
};

// One immutable version of some bytes. May be opened several times (inference may need two passes).
// If the bytes change meanwhile, reading fails with kConflict; it never mixes two versions.
// Thread-safe.
class Input {
 public:
  virtual ~Input() = default;
  virtual const std::string& name() const = 0;  // for messages
  virtual std::uint64_t size() const = 0;       // in bytes, as stored
  virtual Result<std::unique_ptr<ByteStream>> open() const = 0;
  // Exactly out.size() bytes from `offset`; past the end is kInvalidInput.
  virtual Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

// Reads `path` in blocks, never mapped. "-" is stdin, which is spooled to an unlinked temporary
// file in $TMPDIR first, as are pipes and devices. A directory, a missing file and an unreadable
// one are errors that say so. The file stays open: one that is replaced meanwhile is read in its
// old version, one that is written to meanwhile is kConflict at the end of the pass at the latest.
Result<std::shared_ptr<Input>> open_file(const std::string& path);

// The bytes themselves (tests, small objects).
std::shared_ptr<Input> memory_input(std::string name, std::string bytes);

// `input` decompressed if its content (not its name) is gzip (multi-member too) or zstd
// (multi-frame too, skippable frames, windows up to 128 MiB as the frame asks); else as it is.
// Truncated or damaged compression is kInvalidInput that names the offset in the compressed bytes.
// `input` must outlive the stream's opening only.
Result<std::unique_ptr<ByteStream>> open_decompressed(const Input& input);

// What the first bytes say: so that .gz and .zst are known by content, not by name.
enum class Compression { kNone, kGzip, kZstd };
Compression detect_compression(std::span<const std::byte> first_bytes);

}  // namespace lakegate
