// Reading the lake's records: configuration, schemas, runs, failures.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "convert/lake_run.h"
#include "lake/layout.h"
#include "lake/names.h"

namespace lakegate {
namespace {

Result<std::string> read_config_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return system_failure(errno, "read the configuration that LAKEGATE_CONFIG names,", path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Result<std::vector<std::string>> landing_folders(const ObjectStore& store) {
  LAKEGATE_TRY(auto objects, store.list(layout::kLanding));
  std::set<std::string> folders;
  for (const ObjectInfo& object : objects) {
    if (layout::is_ignored_landing_key(object.key)) continue;
    const std::string_view below =
        std::string_view(object.key.str()).substr(layout::kLanding.size());
    const std::size_t slash = below.find('/');
    if (slash != std::string_view::npos) folders.emplace(below.substr(0, slash));
  }
  return std::vector<std::string>(folders.begin(), folders.end());
}

template <class Record, class Parse>
Result<std::vector<Record>> list_records(const ObjectStore& store, const std::string& folder,
                                         Parse parse) {
  LAKEGATE_TRY(auto objects, store.list(folder));
  std::vector<Record> records;
  for (const ObjectInfo& object : objects) {
    if (!object.key.str().ends_with(".json")) continue;
    auto blob = store.get(object.key);
    if (!blob && blob.error().kind == ErrorKind::kNotFound) continue;  // gone since the listing
    if (!blob) return tl::unexpected<Error>(std::move(blob).error());
    LAKEGATE_TRY(Record record, parse(blob->bytes, object.key));
    records.push_back(std::move(record));
  }
  std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    return std::tie(a.arrival.arrived_at, a.arrival.key) <
           std::tie(b.arrival.arrived_at, b.arrival.key);
  });
  return records;
}

// The folder that holds a dataset's records of a kind, from the key of one of them.
std::string folder_of(const ObjectKey& key) {
  return key.str().substr(0, key.str().rfind('/') + 1);
}

}  // namespace

Result<std::optional<Config>> load_written_config(const ObjectStore& store,
                                                  const ConfigChoice& choice) {
  ConfigSource source{
      .text = "", .file = "lake.yaml", .env = choice.env, .variables = choice.variables};
  if (const auto it = choice.variables.find("LAKEGATE_CONFIG"); it != choice.variables.end()) {
    source.file = it->second;
    LAKEGATE_TRY(source.text, read_config_file(it->second));
    return parse_config(source);
  }
  auto blob = store.get(ObjectKey("lake.yaml"));
  if (blob) {
    source.text = std::move(blob->bytes);
    return parse_config(source);
  }
  if (blob.error().kind != ErrorKind::kNotFound)
    return tl::unexpected<Error>(std::move(blob).error());
  if (choice.env)
    return invalid_input(
        fmt::format("--env {} picks an environment of lake.yaml, and {} has no lake.yaml",
                    *choice.env, store.describe()));
  return std::nullopt;
}

Result<Config> load_config(const ObjectStore& store, const ConfigChoice& choice) {
  LAKEGATE_TRY(auto written, load_written_config(store, choice));
  if (written) return std::move(*written);
  LAKEGATE_TRY(auto folders, landing_folders(store));
  return config_from_folders(folders);
}

Result<std::optional<StoredSchema>> load_schema(const ObjectStore& store,
                                                const DatasetName& dataset) {
  const ObjectKey key = layout::schema_key(dataset);
  auto blob = store.get(key);
  if (!blob && blob.error().kind == ErrorKind::kNotFound) return std::nullopt;
  if (!blob) return tl::unexpected<Error>(std::move(blob).error());
  LAKEGATE_TRY(RememberedSchema remembered, remembered_schema_from_json(blob->bytes, key.str()));
  return StoredSchema{std::move(remembered), std::move(blob->tag)};
}

Result<Schema> known_schema(const DatasetConfig& dataset,
                            const std::optional<RememberedSchema>& remembered) {
  Schema known;
  if (remembered) known = remembered->current().schema;
  if (!dataset.schema) return known;
  if (remembered) {
    for (Field& field : known.fields) field.required = false;  // as declared now
  }
  for (const Field& declared : dataset.schema->fields) {
    const auto it = std::find_if(known.fields.begin(), known.fields.end(),
                                 [&](const Field& f) { return f.name == declared.name; });
    if (it == known.fields.end()) {
      known.fields.push_back(declared);
      continue;
    }
    const bool settled = !it->type.is(LogicalType::Kind::kUnknown);
    if (settled && to_string(it->type) != to_string(declared.type))
      return invalid_input(fmt::format(
          "lake.yaml declares {}.{} as {}, but its files have it as {}; to change the whole "
          "history: "
          "lakegate widen {} {} {}",
          dataset.name.str(), declared.name, to_string(declared.type), to_string(it->type),
          dataset.name.str(), declared.name, to_string(declared.type)));
    *it = declared;
  }
  return known;
}

Result<std::unique_ptr<Lease>> try_to_hold(ObjectStore& store, const DatasetName& dataset) {
  return store.try_lease("run-" + dataset.str());
}

Result<std::set<std::string>> finished_arrivals(const ObjectStore& store,
                                                const DatasetName& dataset) {
  LAKEGATE_TRY(const auto records, store.list(folder_of(layout::run_key(dataset, ArrivalId("x")))));
  std::set<std::string> finished;
  for (const ObjectInfo& record : records) {
    const std::string& key = record.key.str();
    const std::size_t begin = key.rfind('/') + 1;
    finished.insert(key.substr(begin, key.rfind('.') - begin));
  }
  return finished;
}

Result<std::vector<RunRecord>> list_runs(const ObjectStore& store, const DatasetName& dataset) {
  return list_records<RunRecord>(store, folder_of(layout::run_key(dataset, ArrivalId("x"))),
                                 run_from_json);
}

Result<std::vector<FailureRecord>> list_failures(const ObjectStore& store,
                                                 const DatasetName& dataset) {
  return list_records<FailureRecord>(store, folder_of(layout::failure_key(dataset, ArrivalId("x"))),
                                     failure_from_json);
}

}  // namespace lakegate
