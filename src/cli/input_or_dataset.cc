#include "cli/input_or_dataset.h"

#include <fmt/format.h>

#include <filesystem>

#include "lake/names.h"

namespace lakegate::cli {

namespace fs = std::filesystem;

Result<std::optional<LakeSession>> lake_of_dataset(const std::string& word,
                                                   const Context& context) {
  std::error_code ignored;
  const fs::file_status status = fs::status(word, ignored);
  if (word == "-" || !is_clean_name(word) || (fs::exists(status) && !fs::is_directory(status)))
    return std::nullopt;
  if (!choose_lake(context)) {
    if (fs::exists(status)) return std::nullopt;
    return invalid_input(fmt::format(
        "there is no file {}, and no lake here that could have a dataset of that name; name the "
        "lake with --lake DIR",
        word));
  }
  LAKEGATE_TRY(LakeSession lake, open_lake(context));
  if (auto dataset = lake.dataset(word); !dataset) return Failure(std::move(dataset).error());
  return lake;
}

}  // namespace lakegate::cli
