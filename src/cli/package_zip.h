// An installed folder as the zip that AWS Lambda takes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "lake/error.h"

namespace lakegate::cli {

struct PackagedFile {
  std::string name;  // with '/', relative to the folder
  std::filesystem::path path;
  bool is_link = false;  // symbolic; what it says is kept
  bool is_executable = false;
};

// What a release puts into `folder`, sorted by name; whatever else lies there is left out.
// kInvalidInput where it is no such folder.
Result<std::vector<PackagedFile>> packaged_files(const std::filesystem::path& folder);

struct Zip {
  std::string bytes;
  std::uint64_t unpacked = 0;  // bytes
};

// A pure function of the files' names, bytes and modes: times are all 1980-01-01, owners are not
// kept. All of it is in memory at once (tens of megabytes). Compressed as far as deflate goes, some
// seconds of CPU.
Result<Zip> make_zip(const std::vector<PackagedFile>& files);

// x86_64 or arm64: what the program of an installed folder runs on.
Result<std::string> architecture_of(const std::filesystem::path& folder);

}  // namespace lakegate::cli
