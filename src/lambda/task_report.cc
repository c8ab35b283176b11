#include "lambda/task_report.h"

#include <array>
#include <utility>

#include "lake/json_text.h"
#include "lake/time.h"

namespace lakegate {
namespace {

using Json = nlohmann::ordered_json;
using Outcome = TaskReport::Outcome;

struct OutcomeInfo {
  std::string_view name;
  bool failed, did_work;
};

OutcomeInfo info_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kCommitted:
      return {"committed", false, true};
    case Outcome::kAlreadyDone:
      return {"already_done", false, false};
    case Outcome::kFailed:
      return {"failed", true, true};
    case Outcome::kFailedBefore:
      return {"failed_before", true, false};
    case Outcome::kReplayed:
      return {"replayed", false, true};
    case Outcome::kLoaded:
      return {"loaded", false, true};
    case Outcome::kAlreadyLoaded:
      return {"already_loaded", false, false};
    case Outcome::kFetched:
      return {"fetched", false, true};
    case Outcome::kContinued:
      return {"continued", false, true};
    case Outcome::kIgnored:
      return {"ignored", false, false};
    case Outcome::kRefused:
      return {"refused", true, false};
    case Outcome::kError:
      return {"error", true, false};
    case Outcome::kNotBegun:
      return {"not_begun", true, false};
  }
  return {"", true, false};
}

struct Metric {
  std::string_view name, unit;
  std::uint64_t value;
};

std::vector<Metric> metrics_of(const TaskReport& report, bool cold_start) {
  const std::uint64_t milliseconds = static_cast<std::uint64_t>(report.duration.count());
  const std::uint64_t failed = report.failed() ? 1 : 0, cold = cold_start ? 1 : 0;
  if (report.outcome == Outcome::kLoaded)
    return {{"rows_loaded", "Count", report.rows_loaded},
            {"rows_rejected", "Count", report.counts.rows_rejected},
            {"duration_ms", "Milliseconds", milliseconds},
            {"cold_start", "Count", cold}};
  if (report.outcome == Outcome::kFetched || report.outcome == Outcome::kContinued)
    return {{"sets", "Count", report.sets},
            {"sets_failed", "Count", report.sets_failed},
            {"requests", "Count", report.requests},
            {"bytes_fetched", "Bytes", report.bytes_in},
            {"duration_ms", "Milliseconds", milliseconds},
            {"cold_start", "Count", cold}};
  return {{"rows_in", "Count", report.counts.rows_in},
          {"rows_written", "Count", report.counts.rows_written},
          {"rows_rejected", "Count", report.counts.rows_rejected},
          {"bytes_in", "Bytes", report.bytes_in},
          {"bytes_out", "Bytes", report.bytes_out},
          {"duration_ms", "Milliseconds", milliseconds},
          {"failed", "Count", failed},
          {"cold_start", "Count", cold}};
}

Json error_json(const Error& error) {
  Json json = {{"kind", to_string(error.kind)}, {"message", error.message}};
  if (!error.where.file.empty()) json["file"] = error.where.file;
  if (error.where.line > 0) json["line"] = error.where.line;
  if (error.where.column > 0) json["column"] = error.where.column;
  return json;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  return info_of(outcome).name;
}

bool TaskReport::failed() const {
  return info_of(outcome).failed;
}

bool TaskReport::did_work() const {
  return info_of(outcome).did_work;
}

Json to_json(const TaskReport& report) {
  Json json = {{"outcome", to_string(report.outcome)}};
  for (const auto& [name, value] :
       {std::pair<const char*, const std::string&>("message", report.message),
        {"dataset", report.dataset},
        {"arrival", report.arrival},
        {"key", report.key},
        {"table", report.table},
        {"plan", report.plan},
        {"why", report.why}})
    if (!value.empty()) json[name] = value;
  if (report.did_work())
    for (const Metric& metric : metrics_of(report, false))
      if (metric.name != "cold_start" && metric.name != "failed")
        json[std::string(metric.name)] = metric.value;
  if (!report.remarks.empty()) json["remarks"] = report.remarks;
  if (report.error) json["error"] = error_json(*report.error);
  return json;
}

std::string log_line(const TaskReport& report, const LogContext& context) {
  const auto since_epoch = context.now.time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch);
  Json line = {
      {"time", to_iso(Instant(std::chrono::duration_cast<std::chrono::nanoseconds>(milliseconds)))},
      {"level", report.failed()          ? "ERROR"
                : report.remarks.empty() ? "INFO"
                                         : "WARN"}};
  if (!context.request_id.empty()) line["request_id"] = context.request_id;
  if (!context.function.empty()) line["function"] = context.function;
  if (!context.trace_id.empty()) line["trace_id"] = context.trace_id;
  line.update(to_json(report));
  line["duration_ms"] = report.duration.count();
  line["cold_start"] = context.cold_start ? 1 : 0;
  if (report.did_work()) {
    Json metrics = Json::array();
    for (const Metric& metric : metrics_of(report, context.cold_start)) {
      metrics.push_back({{"Name", metric.name}, {"Unit", metric.unit}});
      line[std::string(metric.name)] = metric.value;
    }
    const Json dimensions = {Json::array({"dataset"}), Json::array()};
    line["_aws"] = {{"Timestamp", milliseconds.count()},
                    {"CloudWatchMetrics", Json::array({{{"Namespace", "lakegate"},
                                                        {"Dimensions", dimensions},
                                                        {"Metrics", std::move(metrics)}}})}};
  }
  return json_line(line) + "\n";
}

}  // namespace lakegate
