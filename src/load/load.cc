#include "load/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "build_info.h"
#include "formats/parquet/reader.h"
#include "lake/layout.h"
#include "load/curated_rows.h"

namespace lakegate {
namespace {

constexpr std::string_view kRecordSuffix = ".json";
constexpr std::string_view kReofferSuffix = ".reoffer";
constexpr std::string_view kRejectsSuffix = ".rejects.ndjson";

// "_lake/loads/T/0123.json" with another suffix.
ObjectKey beside_record(const TableName& table, const ArrivalId& arrival, std::string_view suffix) {
  std::string key = layout::load_key(table, arrival).str();
  key.resize(key.size() - kRecordSuffix.size());
  return ObjectKey(key + std::string(suffix));
}

// The folder of a key, with its "/".
std::string folder_of(const ObjectKey& key) {
  return key.str().substr(0, key.str().rfind('/') + 1);
}

// The arrival that an object of a records' folder is named after, if it has this suffix.
std::optional<ArrivalId> named_after(const ObjectKey& key, std::string_view suffix) {
  std::string name = key.str().substr(key.str().rfind('/') + 1);
  if (!name.ends_with(suffix)) return std::nullopt;
  name.resize(name.size() - suffix.size());
  if (name.empty() || name.find('.') != std::string::npos) return std::nullopt;
  return ArrivalId(name);
}

WriteMode write_mode(const ServeConfig& serve) {
  if (serve.write == "upsert") return WriteMode::kUpsert;
  if (serve.write == "insert") return WriteMode::kInsert;
  return WriteMode::kNewest;
}

Replaces replaces_of(const DatasetConfig& dataset) {
  return dataset.mode == Mode::kSnapshot ? Replaces::kLandingKey : Replaces::kGenerations;
}

// Tables do not know which dataset they serve; the commands that they advise are to be copied.
Error naming(const DatasetConfig& dataset, Error error) {
  constexpr std::string_view kUnnamed = "lakegate load DATASET";
  if (const auto at = error.message.find(kUnnamed); at != std::string::npos)
    error.message.replace(at, kUnnamed.size(), "lakegate load " + dataset.name.str());
  return error;
}

bool by_arrival(const RunRecord& a, const RunRecord& b) {
  return std::tie(a.arrival.arrived_at, a.arrival.id) <
         std::tie(b.arrival.arrived_at, b.arrival.id);
}

// What is wrong with one arrival leaves the others to be loaded; what is wrong with the store or
// the table would be wrong with all.
bool concerns_one_arrival(const Error& error) {
  return error.kind == ErrorKind::kInvalidInput || error.kind == ErrorKind::kNotFound ||
         error.kind == ErrorKind::kConflict;
}

// One dataset being loaded into its table, under the lease of its server.
class DatasetLoader {
 public:
  static Result<DatasetLoader> open(ObjectStore& store, TableServer& tables,
                                    const DatasetConfig& dataset) {
    DatasetLoader loader(store, dataset);
    LAKEGATE_TRY(const TableDefinition definition, table_definition(store, dataset));
    auto table = tables.open(definition);
    if (!table) return tl::unexpected(naming(dataset, std::move(table).error()));
    loader.table_ = *std::move(table);
    return loader;
  }

  // Loads and records. Whether something is to be offered again afterwards is noted.
  Result<LoadRecord> load(const RunRecord& run);
  // Does what the notes ask for, and removes them if all could be offered.
  struct Reoffered {
    std::uint64_t arrivals = 0;
    std::vector<LoadFailure> failures;
  };
  Result<Reoffered> reoffer(const std::set<ArrivalId>& because_of);

 private:
  DatasetLoader(ObjectStore& store, const DatasetConfig& dataset)
      : store_(&store), dataset_(&dataset) {}

  LoadStart start_of(const RunRecord& run) const {
    return {.arrival = run.arrival,
            .generation = run.generation,
            .write = write_mode(*dataset_->serve),
            .replaces = replaces_of(*dataset_)};
  }
  Result<std::uint64_t> write_rows(const RunRecord& run, TableLoad& load) const;
  Result<void> check_still_newest(const RunRecord& run) const;
  Result<void> put_rejects(const ArrivalId& arrival, const std::vector<Reject>& rejects) const;
  Result<std::vector<RunRecord>> runs_to_reoffer(const std::set<ArrivalId>& because_of) const;
  Result<void> offer_again(const RunRecord& run) const;

  ObjectStore* store_;
  const DatasetConfig* dataset_;
  std::unique_ptr<Table> table_;
};

Result<std::uint64_t> DatasetLoader::write_rows(const RunRecord& run, TableLoad& load) const {
  std::uint64_t rows = 0;
  for (const OutputFile& output : run.outputs) {
    LAKEGATE_TRY(const auto values, partition_values(output.partition, dataset_->partition_by));
    LAKEGATE_TRY(const auto file, store_->open(output.key));
    LAKEGATE_TRY(const std::uint64_t read,
                 read_curated(file, table_->definition().schema.fields, values,
                              [&](const arrow::RecordBatch& batch) { return load.write(batch); }));
    if (read != output.rows)
      return invalid_input(
          fmt::format("{} has {} rows where its run recorded {}; `lakegate verify` says what is "
                      "damaged, `lakegate replay` writes it anew",
                      output.key.str(), read, output.rows));
    rows += read;
  }
  return rows;
}

Result<LoadRecord> DatasetLoader::load(const RunRecord& run) {
  const TableName& name = table_->definition().name;
  const ArrivalId& arrival = run.arrival.id;
  LAKEGATE_TRY(const auto load, table_->begin(start_of(run)));
  LoadRecord record{.table = name,
                    .dataset = dataset_->name,
                    .arrival = arrival,
                    .generation = run.generation,
                    .lakegate_version = std::string(kVersion)};
  LAKEGATE_TRY(record.rows_read, write_rows(run, *load));
  LAKEGATE_TRY(record.rows_removed, load->remove_missing());
  // Noted before the rows are gone: whoever is killed after the commit must not take the knowledge
  // with it that others' rows are to come back.
  if (record.rows_removed > 0)
    LAKEGATE_CHECK(store_->put(beside_record(name, arrival, kReofferSuffix), "{}\n"));
  LAKEGATE_TRY(const WriteCounts counts, load->commit());
  record.rows_written = counts.written;
  record.rows_superseded = counts.superseded;
  record.rows_rejected = counts.rejected;
  record.finished_at = to_iso(std::chrono::system_clock::now());
  LAKEGATE_CHECK(put_rejects(arrival, load->rejects()));
  LAKEGATE_CHECK(store_->put(layout::load_key(name, arrival), to_json(record)));
  LAKEGATE_CHECK(check_still_newest(run));
  return record;
}

// A generation committed while the one before was being loaded may have been loaded first, and
// would then be hidden by the older record. (One that is committed from here on is younger than the
// record, and found by that.)
Result<void> DatasetLoader::check_still_newest(const RunRecord& run) const {
  const ObjectKey key = layout::run_key(dataset_->name, run.arrival.id);
  const auto blob = store_->get(key);
  if (!blob && blob.error().kind == ErrorKind::kNotFound) return {};
  if (!blob) return Failure(blob.error());
  LAKEGATE_TRY(const RunRecord now, run_from_json(blob->bytes, key));
  if (now.generation <= run.generation) return {};
  LAKEGATE_CHECK(store_->remove(layout::load_key(table_->definition().name, run.arrival.id)));
  return fail(ErrorKind::kConflict,
              fmt::format("generation {} was committed while generation {} was being loaded; load "
                          "again",
                          now.generation, run.generation),
              {.file = run.arrival.key.str()});
}

Result<void> DatasetLoader::put_rejects(const ArrivalId& arrival,
                                        const std::vector<Reject>& rejects) const {
  const ObjectKey key = load_rejects_key(table_->definition().name, arrival);
  if (rejects.empty()) return store_->remove(key);  // of a load before this one
  std::string lines;
  for (const Reject& reject : rejects) lines += to_ndjson(reject) + "\n";
  return store_->put(key, lines);
}

Result<std::vector<RunRecord>> DatasetLoader::runs_to_reoffer(
    const std::set<ArrivalId>& because_of) const {
  const std::string folder = folder_of(layout::run_key(dataset_->name, ArrivalId("x")));
  LAKEGATE_TRY(const auto infos, store_->list(folder));
  std::vector<RunRecord> runs;
  std::map<ObjectKey, RunRecord> newest;  // by landing key
  for (const ObjectInfo& info : infos) {
    if (!named_after(info.key, kRecordSuffix)) continue;
    LAKEGATE_TRY(const Blob blob, store_->get(info.key));
    LAKEGATE_TRY(RunRecord run, run_from_json(blob.bytes, info.key));
    if (dataset_->mode != Mode::kSnapshot) {
      runs.push_back(std::move(run));
      continue;
    }
    const auto [there, is_new] = newest.try_emplace(run.arrival.key, run);
    if (!is_new && by_arrival(there->second, run)) there->second = std::move(run);
  }
  for (auto& [key, run] : newest) runs.push_back(std::move(run));
  // The one arrival that has just taken rows out has none to bring back.
  if (because_of.size() == 1)
    std::erase_if(runs, [&](const RunRecord& run) { return because_of.contains(run.arrival.id); });
  std::ranges::sort(runs, by_arrival);
  return runs;
}

Result<void> DatasetLoader::offer_again(const RunRecord& run) const {
  LoadStart start = start_of(run);
  // Only what is missing, or older: never over newer rows.
  if (start.write == WriteMode::kUpsert) start.write = WriteMode::kNewest;
  LAKEGATE_TRY(const auto load, table_->begin(start));
  LAKEGATE_CHECK(write_rows(run, *load));
  LAKEGATE_CHECK(load->commit());
  return {};
}

Result<DatasetLoader::Reoffered> DatasetLoader::reoffer(const std::set<ArrivalId>& because_of) {
  LAKEGATE_TRY(const auto runs, runs_to_reoffer(because_of));
  Reoffered done;
  for (const RunRecord& run : runs) {
    const auto offered = offer_again(run);
    if (offered) {
      ++done.arrivals;
      continue;
    }
    if (!concerns_one_arrival(offered.error())) return tl::unexpected(offered.error());
    done.failures.push_back({.arrival = run.arrival, .error = offered.error()});
  }
  if (!done.failures.empty()) return done;
  for (const ArrivalId& arrival : because_of)
    LAKEGATE_CHECK(
        store_->remove(beside_record(table_->definition().name, arrival, kReofferSuffix)));
  return done;
}

// What the lake's records say is to be done for a dataset's table.
struct Due {
  std::vector<RunRecord> runs;  // in order of arrival
  std::set<ArrivalId> reoffer;
};

Result<Due> find_due(const ObjectStore& store, const DatasetConfig& dataset, bool again) {
  const TableName& table = dataset.serve->table;
  LAKEGATE_TRY(const auto load_infos,
               store.list(folder_of(layout::load_key(table, ArrivalId("x")))));
  Due due;
  std::map<ArrivalId, Instant> loaded;
  for (const ObjectInfo& info : load_infos) {
    if (const auto arrival = named_after(info.key, kRecordSuffix)) loaded[*arrival] = info.modified;
    if (const auto arrival = named_after(info.key, kReofferSuffix)) due.reoffer.insert(*arrival);
  }
  LAKEGATE_TRY(const auto run_infos,
               store.list(folder_of(layout::run_key(dataset.name, ArrivalId("x")))));
  for (const ObjectInfo& info : run_infos) {
    const auto arrival = named_after(info.key, kRecordSuffix);
    if (!arrival) continue;
    const auto load = loaded.find(*arrival);
    // A new generation's record is younger than the load of the one before, so that only few
    // records need to be read.
    if (!again && load != loaded.end() && info.modified < load->second) continue;
    LAKEGATE_TRY(const Blob blob, store.get(info.key));
    LAKEGATE_TRY(RunRecord run, run_from_json(blob.bytes, info.key));
    if (!again && load != loaded.end()) {
      const ObjectKey key = layout::load_key(table, *arrival);
      LAKEGATE_TRY(const Blob load_blob, store.get(key));
      LAKEGATE_TRY(const LoadRecord record, load_from_json(load_blob.bytes, key));
      if (record.generation >= run.generation) continue;
    }
    due.runs.push_back(std::move(run));
  }
  std::ranges::sort(due.runs, by_arrival);
  return due;
}

// Whether this generation of the arrival, or a later one, was loaded.
Result<bool> has_load_record(const ObjectStore& store, const TableName& table,
                             const RunRecord& run) {
  const ObjectKey key = layout::load_key(table, run.arrival.id);
  const auto blob = store.get(key);
  if (!blob && blob.error().kind == ErrorKind::kNotFound) return false;
  if (!blob) return tl::unexpected(blob.error());
  LAKEGATE_TRY(const LoadRecord record, load_from_json(blob->bytes, key));
  return record.generation >= run.generation;
}

Result<void> check_served(const DatasetConfig& dataset) {
  if (!dataset.serve)
    return invalid_input(fmt::format(
        "the dataset {} is served from no table; add `serve: {{table: NAME, key: [COLUMN]}}` to it "
        "in lake.yaml",
        dataset.name.str()));
  if (dataset.mode == Mode::kSnapshot && dataset.serve->write == "insert")
    return invalid_input(fmt::format(
        "the dataset {} cannot have `mode: snapshot` and `write: insert`: a snapshot changes rows "
        "that exist",
        dataset.name.str()));
  return {};
}

}  // namespace

ObjectKey load_rejects_key(const TableName& table, const ArrivalId& arrival) {
  return beside_record(table, arrival, kRejectsSuffix);
}

Result<TableDefinition> table_definition(const ObjectStore& store, const DatasetConfig& dataset) {
  LAKEGATE_CHECK(check_served(dataset));
  TableDefinition definition{.name = dataset.serve->table,
                             .key = dataset.serve->key,
                             .ttl = dataset.serve->ttl,
                             .max_write_units = dataset.serve->max_write_units,
                             .replaces = replaces_of(dataset)};
  const ObjectKey key = layout::schema_key(dataset.name);
  const auto blob = store.get(key);
  if (blob) {
    LAKEGATE_TRY(const auto remembered, remembered_schema_from_json(blob->bytes, key.str()));
    definition.schema = remembered.current().schema;
  } else if (blob.error().kind != ErrorKind::kNotFound) {
    return tl::unexpected(blob.error());
  } else if (dataset.schema) {
    definition.schema = *dataset.schema;
    for (Field& field : dataset.capture_fields())
      if (definition.schema.find(field.name) == nullptr)
        definition.schema.fields.push_back(std::move(field));
  } else {
    return invalid_input(fmt::format(
        "the dataset {0} has no schema yet; `lakegate run {0}` first, or declare one in "
        "lake.yaml",
        dataset.name.str()));
  }
  std::vector<Field>& fields = definition.schema.fields;
  for (const PartitionLevel& level : dataset.partition_by)
    if (level.from == PartitionLevel::From::kCapture && !definition.schema.find(level.name))
      fields.push_back({.name = level.name, .type = {LogicalType::Kind::kText}});
  if (dataset.lineage) fields.insert(fields.end(), kLineageFields.begin(), kLineageFields.end());
  // A key that has had no value yet: text, until a value types it. Its rows are rejects so far.
  for (Field& field : fields)
    if (field.type.is(LogicalType::Kind::kUnknown) &&
        std::ranges::find(definition.key, field.name) != definition.key.end())
      field.type.kind = LogicalType::Kind::kText;
  std::erase_if(fields,
                [](const Field& field) { return field.type.is(LogicalType::Kind::kUnknown); });
  return definition;
}

Result<LoadSummary> load_dataset(ObjectStore& store, TableServer& tables,
                                 const DatasetConfig& dataset, const LoadOptions& options) {
  LAKEGATE_CHECK(check_served(dataset));
  LAKEGATE_TRY(const auto lease, store.lease("tables " + tables.describe()));
  LAKEGATE_TRY(Due due, find_due(store, dataset, options.again));
  LoadSummary summary;
  if (due.runs.empty() && due.reoffer.empty() && !options.open_always) return summary;
  // After the runs were listed: the schema has the columns of all of them.
  LAKEGATE_TRY(DatasetLoader loader, DatasetLoader::open(store, tables, dataset));
  for (const RunRecord& run : due.runs) {
    auto record = loader.load(run);
    if (!record) {
      if (!concerns_one_arrival(record.error())) return tl::unexpected(record.error());
      summary.failures.push_back({.arrival = run.arrival, .error = record.error()});
      continue;
    }
    if (record->rows_removed > 0) due.reoffer.insert(record->arrival);
    if (options.on_loaded) options.on_loaded(*record);
    summary.loads.push_back(std::move(*record));
  }
  if (!due.reoffer.empty()) {
    LAKEGATE_TRY(auto reoffered, loader.reoffer(due.reoffer));
    summary.offered_again = reoffered.arrivals;
    std::ranges::move(reoffered.failures, std::back_inserter(summary.failures));
  }
  return summary;
}

Result<std::size_t> count_not_loaded(const ObjectStore& store, const DatasetConfig& dataset) {
  LAKEGATE_CHECK(check_served(dataset));
  LAKEGATE_TRY(const Due due, find_due(store, dataset, false));
  return due.runs.size();
}

Result<LoadRecord> load_arrival(ObjectStore& store, TableServer& tables,
                                const DatasetConfig& dataset, const RunRecord& run) {
  LAKEGATE_CHECK(check_served(dataset));
  LAKEGATE_TRY(const auto lease, store.lease("tables " + tables.describe()));
  LAKEGATE_TRY(DatasetLoader loader, DatasetLoader::open(store, tables, dataset));
  LAKEGATE_TRY(LoadRecord record, loader.load(run));
  if (record.rows_removed > 0) {
    LAKEGATE_TRY(const auto reoffered, loader.reoffer({record.arrival}));
    if (!reoffered.failures.empty()) return tl::unexpected(reoffered.failures.front().error);
  }
  return record;
}

Result<std::optional<LoadRecord>> load_if_due(ObjectStore& store, TableServer& tables,
                                              const DatasetConfig& dataset, const RunRecord& run) {
  LAKEGATE_CHECK(check_served(dataset));
  LAKEGATE_TRY(const auto lease, store.lease("tables " + tables.describe()));
  const TableName& table = dataset.serve->table;
  const ArrivalId& arrival = run.arrival.id;
  LAKEGATE_TRY(const bool is_loaded, has_load_record(store, table, run));
  // Only these take rows out, so that only they can have left a note.
  const bool may_remove = dataset.mode == Mode::kSnapshot || run.generation > 1;
  bool must_reoffer = false;
  if (may_remove) {
    const auto note = store.head(beside_record(table, arrival, kReofferSuffix));
    if (!note && note.error().kind != ErrorKind::kNotFound) return tl::unexpected(note.error());
    must_reoffer = note.has_value();
  }
  if (is_loaded && !must_reoffer) return std::nullopt;
  LAKEGATE_TRY(DatasetLoader loader, DatasetLoader::open(store, tables, dataset));
  std::optional<LoadRecord> record;
  if (!is_loaded) {
    LAKEGATE_TRY(record, loader.load(run));
    must_reoffer = must_reoffer || record->rows_removed > 0;
  }
  if (must_reoffer) {
    LAKEGATE_TRY(const auto reoffered, loader.reoffer({arrival}));
    if (!reoffered.failures.empty()) return tl::unexpected(reoffered.failures.front().error);
  }
  return record;
}

Result<FileLoaded> load_file(TableServer& tables, const FileLoad& load) {
  LAKEGATE_TRY(const ParquetContents contents, parquet_contents(load.parquet));
  TableDefinition definition{.name = load.table, .key = load.key};
  for (const auto& column : contents.schema->fields()) {
    LAKEGATE_TRY(Field field, from_arrow(*column));
    definition.schema.fields.push_back(std::move(field));
  }
  LAKEGATE_TRY(const auto table, tables.open(definition));
  const DatasetName none;
  const ObjectKey key(load.name);
  LAKEGATE_TRY(
      const auto writing,
      table->begin({.arrival = {.key = key,
                                .size = load.size,
                                .arrived_at = load.modified,
                                .id = make_arrival_id(none, key, "", load.size, load.modified)},
                    .write = load.write}));
  LAKEGATE_CHECK(
      read_curated(load.parquet, definition.schema.fields, {},
                   [&](const arrow::RecordBatch& batch) { return writing->write(batch); }));
  FileLoaded loaded;
  LAKEGATE_TRY(loaded.counts, writing->commit());
  loaded.rejects = writing->rejects();
  return loaded;
}

}  // namespace lakegate
