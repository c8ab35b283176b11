#include "lambda/event_bus.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "lake/json_text.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;

Json detail_of(const std::string& lake, const RunRecord& run) {
  std::set<std::string> partitions;
  for (const OutputFile& file : run.outputs) partitions.insert(file.partition);
  const std::size_t left_out =
      partitions.size() > kMostPartitions ? partitions.size() - kMostPartitions : 0;
  while (partitions.size() > kMostPartitions) partitions.erase(std::prev(partitions.end()));
  Json detail = {{"lake", lake},
                 {"dataset", run.arrival.dataset.str()},
                 {"arrival_id", run.arrival.id.str()},
                 {"generation", run.generation},
                 {"key", run.arrival.key.str()},
                 {"partitions", partitions},
                 {"rows_written", run.counts.rows_written},
                 {"rows_rejected", run.counts.rows_rejected}};
  if (left_out > 0) detail["partitions_left_out"] = left_out;
  return detail;
}

}  // namespace

AwsRequest put_events_request(const std::string& bus, const std::string& lake,
                              const RunRecord& run) {
  const Json entry = {{"Source", "lakegate"},
                      {"DetailType", "run.committed"},
                      {"Detail", json_line(detail_of(lake, run))},
                      {"EventBusName", bus}};
  Json body = Json::object();
  body["Entries"] = Json::array({entry});
  return {.method = "POST",
          .path = "/",
          .query = {},
          .headers = {{"Content-Type", "application/x-amz-json-1.1"},
                      {"X-Amz-Target", "AWSEvents.PutEvents"}},
          .body = std::make_shared<const std::string>(json_line(body))};
}

Result<void> check_put_events(const AwsReply& reply) {
  if (reply.fault)
    return tl::unexpected<Error>(to_error(*reply.fault, "put the event run.committed"));
  const Json json = Json::parse(reply.http.body, nullptr, false);
  if (json.is_object() && json.value("FailedEntryCount", Json()).is_number() &&
      json["FailedEntryCount"] == 0)
    return {};
  return fail(ErrorKind::kRetryable,
              fmt::format("EventBridge did not take the event run.committed: {}",
                          reply.http.body.substr(0, 300)));
}

Result<void> announce(ServiceClient& events, const std::string& bus, const std::string& lake,
                      const RunRecord& run) {
  LAKEGATE_TRY(const AwsReply reply, events.call(put_events_request(bus, lake, run)));
  return check_put_events(reply);
}

}  // namespace lakegate
