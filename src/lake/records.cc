#include "lake/records.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "lake/json_text.h"
#include "lake/record_reader.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;

// Of all four records; docs/records.md says what a change of it means.
constexpr int kFormat = 1;

Json json_of(const Arrival& arrival) {
  return {{"dataset", arrival.dataset.str()},
          {"key", arrival.key.str()},
          {"version", arrival.version},
          {"size", arrival.size},
          {"arrived_at", to_iso(arrival.arrived_at)},
          {"captures", Json(arrival.captures)},
          {"id", arrival.id.str()}};
}

Arrival arrival_from(RecordReader reader) {
  Arrival arrival;
  arrival.dataset = DatasetName(reader.text("dataset"));
  arrival.key = ObjectKey(reader.text("key"));
  arrival.version = reader.text("version");
  arrival.size = reader.number("size");
  arrival.arrived_at = reader.instant("arrived_at");
  arrival.captures = reader.text_map("captures");
  arrival.id = ArrivalId(reader.text("id"));
  return arrival;
}

Json json_of(const std::vector<OutputFile>& files) {
  Json list = Json::array();
  for (const auto& file : files)
    list.push_back({{"key", file.key.str()},
                    {"partition", file.partition},
                    {"rows", file.rows},
                    {"size", file.size},
                    {"sha256", file.sha256}});
  return list;
}

std::vector<OutputFile> files_from(RecordReader& reader, std::string_view name) {
  std::vector<OutputFile> files;
  for (RecordReader& file : reader.objects(name)) {
    files.push_back({.key = ObjectKey(file.text("key")),
                     .partition = file.text("partition"),
                     .rows = file.number("rows"),
                     .size = file.number("size"),
                     .sha256 = file.text("sha256")});
  }
  return files;
}

void add_counts(Json& json, const Counts& counts) {
  json["rows_in"] = counts.rows_in;
  json["rows_written"] = counts.rows_written;
  json["rows_rejected"] = counts.rows_rejected;
}

Counts counts_from(RecordReader& reader) {
  Counts counts;
  counts.rows_in = reader.number("rows_in");
  counts.rows_written = reader.number("rows_written");
  counts.rows_rejected = reader.number("rows_rejected");
  return counts;
}

Json json_of(const Error& error) {
  return {{"kind", to_string(error.kind)},
          {"message", error.message},
          {"file", error.where.file},
          {"line", error.where.line},
          {"column", error.where.column}};
}

Error error_from(RecordReader reader) {
  Error error;
  const std::string kind = reader.text("kind");
  bool known = false;
  for (ErrorKind k : {ErrorKind::kRetryable, ErrorKind::kPermanent, ErrorKind::kNotFound,
                      ErrorKind::kConflict, ErrorKind::kInvalidInput}) {
    if (kind != to_string(k)) continue;
    error.kind = k;
    known = true;
  }
  if (!known) reader.refuse(fmt::format("\"error.kind\" is \"{}\", which is no kind", kind));
  error.message = reader.text("message");
  error.where.file = reader.text("file");
  error.where.line = reader.number("line");
  error.where.column = reader.number("column");
  return error;
}

std::string print(const Json& json) {
  // Keys of local files may be no UTF-8. The record's own key, made of the arrival's id, is exact.
  return json_pages(json) + "\n";
}

// Query engines read run records line by line.
std::string print_line(const Json& json) {
  return json_line(json) + "\n";
}

template <class Record>
Result<Record> finish(Record record, const RecordReader& reader) {
  if (reader.error()) return Failure(*reader.error());
  return record;
}

}  // namespace

std::string to_json(const Claim& claim) {
  return print({{"format", kFormat},
                {"arrival", json_of(claim.arrival)},
                {"schema_version", claim.schema_version},
                {"config_hash", claim.config_hash},
                {"generation", claim.generation},
                {"lakegate_version", claim.lakegate_version}});
}

Result<Claim> claim_from_json(std::string_view json, const ObjectKey& key) {
  RecordReader reader(json, key.str(), kFormat);
  Claim claim;
  claim.arrival = arrival_from(reader.object("arrival"));
  claim.schema_version = reader.small_number("schema_version");
  claim.config_hash = reader.text("config_hash");
  claim.generation = reader.small_number("generation");
  if (reader.has("lakegate_version")) claim.lakegate_version = reader.text("lakegate_version");
  return finish(std::move(claim), reader);
}

std::string to_json(const RunRecord& run) {
  Json json = {{"format", kFormat},
               {"arrival", json_of(run.arrival)},
               {"generation", run.generation},
               {"schema_version", run.schema_version},
               {"config_hash", run.config_hash},
               {"input_sha256", run.input_sha256}};
  add_counts(json, run.counts);
  json["outputs"] = json_of(run.outputs);
  json["rejects"] = json_of(run.rejects);
  json["started_at"] = run.started_at;
  json["duration_ms"] = run.duration_ms;
  json["lakegate_version"] = run.lakegate_version;
  return print_line(json);
}

Result<RunRecord> run_from_json(std::string_view json, const ObjectKey& key) {
  RecordReader reader(json, key.str(), kFormat);
  RunRecord run;
  run.arrival = arrival_from(reader.object("arrival"));
  run.generation = reader.small_number("generation");
  run.schema_version = reader.small_number("schema_version");
  run.config_hash = reader.text("config_hash");
  run.input_sha256 = reader.text("input_sha256");
  run.counts = counts_from(reader);
  run.outputs = files_from(reader, "outputs");
  run.rejects = files_from(reader, "rejects");
  run.started_at = reader.text("started_at");
  run.duration_ms = reader.number("duration_ms");
  run.lakegate_version = reader.text("lakegate_version");
  if (!run.counts.add_up())
    reader.refuse(
        fmt::format("its rows do not add up: {} in, but {} written and {} rejected; replay the "
                    "arrival",
                    run.counts.rows_in, run.counts.rows_written, run.counts.rows_rejected));
  return finish(std::move(run), reader);
}

std::string to_json(const FailureRecord& failure) {
  Json json = {{"format", kFormat},
               {"arrival", json_of(failure.arrival)},
               {"schema_version", failure.schema_version},
               {"config_hash", failure.config_hash},
               {"error", json_of(failure.error)}};
  add_counts(json, failure.counts);
  json["rejects_kept"] = failure.rejects_kept;
  json["started_at"] = failure.started_at;
  json["duration_ms"] = failure.duration_ms;
  json["lakegate_version"] = failure.lakegate_version;
  return print(json);
}

Result<FailureRecord> failure_from_json(std::string_view json, const ObjectKey& key) {
  RecordReader reader(json, key.str(), kFormat);
  FailureRecord failure;
  failure.arrival = arrival_from(reader.object("arrival"));
  failure.schema_version = reader.small_number("schema_version");
  failure.config_hash = reader.text("config_hash");
  failure.error = error_from(reader.object("error"));
  failure.counts = counts_from(reader);
  failure.rejects_kept = reader.number("rejects_kept");
  failure.started_at = reader.text("started_at");
  failure.duration_ms = reader.number("duration_ms");
  failure.lakegate_version = reader.text("lakegate_version");
  return finish(std::move(failure), reader);
}

std::string to_json(const LoadRecord& load) {
  return print({{"format", kFormat},
                {"table", load.table.str()},
                {"dataset", load.dataset.str()},
                {"arrival", load.arrival.str()},
                {"generation", load.generation},
                {"rows_read", load.rows_read},
                {"rows_written", load.rows_written},
                {"rows_superseded", load.rows_superseded},
                {"rows_rejected", load.rows_rejected},
                {"rows_removed", load.rows_removed},
                {"finished_at", load.finished_at},
                {"lakegate_version", load.lakegate_version}});
}

Result<LoadRecord> load_from_json(std::string_view json, const ObjectKey& key) {
  RecordReader reader(json, key.str(), kFormat);
  LoadRecord load;
  load.table = TableName(reader.text("table"));
  load.dataset = DatasetName(reader.text("dataset"));
  load.arrival = ArrivalId(reader.text("arrival"));
  load.generation = reader.small_number("generation");
  load.rows_read = reader.number("rows_read");
  load.rows_written = reader.number("rows_written");
  load.rows_superseded = reader.number("rows_superseded");
  load.rows_rejected = reader.number("rows_rejected");
  load.rows_removed = reader.number("rows_removed");
  load.finished_at = reader.text("finished_at");
  load.lakegate_version = reader.text("lakegate_version");
  return finish(std::move(load), reader);
}

}  // namespace lakegate
