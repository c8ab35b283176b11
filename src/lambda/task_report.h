// What became of one task, for the log, for metrics and for the answer. docs/lambda.md lists the
// outcomes and the fields; alarms are made of them, so a change here is a change of format.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lake/error.h"
#include "lake/records.h"

namespace lakegate {

struct TaskReport {
  enum class Outcome {
    kCommitted,      // an arrival's run record was put
    kAlreadyDone,    // it was there
    kFailed,         // bad input: a failure record says why; nothing was published
    kFailedBefore,   // likewise, in an earlier delivery: nothing was done again
    kReplayed,       // an arrival was run again
    kLoaded,         // an arrival's rows are in the table
    kAlreadyLoaded,  // they were
    kFetched,        // a fetch is finished
    kContinued,      // a fetch is not finished, and was handed on to a further invocation
    kIgnored,        // nothing is to be done: why
    kRefused,        // not for this lake, or nothing that lakegate knows: error
    kError,          // it could not be done this time: error
    kNotBegun,       // too little time was left: error
  };
  Outcome outcome = Outcome::kIgnored;
  std::string message;  // of the queue
  std::string key;      // of the object that the event is about, below the lake's root
  std::string dataset, arrival, table;
  std::string plan;  // of a fetch
  std::string why;
  std::vector<std::string> remarks;  // what somebody should know of work that was done
  std::optional<Error> error;
  Counts counts;                  // of a conversion
  std::uint64_t rows_loaded = 0;  // of a load: in the table now
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t sets = 0, sets_failed = 0, requests = 0;  // of a fetch, as far as it has come
  std::chrono::milliseconds duration{0};

  // A slice of a fetch that was handed on: whoever finishes the fetch answers for it.
  bool is_answered_later = false;

  bool failed() const;
  // To be delivered again, until it is given up.
  bool fails_the_event() const { return failed() && !is_answered_later; }
  // Whether something was done for a dataset that metrics are to tell of.
  bool did_work() const;
};

std::string_view to_string(TaskReport::Outcome outcome);

// Fields of the report; what is empty or zero by its nature is left out.
nlohmann::ordered_json to_json(const TaskReport& report);

struct LogContext {
  std::string request_id, function, trace_id;
  bool cold_start = false;
  std::chrono::system_clock::time_point now;
};

// One line of JSON for the log, line feed included. Of a task that did work it is also CloudWatch's
// Embedded Metric Format: namespace lakegate, each metric once with the dimension dataset and once
// without any.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
std::string log_line(const TaskReport& report, const LogContext& context);

}  // namespace lakegate
