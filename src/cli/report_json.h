// What commands print under --format json: one document, stable names (docs/commands.md).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "cli/output.h"
#include "convert/lake_run.h"
#include "extract/fetch.h"
#include "lake/error.h"
#include "lake/records.h"
#include "schema/schema.h"

namespace lakegate::cli {

using Json = nlohmann::ordered_json;

Json json_of(const Error& error);
Json json_of(
    const std::vector<Landed::Unreadable>& unreadable);  // as errors, each with its dataset
Json json_of(const Schema& schema);
Json json_of(const Counts& counts);
Json json_of(const Arrival& arrival);  // dataset, key, arrival_id, arrived_at, size
Json json_of(const RunRecord& record);
Json json_of(const FailureRecord& record);
Json json_of(const LoadRecord& record);
Json json_of(const FailedSet& failed);  // n, parameters, status, attempts, reason
Json json_of(const FetchOutcome& outcome);

void print_json(Output& out, const Json& document);  // on several lines; bad UTF-8 is replaced

// `error` with the file that it is about, if it does not say one itself.
Error with_file(Error error, const std::string& file);

// The same for the file that a command reads, where the error is about its content: what the
// system says names its file itself, and it may be another.
Error of_input(Error error, const std::string& file);

}  // namespace lakegate::cli
