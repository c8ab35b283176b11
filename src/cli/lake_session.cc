#include "cli/lake_session.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "cli/interrupts.h"
#include "cli/wiring.h"
#include "convert/lake_run.h"
#include "lake/names.h"

namespace lakegate::cli {
namespace {

namespace fs = std::filesystem;

const ObjectKey kLakeFile("lake.yaml");
constexpr auto kBetweenTries = std::chrono::milliseconds(20);

bool looks_like_a_lake(const fs::path& directory) {
  std::error_code ignored;
  return fs::is_regular_file(directory / "lake.yaml", ignored) ||
         fs::is_directory(directory / "landing", ignored) ||
         fs::is_directory(directory / "_lake", ignored);
}

// What a lake.yaml at `location` means by `lake: there`.
std::string relative_to(const std::string& location, const std::string& there) {
  if (fs::path(there).is_absolute() || is_on_s3(there)) return there;
  if (is_on_s3(location)) return location + (location.ends_with('/') ? "" : "/") + there;
  return (fs::path(location) / there).lexically_normal().string();
}

}  // namespace

Result<const DatasetConfig*> LakeSession::dataset(const std::string& name) const {
  if (const DatasetConfig* found = config.find(DatasetName(name))) return found;
  std::vector<std::string> names;
  for (const DatasetConfig& known : config.datasets) names.push_back(known.name.str());
  const std::string near = nearest_name(name, names);
  std::string cure = "; the lake has no dataset yet: land a file in landing/<dataset>/";
  if (!near.empty()) {
    cure = fmt::format("; did you mean {}?", near);
  } else if (!names.empty()) {
    cure = "; `lakegate status` lists them";
  }
  return invalid_input(fmt::format("{} has no dataset \"{}\"{}", store->describe(), name, cure));
}

Result<std::string> choose_lake(const Context& context) {
  if (context.lake) return *context.lake;
  const auto named = context.variables.find("LAKEGATE_LAKE");
  if (named != context.variables.end() && !named->second.empty()) return named->second;
  if (looks_like_a_lake(".")) return std::string(".");
  return invalid_input(
      "the current directory is no lake (it has no lake.yaml, landing/ or _lake/); name one with "
      "--lake DIR or LAKEGATE_LAKE, or make one with `lakegate init DIR`");
}

namespace {

Result<OpenedLake> open_store_at(const std::string& location) {
  auto store = open_store(location);
  if (!store && store.error().kind == ErrorKind::kNotFound)
    return invalid_input(fmt::format("there is no lake at {}; make one with `lakegate init {}`",
                                     location, location));
  if (!store) return Failure(std::move(store).error());
  return OpenedLake{location, std::move(*store)};
}

// An environment of lake.yaml may say that the lake is another one.
Result<void> move_to(const Config& config, const Context& context, OpenedLake& lake) {
  if (!config.lake || context.lake) return {};
  lake.location = relative_to(lake.location, *config.lake);
  LAKEGATE_TRY(lake.store, open_store(lake.location));
  return {};
}

}  // namespace

Result<OpenedLake> open_lake_store(const Context& context) {
  LAKEGATE_TRY(const std::string location, choose_lake(context));
  LAKEGATE_TRY(OpenedLake lake, open_store_at(location));
  if (!context.env || context.lake) return lake;
  LAKEGATE_TRY(
      const auto config,
      load_written_config(*lake.store, {.env = context.env, .variables = context.variables}));
  if (config) LAKEGATE_CHECK(move_to(*config, context, lake));
  return lake;
}

Result<LakeSession> open_lake(const Context& context) {
  LAKEGATE_TRY(const std::string location, choose_lake(context));
  LAKEGATE_TRY(OpenedLake lake, open_store_at(location));
  LAKEGATE_TRY(Config config,
               load_config(*lake.store, {.env = context.env, .variables = context.variables}));
  LAKEGATE_CHECK(move_to(config, context, lake));
  return LakeSession{std::move(lake.location), std::move(lake.store), std::move(config)};
}

Result<LakeFile> read_lake_file(const ObjectStore& store) {
  auto blob = store.get(kLakeFile);
  if (!blob && blob.error().kind == ErrorKind::kNotFound) return LakeFile{};
  if (!blob) return Failure(std::move(blob).error());
  return LakeFile{std::move(blob->bytes), std::move(blob->tag)};
}

Result<void> write_lake_file(ObjectStore& store, const LakeFile& before, std::string_view text) {
  if (text == before.text) return {};
  const auto config_of = [](std::string_view yaml) {
    return parse_config({.text = std::string(yaml),
                         .file = kLakeFile.str(),
                         .env = {},
                         .variables = process_environment()});
  };
  // What every command would refuse from then on is not written.
  if (auto config = config_of(text); !config && (before.text.empty() || config_of(before.text))) {
    config.error().message += "; nothing was written, edit it by hand";
    return Failure(std::move(config).error());
  }
  auto put = before.tag.empty() ? store.put_if_absent(kLakeFile, text)
                                : store.put_if_match(kLakeFile, text, before.tag);
  if (!put && put.error().kind == ErrorKind::kConflict)
    return fail(ErrorKind::kConflict, "somebody else has just edited it; try again",
                {.file = kLakeFile.str()});
  return put;
}

std::string in_yaml_quotes(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

Result<std::string> with_folders(std::string text, const LakeSession& lake,
                                 const DatasetName& added) {
  if (!lake.config.file.empty()) return text;
  for (const DatasetConfig& dataset : lake.config.datasets) {
    if (dataset.name == added) continue;
    LAKEGATE_TRY(text,
                 with_dataset(text, "landing: " + in_yaml_quotes(dataset.landing.text()) + "\n",
                              dataset.name));
  }
  return text;
}

Result<void> check_lake_file_is_used(const Context& context) {
  const auto named = context.variables.find("LAKEGATE_CONFIG");
  if (named == context.variables.end()) return {};
  return invalid_input(fmt::format(
      "LAKEGATE_CONFIG names {} as the configuration, and this command edits the lake's own "
      "lake.yaml; unset it, or edit {} by hand",
      named->second, named->second));
}

Result<std::unique_ptr<Lease>> hold(ObjectStore& store, const DatasetName& dataset) {
  for (;;) {
    LAKEGATE_TRY(auto lease, try_to_hold(store, dataset));
    if (lease) return lease;
    if (interrupted()) return fail(ErrorKind::kPermanent, "interrupted");
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace lakegate::cli
