// A dataset as query engines see it: a table over its curated files, whose rows are its history,
// and the views of it. No I/O.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "lake/error.h"
#include "schema/schema.h"

namespace lakegate {

struct DatasetTable {
  // A column that is shown, and the column of the table that it is: another one where a partition's
  // folder has a name of its own.
  struct Shown {
    std::string name;
    std::string from;
  };

  std::string name;      // the dataset's
  std::string location;  // of its curated files, ends with "/": "s3://bucket/lake/curated/sales/"
  int schema_version = 0;
  std::vector<Field> columns;     // in the files, lineage included
  std::vector<Field> partitions;  // in the path, outermost first
  std::vector<Shown> shown;       // what `lakegate cat` shows, in its order
  Mode mode = Mode::kAppend;
  std::vector<std::string> key;  // mode: upsert; columns of the table
  bool lineage = true;

  // Whether the newest version of each landed file, or the newest row of each key, can be told: by
  // the lineage columns.
  bool has_latest() const { return mode == Mode::kAppend || lineage; }
  std::string latest_view() const { return name + "_latest"; }
  std::string history_view() const { return name + "_history"; }
};

// `lake` is the lake's root, with or without a "/" at its end. `version` is the current one of the
// remembered schema. A level of the path has the type of its column where engines read that from a
// folder's name without loss (text, date, integers, bool), else it is text.
DatasetTable dataset_table(const DatasetConfig& dataset, const RememberedSchema::Version& version,
                           std::string_view lake);

// The values of a partition's folders, decoded: {"2026-11-23", "a/b"} of "dt=2026-11-23/c=a%2Fb".
// kInvalidInput where it does not have the folders of the table.
Result<std::vector<std::string>> partition_folder_values(const DatasetTable& table,
                                                         std::string_view partition);

}  // namespace lakegate
