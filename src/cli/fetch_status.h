// What `status` says of a dataset's fetches.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/report_json.h"
#include "config/config.h"
#include "extract/fetch_records.h"
#include "stores/object_store.h"

namespace lakegate::cli {

struct FetchStatus {
  std::optional<FetchRecord> last;  // the newest finished one that was not for failures alone
  struct Unfinished {
    std::string plan;
    Instant scheduled_at;
    std::size_t sets = 0, slices = 0, slices_asked = 0;
  };
  std::vector<Unfinished> unfinished;
};

// `dataset` has a source.
Result<FetchStatus> fetch_status(const ObjectStore& store, const DatasetConfig& dataset);

Json json_of(const FetchStatus& status);
// In words: the last fetch and what of it was worst, and what is not finished.
void tell(const std::string& dataset, const FetchStatus& status, std::size_t most_failures,
          Context& context);

}  // namespace lakegate::cli
