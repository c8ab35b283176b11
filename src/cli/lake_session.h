// The lake that a command works on: which one, its store, its configuration.
#pragma once

#include <memory>
#include <string>

#include "cli/command.h"
#include "config/config.h"
#include "stores/object_store.h"

namespace lakegate::cli {

struct LakeSession {
  std::string location;  // a directory, or s3://bucket/prefix
  std::unique_ptr<ObjectStore> store;
  Config config;

  // kInvalidInput that names the nearest dataset.
  Result<const DatasetConfig*> dataset(const std::string& name) const;
};

// --lake, else LAKEGATE_LAKE, else the current directory if it looks like a lake; --env may name
// another one, unless --lake is given.
Result<std::string> choose_lake(const Context& context);
// The store alone, for whoever reads the configuration later, or again and again.
struct OpenedLake {
  std::string location;
  std::unique_ptr<ObjectStore> store;
};
Result<OpenedLake> open_lake_store(const Context& context);
Result<LakeSession> open_lake(const Context& context);

// The text of lake.yaml, empty where there is none, and the same replaced, if nobody else has
// edited it meanwhile.
struct LakeFile {
  std::string text;
  std::string tag;  // empty: there is no file
};
Result<LakeFile> read_lake_file(const ObjectStore& store);
Result<void> write_lake_file(ObjectStore& store, const LakeFile& before, std::string_view text);

// `text` of a lake.yaml that is to be, for a lake that has none: the folders that were datasets by
// themselves are named in it. All but `added`, which whoever calls adds.
Result<std::string> with_folders(std::string text, const LakeSession& lake,
                                 const DatasetName& added);
std::string in_yaml_quotes(const std::string& text);

// Refuses to edit the lake's lake.yaml where LAKEGATE_CONFIG says that another file counts.
Result<void> check_lake_file_is_used(const Context& context);

// Waits until nobody else holds the dataset (convert/lake_run.h), or the program is interrupted.
Result<std::unique_ptr<Lease>> hold(ObjectStore& store, const DatasetName& dataset);

}  // namespace lakegate::cli
