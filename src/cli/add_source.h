// lakegate add URL: one sample reply becomes a dataset with a source.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/file_rows.h"

namespace lakegate::cli {

struct SourceSample {
  std::string url;  // may have variables: https://host/devices/{device}
  std::string name;
  std::vector<std::string> each;  // "device=d1,d2": what variables run over
  std::string bearer;             // "env:TOKEN": where a token is kept; empty: none
  std::string records;            // JSON Pointer; empty: found out
  bool allow_http = false;
  std::vector<std::string> allow_hosts;
  bool dry_run = false;
  FileRowsOptions rows;
};

bool is_url(const std::string& text);
Result<int> add_source(SourceSample sample, Context& context);

}  // namespace lakegate::cli
