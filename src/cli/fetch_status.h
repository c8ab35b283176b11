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
  // The newest finished one that was not for failures alone; of its failures those that have had no
  // answer since, and how many these are.
  std::optional<FetchRecord> last;
  std::size_t unanswered = 0;
  // Of the ones before, where {since} has moved on: of the newest that are finished.
  struct Earlier {
    std::string plan;
    Instant scheduled_at;
    std::size_t sets = 0, unanswered = 0;
  };
  std::vector<Earlier> earlier;
  struct Unfinished {
    std::string plan;
    Instant scheduled_at;
    std::size_t sets = 0, slices = 0, slices_asked = 0;
    std::string why_not_continued;  // empty: the next fetch goes on with it
  };
  // Without those that nobody will go on with and that a later fetch has made up for.
  std::vector<Unfinished> unfinished;
  bool is_all_answered() const { return unanswered == 0 && earlier.empty(); }
};

// `dataset` has a source.
Result<FetchStatus> fetch_status(const ObjectStore& store, const DatasetConfig& dataset);

Json json_of(const FetchStatus& status);
// In words: the last fetch and what of it was worst, and what is not finished.
void tell(const std::string& dataset, const FetchStatus& status, std::size_t most_failures,
          Context& context);

}  // namespace lakegate::cli
