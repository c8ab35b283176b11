#include "cli/report_json.h"

#include "lake/json_text.h"

namespace lakegate::cli {

Json json_of(const std::vector<Landed::Unreadable>& unreadable) {
  Json errors = Json::array();
  for (const auto& [dataset, error] : unreadable) {
    errors.push_back({{"dataset", dataset.str()}});
    errors.back().update(json_of(error));
  }
  return errors;
}

Json json_of(const Error& error) {
  Json json = {{"kind", to_string(error.kind)}, {"message", error.message}};
  if (!error.where.file.empty()) json["file"] = error.where.file;
  if (error.where.line > 0) json["line"] = error.where.line;
  if (error.where.column > 0) json["column"] = error.where.column;
  return json;
}

Json json_of(const Schema& schema) {
  Json fields = Json::array();
  for (const Field& field : schema.fields) {
    Json json = {{"name", field.name}, {"type", to_string(field.type)}};
    if (field.required) json["required"] = true;
    if (!field.original.empty()) json["original"] = field.original;
    if (!field.format.empty()) json["format"] = field.format;
    fields.push_back(std::move(json));
  }
  return fields;
}

Json json_of(const Counts& counts) {
  return {{"rows_in", counts.rows_in},
          {"rows_written", counts.rows_written},
          {"rows_rejected", counts.rows_rejected}};
}

Json json_of(const Arrival& arrival) {
  return {{"dataset", arrival.dataset.str()},
          {"key", arrival.key.str()},
          {"arrival_id", arrival.id.str()},
          {"arrived_at", to_iso(arrival.arrived_at)},
          {"size", arrival.size}};
}

Json json_of(const RunRecord& record) {
  Json json = json_of(record.arrival);
  json.update(json_of(record.counts));
  json["schema_version"] = record.schema_version;
  json["generation"] = record.generation;
  json["duration_ms"] = record.duration_ms;
  json["outputs"] = Json::array();
  for (const OutputFile& file : record.outputs)
    json["outputs"].push_back({{"key", file.key.str()}, {"rows", file.rows}, {"size", file.size}});
  return json;
}

Json json_of(const FailureRecord& record) {
  Json json = json_of(record.arrival);
  json.update(json_of(record.counts));
  json["rejects_kept"] = record.rejects_kept;
  json["error"] = json_of(record.error);
  return json;
}

Json json_of(const LoadRecord& record) {
  return {{"table", record.table.str()},           {"dataset", record.dataset.str()},
          {"arrival_id", record.arrival.str()},    {"rows_read", record.rows_read},
          {"rows_written", record.rows_written},   {"rows_superseded", record.rows_superseded},
          {"rows_rejected", record.rows_rejected}, {"rows_removed", record.rows_removed}};
}

Json json_of(const FailedSet& failed) {
  return {{"n", failed.n},
          {"parameters", Json::parse(failed.parameters, nullptr, false)},
          {"status", failed.status},
          {"attempts", failed.attempts},
          {"reason", failed.reason}};
}

Json json_of(const FetchOutcome& outcome) {
  Json failures = Json::array();
  for (const FailedSet& failed : outcome.failures) failures.push_back(json_of(failed));
  const FetchCounts& counts = outcome.counts;
  return {{"plan", outcome.plan},
          {"scheduled_at", to_iso(outcome.scheduled_at)},
          {"finished", outcome.finished()},
          {"was_finished", outcome.was_finished},
          {"sets", outcome.sets},
          {"asked", counts.sets},
          {"failed", counts.failed},
          {"unanswered", outcome.unanswered},
          {"attempts", counts.attempts},
          {"replies", counts.replies},
          {"reply_bytes", counts.bytes},
          {"reply_rows", counts.rows},
          {"slices", outcome.slices},
          {"slices_asked", outcome.slices_asked},
          {"slices_left", outcome.slices_left},
          {"slices_unpublished", outcome.unpublished},
          {"failures", std::move(failures)}};
}

void print_json(Output& out, const Json& document) {
  out.write(json_pages(document) + "\n");
}

Error of_input(Error error, const std::string& file) {
  const bool is_about_content = error.kind == ErrorKind::kInvalidInput;
  return is_about_content ? with_file(std::move(error), file) : error;
}

Error with_file(Error error, const std::string& file) {
  if (error.where.file.empty()) error.where.file = file;
  return error;
}

}  // namespace lakegate::cli
