// The function: an event in, an answer out. The same on Lambda and on a laptop (`lakegate invoke`).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lambda/deadline.h"
#include "lambda/lake_tasks.h"
#include "lambda/secrets.h"

namespace lakegate {

struct Invocation {
  std::string request_id;
  std::string trace_id;                                 // of AWS X-Ray; may be empty
  std::optional<Deadline::Clock::time_point> deadline;  // nothing: as long as it takes
};

struct HandlerOptions {
  std::string function;  // its name, for the log
  Margins margins;
  Secrets secrets;                            // hidden in whatever leaves the handler
  std::function<void(std::string_view)> log;  // takes whole lines; may be empty
};

// One invocation at a time. Kept between invocations: connections, not configuration.
class Handler {
 public:
  // The store of `tools` is wrapped: its reading and writing stop before the deadline.
  Handler(std::unique_ptr<ObjectStore> store, LakeTools tools, HandlerOptions options);
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;

  // The answer as JSON. To a queue's event: {"batchItemFailures": […]}, the messages that are to be
  // delivered again: one of their records failed, or was not begun, or was not understood. To any
  // other: {"tasks": […]}; there, an Error where one of them failed. An Error to a queue's event
  // fails all its messages: the configuration cannot be read.
  Result<std::string> handle(std::string_view event, const Invocation& invocation);

 private:
  LakeTasks::Reports run(const Message& message, LakeTasks& tasks);
  void log(const TaskReport& report, const Invocation& invocation);

  std::shared_ptr<Deadline> deadline_;
  LakeTools tools_;
  HandlerOptions options_;
  LakeTasks::TableServers tables_;
  bool is_cold_ = true;
};

}  // namespace lakegate
