#include "cli/package_zip.h"

#include <fmt/format.h>
#include <libdeflate.h>
#include <minizip/zip.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>

#include "formats/input.h"

namespace lakegate::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 2> kFiles = {"bootstrap", "lakegate"};
constexpr std::array<std::string_view, 2> kFolders = {"lib", "licenses"};
constexpr std::string_view kProgram = "lib/lakegate";

constexpr int kBest = 12;                               // libdeflate's levels end here
constexpr uLong kMadeOnUnix = (3U << 8U) | 20U;         // so that modes are understood; zip 2.0
constexpr uLong kFirstDay = (1U << 21U) | (1U << 16U);  // 1980-01-01, the earliest that zip knows
constexpr unsigned kUnixMode = 16;                      // where the mode stands in the attributes

Result<std::string> content_of(const PackagedFile& file) {
  if (file.is_link) {
    std::error_code error;
    const fs::path target = fs::read_symlink(file.path, error);
    if (error) return system_failure(error.value(), "read", file.path.string());
    return target.string();
  }
  LAKEGATE_TRY(const auto input, open_file(file.path.string()));
  std::string bytes(input->size(), '\0');
  LAKEGATE_CHECK(input->read_at(0, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};
using Compressor = std::unique_ptr<libdeflate_compressor, FreeCompressor>;

std::string deflated(libdeflate_compressor& compressor, const std::string& bytes) {
  std::string out(libdeflate_deflate_compress_bound(&compressor, bytes.size()), '\0');
  out.resize(
      libdeflate_deflate_compress(&compressor, bytes.data(), bytes.size(), out.data(), out.size()));
  return out;
}

// The zip while it is being written. minizip writes to what its `zopen64_file` opens: here a stream
// into memory instead of a file.
class ZipWriter {
 public:
  ZipWriter() {
    zlib_filefunc64_def functions;
    fill_fopen64_filefunc(&functions);
    functions.opaque = this;
    functions.zopen64_file = [](void* self, const void*, int) -> void* {
      auto* writer = static_cast<ZipWriter*>(self);
      return ::open_memstream(&writer->buffer_, &writer->size_);
    };
    zip_ = zipOpen2_64("", APPEND_STATUS_CREATE, nullptr, &functions);
  }
  ~ZipWriter() {
    if (zip_ != nullptr) zipClose(zip_, nullptr);
    std::free(buffer_);  // NOLINT(*-no-malloc): open_memstream's
  }
  ZipWriter(const ZipWriter&) = delete;
  ZipWriter& operator=(const ZipWriter&) = delete;

  // False where there is not enough memory; nothing else can fail.
  bool add(const PackagedFile& file, const std::string& bytes, const std::string& compressed) {
    const unsigned mode =
        file.is_link ? S_IFLNK | 0777U : S_IFREG | (file.is_executable ? 0755U : 0644U);
    zip_fileinfo info = {};
    info.dosDate = kFirstDay;
    info.external_fa = static_cast<uLong>(mode) << kUnixMode;
    constexpr int kCompressedAlready = 1;
    return zip_ != nullptr &&
           zipOpenNewFileInZip4_64(zip_, file.name.c_str(), &info, nullptr, 0, nullptr, 0, nullptr,
                                   Z_DEFLATED, Z_BEST_COMPRESSION, kCompressedAlready, -MAX_WBITS,
                                   DEF_MEM_LEVEL, Z_DEFAULT_STRATEGY, nullptr, 0, kMadeOnUnix, 0,
                                   0) == ZIP_OK &&
           zipWriteInFileInZip(zip_, compressed.data(), static_cast<unsigned>(compressed.size())) ==
               ZIP_OK &&
           zipCloseFileInZipRaw64(zip_, bytes.size(),
                                  libdeflate_crc32(0, bytes.data(), bytes.size())) == ZIP_OK;
  }

  // Once, at the end; empty where there was not enough memory.
  std::string finish() {
    const bool closed = zip_ != nullptr && zipClose(zip_, nullptr) == ZIP_OK;
    zip_ = nullptr;
    return closed ? std::string(buffer_, size_) : "";
  }

 private:
  char* buffer_ = nullptr;
  std::size_t size_ = 0;
  zipFile zip_ = nullptr;
};

Failure no_memory() {
  return fail(ErrorKind::kPermanent, "there is not enough memory to make the package");
}

}  // namespace

Result<std::vector<PackagedFile>> packaged_files(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error;
  for (const std::string_view name : kFiles)
    if (fs::exists(folder / name, error)) found.push_back(folder / name);
  for (const std::string_view name : kFolders)
    for (fs::recursive_directory_iterator entry(folder / name, error), end; !error && entry != end;
         entry.increment(error))
      if (!entry->is_directory()) found.push_back(entry->path());

  std::vector<PackagedFile> files;
  for (const fs::path& path : found) {
    const fs::file_status status = fs::symlink_status(path, error);
    files.push_back(
        {.name = path.lexically_relative(folder).generic_string(),
         .path = path,
         .is_link = fs::is_symlink(status),
         .is_executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none});
  }
  std::sort(files.begin(), files.end(),
            [](const PackagedFile& a, const PackagedFile& b) { return a.name < b.name; });
  for (const std::string_view needed : {kFiles.front(), kProgram})
    if (std::none_of(files.begin(), files.end(),
                     [&](const PackagedFile& file) { return file.name == needed; }))
      return invalid_input(
          fmt::format("this is no installed folder of lakegate, it has no {}; a release's tarball "
                      "unpacks to one",
                      needed),
          {.file = folder.string()});
  return files;
}

Result<Zip> make_zip(const std::vector<PackagedFile>& files) {
  const Compressor compressor(libdeflate_alloc_compressor(kBest));
  if (!compressor) return no_memory();
  Zip zip;
  ZipWriter writer;
  for (const PackagedFile& file : files) {
    LAKEGATE_TRY(const std::string bytes, content_of(file));
    if (!writer.add(file, bytes, deflated(*compressor, bytes))) return no_memory();
    zip.unpacked += bytes.size();
  }
  zip.bytes = writer.finish();
  if (zip.bytes.empty()) return no_memory();
  return zip;
}

Result<std::string> architecture_of(const fs::path& folder) {
  const std::string path = (folder / kProgram).string();
  LAKEGATE_TRY(const auto input, open_file(path));
  // The header of an ELF file: its magic number, and at 18 the machine, two bytes.
  std::array<std::byte, 20> header = {};
  if (input->size() >= header.size()) LAKEGATE_CHECK(input->read_at(0, header));
  const bool is_elf = header[0] == std::byte{0x7f} && header[1] == std::byte{'E'} &&
                      header[2] == std::byte{'L'} && header[3] == std::byte{'F'};
  const int machine = std::to_integer<int>(header[18]) | std::to_integer<int>(header[19]) << 8;
  constexpr int kX8664 = 62;
  constexpr int kArm64 = 183;
  if (is_elf && machine == kX8664) return "x86_64";
  if (is_elf && machine == kArm64) return "arm64";
  return invalid_input("this is no program for Linux on x86_64 or arm64", {.file = path});
}

}  // namespace lakegate::cli
